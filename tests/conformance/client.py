# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sends the requests of the recordings, as whom they were sent."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

FORM = "application/x-www-form-urlencoded"
ROOT_PASSWORD = "correct-password"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; ``body`` is parsed JSON, or text."""

    status: int
    reason: str
    headers: dict[str, str]
    body: Any


@dataclass(slots=True)
class Client:
    """One HTTP connection per request: the recordings are not about connections."""

    port: int
    secrets: dict[str, str] = field(default_factory=dict)
    """Token name to secret."""
    root_ticket: str = ""
    root_csrf: str = ""

    def send(
        self, verb: str, path: str, *, headers: dict[str, str] | None = None, body: bytes | None = None
    ) -> Answer:
        """Send one request."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(verb, path, body=body, headers=headers or {})
            response = connection.getresponse()
            text = response.read().decode()
            reason = response.reason.encode("latin-1").decode("utf-8", "replace")
            try:
                parsed: Any = json.loads(text)
            except ValueError:
                parsed = text
            return Answer(
                status=response.status,
                reason=reason,
                headers=dict(response.getheaders()),
                body=parsed,
            )
        finally:
            connection.close()

    def log_in(self) -> None:
        """Get root's ticket."""
        form = urlencode({"username": "root@pam", "password": ROOT_PASSWORD}).encode()
        answer = self.send("POST", "/api2/json/access/ticket", headers={"Content-Type": FORM}, body=form)
        self.root_ticket = answer.body["data"]["ticket"]
        self.root_csrf = answer.body["data"]["CSRFPreventionToken"]

    def as_root(self, verb: str, path: str, params: dict[str, Any] | None = None) -> Answer:
        """A call that the recordings do not show, as root@pam with a ticket."""
        return self.call(verb, f"/api2/json{path}", params, self._session())

    def call(
        self,
        verb: str,
        path: str,
        params: dict[str, Any] | None,
        headers: dict[str, str],
        *,
        encoding: str = FORM,
    ) -> Answer:
        """A call with parameters, where its verb carries them."""
        pairs = urlencode(params or {}, doseq=True, quote_via=quote)
        path = quote(path, safe="/:!@%?=&+,~*'()")
        if verb not in ("POST", "PUT", "PATCH"):
            separator = "&" if "?" in path else "?"
            return self.send(verb, f"{path}{separator}{pairs}" if pairs else path, headers=headers)
        if encoding.startswith("application/json"):
            body = json.dumps(params or {}).encode()
        else:
            body = pairs.encode()
        typed = headers if encoding == "none" else headers | {"Content-Type": encoding}
        return self.send(verb, path, headers=typed, body=body)

    def _session(self) -> dict[str, str]:
        return self._cookie(self.root_ticket) | {"CSRFPreventionToken": self.root_csrf}

    def _cookie(self, ticket: str) -> dict[str, str]:
        return {"Cookie": f"PVEAuthCookie={quote(ticket, safe='')}"}

    def _token(self, name: str, secret: str | None = None) -> dict[str, str]:
        value = self.secrets.get(name, "") if secret is None else secret
        return {"Authorization": f"PVEAPIToken={name}={value}"}

    def headers(self, auth: str, name: str) -> dict[str, str]:
        """The headers for a label of the recordings; ``name`` is the exchange's."""
        secret = self.secrets["root@pam!eval"]
        old_style = "root@pam!eval:" + secret
        labels: dict[str, dict[str, str]] = {
            "none": {},
            "root token": self._token("root@pam!eval"),
            "user without privileges": self._token("nobody@pve!t1"),
            "privsep token without ACL": self._token("root@pam!sep"),
            "prov@pve token": self._token("prov@pve!ansible"),
            "root@pam ticket": self._session(),
            "ticket cookie": self._session(),
            "ticket cookie, no CSRF": self._cookie(self.root_ticket),
            "ticket cookie, wrong CSRF": self._cookie(self.root_ticket) | {"CSRFPreventionToken": "6B:x"},
            "garbled ticket": self._cookie("PVE:root@pam:6B046344::garbled"),
            "token, wrong secret": self._token("root@pam!eval", "00000000-0000-0000-0000-000000000000"),
            "token, unknown id": self._token("root@pam!nope", secret),
            "token, unknown user": self._token("ghost@pve!nope", secret),
            "malformed token": {"Authorization": f"PVEAPIToken={old_style if 'old' in name else 'garbage'}"},
            "Bearer header": {"Authorization": "Bearer abc"},
            "expired token": self._token("root@pam!old"),
            "pveapitoken=": {"Authorization": f"pveapitoken=root@pam!eval={secret}"},
            "PVEAPIToken <token>": {"Authorization": f"PVEAPIToken root@pam!eval={secret}"},
            "percent-encoded token": {"Authorization": f"PVEAPIToken=root%40pam%21eval={secret}"},
            "raw ticket in cookie": {"Cookie": f"PVEAuthCookie={self.root_ticket}"},
            "ticket in Authorization": {"Authorization": f"PVEAuthCookie={quote(self.root_ticket, safe='')}"},
        }
        return labels[auth]
