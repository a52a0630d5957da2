# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser in small: a portal's pages and forms through a chosen address, its certificate verified."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx

from .core.errors import RenfortError
from .portal_probe import MACHINE_HEADER, trust

REDIRECTS = 10
"""More than any page of ours leads through."""

TIMEOUT_S = 15.0


class BrowserError(RenfortError):
    """A page could not be had."""


@dataclass(slots=True)
class Form:
    """A form of a page: where it leads, how, and the fields that it brings along."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that was answered: its address and status, its text and its forms.

    ``machine`` gave it; ``first`` is the one that answered before any redirect.
    """

    url: httpx.URL
    status: int
    machine: str
    first: str
    text: str
    forms: tuple[Form, ...]

    @property
    def where(self) -> str:
        """Path, status and machine, for messages."""
        return f"{self.url.path} answered {self.status}" + (f" (at {self.machine})" if self.machine else "")

    def form_with(self, *names: str) -> Form | None:
        """Return the first form that has all of these fields."""
        return next((form for form in self.forms if set(names) <= form.fields.keys()), None)


class _Forms(HTMLParser):
    """Collects the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a form, or a field of the one that is open."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(action=given.get("action", ""), method=given.get("method", "get").lower())
            self.forms.append(self._open)
        elif self._open and tag in ("input", "textarea", "select") and given.get("name"):
            unticked = given.get("type") in ("checkbox", "radio") and "checked" not in given
            if not unticked and given.get("type") != "submit":
                self._open.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Close a form."""
        if tag == "form":
            self._open = None


def forms_of(text: str) -> tuple[Form, ...]:
    """Return the forms of a page with what their fields hold; a choice or a text begins empty."""
    parser = _Forms()
    parser.feed(text)
    return tuple(parser.forms)


class _Pinned(httpx.HTTPTransport):
    """Sends what is for one host to one address, as a resolver that knows it would."""

    def __init__(self, host: str, address: str, tls: ssl.SSLContext) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._host, self._address = host, address

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != self._host:
            raise httpx.UnsupportedProtocol(f"the way leads to {request.url.host}, which is not the portal")
        sent = httpx.Request(
            request.method,
            request.url.copy_with(host=self._address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": self._host},
        )
        return super().handle_request(sent)


class Browser:
    """One person at one browser: keeps cookies, follows redirects, and stays with one portal.

    Args:
        portal: the host name, without a port.
        address: where requests go, instead of what a resolver says.
        ca_file: authority of the portal's certificate; empty for those that the system trusts.
    """

    def __init__(self, portal: str, address: str, *, ca_file: str = "", port: int = 443) -> None:
        self._client = httpx.Client(
            base_url=httpx.URL(scheme="https", host=portal, port=port),
            transport=_Pinned(portal, address, trust(ca_file)),
            timeout=TIMEOUT_S,
            follow_redirects=True,
            max_redirects=REDIRECTS,
            trust_env=False,
        )
        self._through = f"{portal} through {address}"

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def open(self, path: str) -> Page:
        """Open a page; whatever is answered at the end of its redirects is one.

        Raises:
            BrowserError: nothing was answered, or nothing that can be trusted.
        """
        return self._ask("GET", httpx.URL(path), None)

    def send(self, page: Page, form: Form, values: Mapping[str, str]) -> Page:
        """Send a form of a page with values beside those that its fields hold.

        Raises:
            BrowserError: as `open`.
        """
        fields = {**form.fields, **values}
        target = page.url.join(form.action) if form.action else page.url
        # As browsers do; sign-in services refuse forms that do not say from where they come.
        origin = str(page.url.copy_with(raw_path=b"/", fragment=None)).rstrip("/")
        whence = {"Referer": str(page.url.copy_with(fragment=None)), "Origin": origin}
        return self._ask(form.method.upper(), target, fields, whence)

    def _ask(
        self,
        method: str,
        url: httpx.URL,
        fields: Mapping[str, str] | None,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        sent = {"params": fields} if method == "GET" else {"data": fields}
        try:
            answer = self._client.request(method, url, headers=headers, **(sent if fields else {}))  # type: ignore[arg-type] # one of two
            text = answer.text
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BrowserError(
                f"{self._through}: {method} {url.path}: {error or type(error).__name__}."
            ) from error
        return Page(
            url=answer.url,
            status=answer.status_code,
            machine=answer.headers.get(MACHINE_HEADER, ""),
            first=[*answer.history, answer][0].headers.get(MACHINE_HEADER, ""),
            text=text,
            forms=forms_of(text),
        )
