# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in and out through CAS."""

from __future__ import annotations

import hmac
import logging
import secrets
from urllib.parse import quote, unquote, urlsplit

from .answers import Answer, redirect
from .cas import (
    CasClient,
    CasRefusedError,
    CasUnavailableError,
    Identity,
    login_address,
    logout_address,
    parse_logout,
)
from .database import DatabaseUnavailableError
from .request import Request
from .services import Services

ATTEMPT_COOKIE = "portal_login"
ATTEMPT_SECONDS = 1800
TICKET_CHARACTERS = 256

log = logging.getLogger("portal.sign_in")


def safe_next(target: str) -> str:
    """A path of this portal, else the personal page: nobody is led elsewhere by a link of ours."""
    parts = urlsplit(target) if target.isprintable() else None
    local = parts and not parts.scheme and not parts.netloc and parts.path.startswith("/")
    if not local or target.startswith("//") or "\\" in target or len(target) > 500:
        return "/home"
    return target


class SignIn:
    """The addresses /login and /logout."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def login(self, request: Request) -> Answer:
        """Send people to CAS, take what they come back with; CAS itself posts the end of their session."""
        services = self._services
        if not (services.cas and services.settings.cas and services.sessions):
            return services.pages.page("sign_in.html", request, status="403 Forbidden")
        if request.method == "POST":
            return self._logged_out(request)
        ticket = request.query.get("ticket", "")
        if ticket:
            return self._arrive(request, ticket, services.cas)
        state, target = secrets.token_urlsafe(12), safe_next(request.query.get("next", "/home"))
        attempt = services.pages.cookie(
            ATTEMPT_COOKIE, f"{state}.{quote(target, safe='')}", seconds=ATTEMPT_SECONDS
        )
        return redirect(login_address(services.settings.cas, self._service(state)), attempt)

    def logout(self, request: Request) -> Answer:
        """End the session on all web machines, then the one with CAS."""
        services = self._services
        token = request.cookies.get(services.session_cookie, "")
        gone = [services.pages.cookie(name, "", seconds=0) for name in (services.session_cookie, "profile")]
        if services.sessions and token:
            services.sessions.close(token)
        if not services.settings.cas:
            return redirect("/", *gone)
        return redirect(logout_address(services.settings.cas, f"{services.settings.url}/"), *gone)

    def _service(self, state: str) -> str:
        """Where CAS sends the browser back to: from the settings, never from what a request says.

        The state ties the ticket to the browser that asked for it: nobody can sign others in as themselves.
        """
        return f"{self._services.settings.url}/login?state={state}"

    def _arrive(self, request: Request, ticket: str, cas: CasClient) -> Answer:
        services = self._services
        state, _, target = request.cookies.get(ATTEMPT_COOKIE, "").partition(".")
        claimed = request.query.get("state", "")
        if not state or not hmac.compare_digest(state.encode(), claimed.encode()):
            return self._refused(request, "a ticket without the attempt that it belongs to")
        if len(ticket) > TICKET_CHARACTERS:
            return self._refused(request, "a ticket that is too long")
        try:
            identity = cas.validate(ticket, self._service(state))
        except CasRefusedError as error:
            return self._refused(request, str(error))
        except CasUnavailableError as error:
            log.warning("%s", error)
            services.figures.login("unavailable")
            return unavailable(services, request)
        return self._open(request, identity, ticket, safe_next(unquote(target)))

    def _open(self, request: Request, identity: Identity, ticket: str, target: str) -> Answer:
        services = self._services
        assert services.sessions  # login() has looked
        try:
            former = request.cookies.get(services.session_cookie, "")
            if former:
                services.sessions.close(former)
            token = services.sessions.open(identity, ticket)
        except DatabaseUnavailableError:
            services.figures.login("unavailable")
            raise
        services.figures.login("ok")
        cookies = (
            services.pages.cookie(services.session_cookie, token),
            services.pages.cookie(ATTEMPT_COOKIE, "", seconds=0),
        )
        return redirect(target, *cookies)

    def _refused(self, request: Request, reason: str) -> Answer:
        log.warning("sign-in refused: %s", reason)
        self._services.figures.login("refused")
        return self._services.pages.page("sign_in_failed.html", request, status="403 Forbidden")

    def _logged_out(self, request: Request) -> Answer:
        """A single logout: the ticket names the session, and only CAS and its owner know the ticket."""
        ticket = parse_logout(request.form.get("logoutRequest", ""))
        if not ticket:
            return Answer(status="400 Bad Request", kind="text/plain", body="no logout request\n")
        assert self._services.sessions  # login() has looked
        ended = self._services.sessions.close_ticket(ticket)
        return Answer(kind="text/plain", body=f"{ended}\n")


def unavailable(services: Services, request: Request) -> Answer:
    """What a person sees while something behind the portal does not answer."""
    headers = (("Retry-After", "5"),)
    return services.pages.page("unavailable.html", request, status="503 Service Unavailable", headers=headers)
