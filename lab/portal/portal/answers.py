# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers, and the pages in the request's language."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .request import LANGUAGES, Request
from .settings import Settings
from .texts import TEXTS

HTML = "text/html; charset=utf-8"
JSON = "application/json"
PRIVATE = "private, no-store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status line, kind of content, content and the headers beside the usual ones."""

    status: str = "200 OK"
    kind: str = HTML
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def redirect(address: str, *cookies: tuple[str, str]) -> Answer:
    """Send the browser elsewhere, with a GET."""
    headers = (("Location", address), ("Cache-Control", PRIVATE), *cookies)
    return Answer(status="303 See Other", kind="text/plain", headers=headers)


def data(value: Any) -> Answer:
    """A JSON answer that nobody keeps."""
    body = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    return Answer(kind=JSON, body=body, headers=(("Cache-Control", "no-store"),))


class Pages:
    """Makes pages from templates, and cookies as the portal's address allows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._templates = Environment(
            loader=PackageLoader(__package__ or "portal"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )

    def style(self) -> str:
        """The style sheet."""
        return self._templates.get_template("style.css").render()

    def cookie(self, name: str, value: str, *, seconds: int | None = None) -> tuple[str, str]:
        """The header that sets a cookie, for the browser's session unless it ends after so many seconds."""
        ends = "" if seconds is None else f"; Max-Age={seconds}"
        secure = "; Secure" if self._settings.secure else ""
        return ("Set-Cookie", f"{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{ends}")

    def page(
        self,
        template: str,
        request: Request,
        *,
        status: str = "200 OK",
        cache: str = PRIVATE,
        headers: tuple[tuple[str, str], ...] = (),
        cookies: dict[str, str] | None = None,
        **values: Any,
    ) -> Answer:
        """A page in the request's language, which a query that names a language makes the lasting one."""
        kept = dict(cookies or {})
        if request.query.get("lang") in LANGUAGES:
            kept["lang"] = request.language
        body = self._templates.get_template(template).render(
            settings=self._settings,
            language=request.language,
            path=request.path,
            texts=TEXTS[request.language],
            **values,
        )
        set_cookies = [self.cookie(name, value) for name, value in kept.items()]
        usual = (
            ("Content-Language", request.language),
            ("Vary", "Accept-Language, Cookie"),
            ("Cache-Control", PRIVATE if set_cookies else cache),
        )
        return Answer(status=status, body=body, headers=(*usual, *set_cookies, *headers))
