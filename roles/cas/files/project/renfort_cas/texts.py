# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixed texts of the pages, in French and English."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language

TEXTS: dict[str, dict[str, str]] = {
    "fr": {
        "login": "Connexion",
        "username": "Identifiant",
        "password": "Mot de passe",
        "log_in": "Se connecter",
        "again": "Revenir à la page de connexion",
        "logged": "Vous êtes connecté",
        "logged_text": "Fermez la session quand vous quittez un ordinateur partagé.",
        "log_out": "Se déconnecter",
        "log_out_everywhere": "Se déconnecter de tous mes appareils",
        "logged_out": "Vous êtes déconnecté",
        "logged_out_text": "Votre session est fermée. Sur un ordinateur partagé, fermez aussi le navigateur.",
        "continue": "Continuer",
        "throttled": "Trop d'essais",
        "throttled_text": "Trop de connexions ont échoué. Réessayez dans {seconds} secondes.",
        "unknown_service": "Service inconnu",
        "unknown_service_text": "Le site qui vous envoie ici ne fait pas partie de cet espace numérique.",
        "stale_form": "Page expirée",
        "stale_form_text": "La page est restée ouverte trop longtemps, ou les cookies sont refusés.",
        "not_found": "Page introuvable",
        "not_found_text": "L'adresse demandée n'existe pas.",
        "bad_request": "Demande incorrecte",
        "bad_request_text": "L'adresse demandée n'est pas correcte.",
        "away": "Connexion momentanément impossible",
        "away_text": "Réessayez dans quelques secondes.",
        "broken": "Erreur",
        "broken_text": "La demande n'a pas abouti. L'équipe technique en est informée par ses journaux.",
    },
    "en": {
        "login": "Sign in",
        "username": "User name",
        "password": "Password",
        "log_in": "Sign in",
        "again": "Back to the sign-in page",
        "logged": "You are signed in",
        "logged_text": "Sign out when you leave a computer that others use.",
        "log_out": "Sign out",
        "log_out_everywhere": "Sign out on all my devices",
        "logged_out": "You are signed out",
        "logged_out_text": "Your session is closed. On a computer that others use, close the browser too.",
        "continue": "Continue",
        "throttled": "Too many attempts",
        "throttled_text": "Too many sign-ins have failed. Try again in {seconds} seconds.",
        "unknown_service": "Unknown service",
        "unknown_service_text": "The site that sent you here is not part of this digital workspace.",
        "stale_form": "Page expired",
        "stale_form_text": "This sign-in page was open for too long, or cookies are refused.",
        "not_found": "Page not found",
        "not_found_text": "There is no such address.",
        "bad_request": "Bad request",
        "bad_request_text": "The address is not correct.",
        "away": "Signing in is not possible for a moment",
        "away_text": "Try again in a few seconds.",
        "broken": "Error",
        "broken_text": "The request did not succeed. Its reason is in the technical team's logs.",
    },
}
"""Language to name to text; both languages have the same names."""


def language() -> str:
    """The language of the request, one of those there are texts in."""
    wanted = (get_language() or settings.LANGUAGE_CODE)[:2]
    return wanted if wanted in TEXTS else settings.LANGUAGE_CODE


def of(name: str) -> str:
    """A text in the language of the request."""
    return TEXTS[language()][name]


def context(_: HttpRequest) -> dict[str, Any]:
    """What every template can use."""
    chosen = language()
    return {"language": chosen, "texts": TEXTS[chosen], "title": settings.CONFIG.title[chosen]}
