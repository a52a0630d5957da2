# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a WSGI environment that the portal reads."""

from __future__ import annotations

from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs

LANGUAGES = ("fr", "en")
"""The first one is for clients that ask for neither."""

FORM_BYTES = 256 * 1024
"""More than any form of the portal holds."""


class FormTooLargeError(Exception):
    """A body that no form of the portal makes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, parsed at the edge."""

    method: str
    path: str
    query: dict[str, str]
    cookies: dict[str, str]
    language: str
    form: dict[str, str]

    @classmethod
    def from_wsgi(cls, environ: dict[str, Any]) -> Request:
        """Parse what the server hands over; nothing a client sends makes it fail but its size.

        Raises:
            FormTooLargeError: the body is larger than any form.
        """
        query = fields(environ.get("QUERY_STRING", ""))
        cookies = read_cookies(environ.get("HTTP_COOKIE", ""))
        wanted = [query.get("lang", ""), cookies.get("lang", "")]
        chosen = next((language for language in wanted if language in LANGUAGES), "")
        return cls(
            method=environ.get("REQUEST_METHOD", "GET"),
            path=environ.get("PATH_INFO", "/") or "/",
            query=query,
            cookies=cookies,
            language=chosen or preferred(environ.get("HTTP_ACCEPT_LANGUAGE", "")),
            form=read_form(environ),
        )


def fields(encoded: str) -> dict[str, str]:
    """Names to values of a query or a form, the last one of each name."""
    try:
        parsed = parse_qs(encoded, keep_blank_values=True, max_num_fields=100)
    except ValueError:
        return {}
    return {key: values[-1].replace("\0", "") for key, values in parsed.items()}


def read_form(environ: dict[str, Any]) -> dict[str, str]:
    """The fields of a form that was posted; other bodies hold none."""
    if environ.get("REQUEST_METHOD") != "POST":
        return {}
    kind = environ.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
    length = environ.get("CONTENT_LENGTH") or "0"
    if kind != "application/x-www-form-urlencoded" or not length.isdigit():
        return {}
    if int(length) > FORM_BYTES:
        raise FormTooLargeError
    return fields(environ["wsgi.input"].read(int(length)).decode("utf-8", "replace"))


def read_cookies(header: str) -> dict[str, str]:
    """Cookie names to values; a header that cannot be parsed holds none."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}


def preferred(header: str) -> str:
    """The language that an Accept-Language header prefers among those of the portal."""
    weighted: list[tuple[float, int, str]] = []
    for place, part in enumerate(header.split(",")):
        name, _, parameters = part.strip().partition(";")
        language = name.split("-")[0].lower()
        if language in LANGUAGES:
            weighted.append((-weight(parameters), place, language))
    return min(weighted)[2] if weighted else LANGUAGES[0]


def weight(parameters: str) -> float:
    """The ``q`` of a language, 1 when it has none, 0 when it makes no sense."""
    key, _, value = parameters.strip().partition("=")
    if key != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
