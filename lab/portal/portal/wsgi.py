# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The WSGI application: addresses to answers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .blocks import blocks_for
from .people import identify
from .request import LANGUAGES, Request
from .settings import Settings
from .texts import TEXTS

HTML = "text/html; charset=utf-8"
JSON = "application/json"
SECURITY_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)
"""On every answer: the pages run no script and load nothing from elsewhere."""

StartResponse = Callable[[str, list[tuple[str, str]]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status line, kind of content, content and the headers beside the usual ones."""

    status: str
    kind: str
    body: str
    headers: tuple[tuple[str, str], ...] = ()


class Portal:
    """One tenant's portal, as a WSGI application."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pages = Environment(
            loader=PackageLoader(__package__ or "portal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._routes: dict[str, Callable[[Request], Answer]] = {
            "/": self._public,
            "/home": self._home,
            "/healthz": self._health,
            "/version": self._version,
            "/style.css": self._style,
        }

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        request = Request.from_wsgi(environ)
        answer = self._answer(request)
        body = answer.body.encode()
        headers = [("Content-Type", answer.kind), ("Content-Length", str(len(body))), *SECURITY_HEADERS]
        start_response(answer.status, headers + list(answer.headers))
        return [] if request.method == "HEAD" else [body]

    def _answer(self, request: Request) -> Answer:
        if request.method not in ("GET", "HEAD"):
            allow = (("Allow", "GET, HEAD"),)
            return Answer(status="405 Method Not Allowed", kind="text/plain", body="", headers=allow)
        return self._routes.get(request.path, self._not_found)(request)

    def _public(self, request: Request) -> Answer:
        return self._page("public.html", request, cache="public, max-age=30")

    def _home(self, request: Request) -> Answer:
        person = identify(request, self._settings)
        if person is None:
            return self._page("sign_in.html", request, status="403 Forbidden")
        blocks = blocks_for(person, self._settings)
        cookies = {}
        if self._settings.dev_profiles and "profile" in request.query:
            cookies["profile"] = person.profile.value
        return self._page("home.html", request, cookies=cookies, person=person, blocks=blocks)

    def _health(self, _request: Request) -> Answer:
        return Answer(
            status="200 OK", kind="text/plain", body="ok\n", headers=(("Cache-Control", "no-store"),)
        )

    def _version(self, _request: Request) -> Answer:
        known = {"tenant": self._settings.tenant, "version": self._settings.version}
        return Answer(status="200 OK", kind=JSON, body=json.dumps(known) + "\n")

    def _style(self, _request: Request) -> Answer:
        style = self._pages.get_template("style.css").render()
        cache = (("Cache-Control", "public, max-age=3600"),)
        return Answer(status="200 OK", kind="text/css; charset=utf-8", body=style, headers=cache)

    def _not_found(self, request: Request) -> Answer:
        return self._page("not_found.html", request, status="404 Not Found")

    def _page(
        self,
        template: str,
        request: Request,
        *,
        status: str = "200 OK",
        cache: str = "private, no-store",
        cookies: dict[str, str] | None = None,
        **values: Any,
    ) -> Answer:
        """A page in the request's language, which a query that names a language makes the lasting one."""
        kept = dict(cookies or {})
        if request.query.get("lang") in LANGUAGES:
            kept["lang"] = request.language
        body = self._pages.get_template(template).render(
            settings=self._settings,
            language=request.language,
            path=request.path,
            texts=TEXTS[request.language],
            **values,
        )
        set_cookies = [
            ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax") for name, value in kept.items()
        ]
        headers = (
            ("Content-Language", request.language),
            ("Vary", "Accept-Language, Cookie"),
            ("Cache-Control", "private, no-store" if set_cookies else cache),
            *set_cookies,
        )
        return Answer(status=status, kind=HTML, body=body, headers=headers)


def from_environment() -> Portal:
    """What the application server calls: the portal that the environment describes."""
    return Portal(Settings.from_environ(os.environ))
