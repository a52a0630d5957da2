# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A browser in small that signs in at a CAS, for the lab's proofs: it keeps cookies, it follows nothing."""

from __future__ import annotations

import html
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

import httpx

SECONDS = 20.0
"""How long an answer may take."""

_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)"(?: value="([^"]*)")?')


@dataclass(kw_only=True)
class Browser:
    """Speaks to one address (a load balancer or a machine of the CAS) in the name of a portal host.

    Args:
        address: such as https://10.84.0.41.
        host: the portal's host name.
        ca_file: authority of the certificate, for https.
        headers: sent with every request, such as X-Forwarded-For where a machine is asked directly.
    """

    address: str
    host: str
    ca_file: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    _client: httpx.Client | None = None

    def get(self, path: str, **query: str) -> httpx.Response:
        """Ask for a page."""
        return self._ask("GET", path, query, None)

    def post(self, path: str, form: Mapping[str, str], **query: str) -> httpx.Response:
        """Send a form."""
        return self._ask("POST", path, query, form)

    def sign_in(self, username: str, password: str, service: str) -> httpx.Response:
        """Open the login page for a service and send the form; the answer to that."""
        page = self.get("/cas/login", service=service)
        if page.status_code != 200:
            return page
        return self.send_form(page, username, password, service)

    def send_form(self, page: httpx.Response, username: str, password: str, service: str) -> httpx.Response:
        """Send the form of a login page that was opened before."""
        hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
        return self.post(
            "/cas/login", {**hidden, "username": username, "password": password}, service=service
        )

    def validate(self, ticket: str, service: str, **query: str) -> str:
        """What the CAS says of a ticket, as XML."""
        return self.get("/cas/p3/serviceValidate", ticket=ticket, service=service, **query).text

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ask(
        self, method: str, path: str, query: Mapping[str, str], form: Mapping[str, str] | None
    ) -> httpx.Response:
        if self._client is None:
            trusted = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else True
            self._client = httpx.Client(
                base_url=self.address, verify=trusted, timeout=SECONDS, trust_env=False
            )
        # Cookies by hand: a machine asked over http in the proxy's place sets Secure ones too.
        sent = {"Host": self.host, "Origin": f"https://{self.host}", **self.headers}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        request = self._client.build_request(method, path, params=query or None, data=form, headers=sent)
        try:
            answer = self._client.send(request)
        except httpx.RemoteProtocolError:
            # A kept connection that was closed meanwhile: browsers ask again on a new one, except for forms.
            if method != "GET":
                raise
            answer = self._client.send(request)
        self._client.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer


def ticket_in(answer: httpx.Response) -> str:
    """The ticket in the address to which a login leads.

    Raises:
        ValueError: the answer leads nowhere, or without a ticket.
    """
    tickets = parse_qs(urlsplit(answer.headers.get("location", "")).query).get("ticket")
    if answer.status_code != 302 or not tickets:
        raise ValueError(
            f"no ticket: status {answer.status_code}, {answer.headers.get('location', 'no location')}"
        )
    return str(tickets[0])
