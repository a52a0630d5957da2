# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: addresses to answers."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Any
from urllib.parse import quote

from .answers import Answer, data, redirect
from .blocks import NAMES, blocks_for
from .database import DatabaseUnavailableError
from .figures import KIND
from .mailbox import Mailbox
from .request import FormTooLargeError, Request
from .services import Services, build
from .settings import Settings
from .sign_in import SignIn, unavailable

SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)
"""On every answer: the pages run no script and load nothing from elsewhere."""

POSTED = ("/login", "/messages/new")
"""Where forms, or a CAS server, may post."""

StartResponse = Callable[[str, list[tuple[str, str]]], object]

log = logging.getLogger("portal")


class Portal:
    """One tenant's portal, as a WSGI application."""

    def __init__(self, settings: Settings, services: Services | None = None) -> None:
        """Make the services that the settings describe, unless they are given."""
        self._services = services or build(settings)
        self._sign_in = SignIn(self._services)
        self._mailbox = Mailbox(self._services)
        # Address to the kind under which its requests are counted, and to what answers.
        self._routes: dict[str, tuple[str, Callable[[Request], Answer]]] = {
            "/": ("public", self._public),
            "/home": ("home", self._home),
            "/login": ("login", self._sign_in.login),
            "/logout": ("logout", self._sign_in.logout),
            "/messages": ("messages", self._messages),
            "/messages/new": ("compose", self._messages),
            "/healthz": ("health", self._health),
            "/version": ("version", self._version),
            "/metrics": ("metrics", self._metrics),
            "/status.json": ("status", self._status),
            "/style.css": ("style", self._style),
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        started = time.perf_counter()
        kind, answer = self._answered(environ)
        body = answer.body.encode()
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(body))), *SECURITY_HEADERS]
        start_response(answer.status, headers + list(answer.headers))
        self._services.figures.request(kind, answer.status, time.perf_counter() - started)
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [body]

    def _answered(self, environ: dict[str, Any]) -> tuple[str, Answer]:
        try:
            request = Request.from_wsgi(environ)
        except FormTooLargeError:
            return "refused", Answer(status="413 Content Too Large", kind="text/plain", body="too large\n")
        return self._answer(request)

    def _answer(self, request: Request) -> tuple[str, Answer]:
        kind, handler = self._routes.get(request.path, ("other", self._other))
        allowed = ("GET", "HEAD", "POST") if request.path in POSTED else ("GET", "HEAD")
        if request.method not in allowed:
            allow = (("Allow", ", ".join(allowed)),)
            return kind, Answer(status="405 Method Not Allowed", kind="text/plain", headers=allow)
        try:
            return kind, handler(request)
        except DatabaseUnavailableError as error:
            log.warning("%s: %s", request.path, error)
            return kind, unavailable(self._services, request)
        except Exception:
            # The last resort of a request: the process goes on, the log says what is to be mended.
            log.exception("%s failed", request.path)
            page = self._services.pages.page("failed.html", request, status="500 Internal Server Error")
            return kind, page

    def _public(self, request: Request) -> Answer:
        return self._services.pages.page("public.html", request, cache="public, max-age=30")

    def _home(self, request: Request) -> Answer:
        services = self._services
        session = services.session(request)
        if session is None:
            return self._sign_in_first(request)
        hidden = services.switches.state().hidden_blocks
        blocks = blocks_for(session.person, services.settings, hidden=hidden, read=services.read)
        cookies = {}
        if not session.person.username and "profile" in request.query:
            cookies["profile"] = session.person.profile.value
        return services.pages.page(
            "home.html",
            request,
            cookies=cookies,
            person=session.person,
            blocks=blocks,
            mailbox=bool(services.messaging and session.person.username),
        )

    def _messages(self, request: Request) -> Answer:
        if not self._services.messaging:
            return self._not_found(request)
        session = self._services.session(request)
        if session is None:
            return self._sign_in_first(request)
        return self._mailbox.answer(request, session) or self._not_found(request)

    def _sign_in_first(self, request: Request) -> Answer:
        """The way to the sign-in and back; where there is none, a page that says so."""
        if not self._services.cas:
            return self._services.pages.page("sign_in.html", request, status="403 Forbidden")
        target = request.path if request.method != "POST" else "/home"
        return redirect(f"/login?next={quote(target)}")

    def _health(self, _request: Request) -> Answer:
        """Whether this machine shows public pages: a database that is down must not take them down too."""
        return Answer(kind="text/plain", body="ok\n", headers=(("Cache-Control", "no-store"),))

    def _version(self, _request: Request) -> Answer:
        settings = self._services.settings
        return data({"tenant": settings.tenant, "version": settings.version})

    def _metrics(self, _request: Request) -> Answer:
        return Answer(kind=KIND, body=self._services.figures.page(), headers=(("Cache-Control", "no-store"),))

    def _status(self, _request: Request) -> Answer:
        """Which measures are in force here, and what they hold back."""
        services = self._services
        state, known = services.switches.state(), services.figures.known()
        outbox = known.get("outbox")
        return data(
            {
                "tenant": services.settings.tenant,
                "machine": services.settings.machine,
                "version": services.settings.version,
                "switches": {
                    "file": str(services.switches.path),
                    "trouble": services.switches.trouble,
                    "unknown": [*state.unknown, *sorted(state.hidden_blocks - NAMES)],
                    "hold_notification_mail": state.hold_notification_mail,
                    "hidden_blocks": sorted(state.hidden_blocks | services.settings.hidden_blocks),
                    "timetable_imports": state.timetable_imports,
                },
                "sessions": known.get("sessions"),
                "outbox": asdict(outbox) if outbox else None,
                "imports": known.get("imports"),
            }
        )

    def _style(self, _request: Request) -> Answer:
        cache = (("Cache-Control", "public, max-age=3600"),)
        return Answer(kind="text/css; charset=utf-8", body=self._services.pages.style(), headers=cache)

    def _other(self, request: Request) -> Answer:
        if request.path.startswith("/messages/"):
            return self._messages(request)
        return self._not_found(request)

    def _not_found(self, request: Request) -> Answer:
        return self._services.pages.page("not_found.html", request, status="404 Not Found")


def from_environment() -> Portal:
    """What the application server calls: the portal that the environment describes."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    return Portal(Settings.from_environ(os.environ))
