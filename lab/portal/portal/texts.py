# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fixed texts of the pages, in French and English."""

from __future__ import annotations

TEXTS: dict[str, dict[str, str]] = {
    "fr": {
        "skip": "Aller au contenu",
        "languages": "Langues",
        "welcome": "Espace numérique de travail",
        "schools": "établissements reliés",
        "home": "Mon espace",
        "hello": "Bonjour",
        "pupil": "élève",
        "parent": "parent",
        "teacher": "enseignant",
        "staff": "personnel",
        "back": "Page d'accueil",
        "sign_in": "Connexion nécessaire",
        "sign_in_text": "Cette page est réservée aux personnes connectées.",
        "not_found": "Page introuvable",
        "not_found_text": "L'adresse demandée n'existe pas sur ce portail.",
    },
    "en": {
        "skip": "Skip to content",
        "languages": "Languages",
        "welcome": "Digital workspace",
        "schools": "schools connected",
        "home": "My space",
        "hello": "Hello",
        "pupil": "pupil",
        "parent": "parent",
        "teacher": "teacher",
        "staff": "staff",
        "back": "Front page",
        "sign_in": "Please sign in",
        "sign_in_text": "This page is for people who are signed in.",
        "not_found": "Page not found",
        "not_found_text": "There is no such address on this portal.",
    },
}
"""Language to name to text; both languages have the same names."""
