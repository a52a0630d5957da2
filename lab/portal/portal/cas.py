# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The portal as a client of CAS 3.0: where people sign in, and what the server says of their tickets."""

from __future__ import annotations

import http.client
import socket
import ssl
from dataclasses import dataclass
from urllib.parse import SplitResult, urlencode, urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from .people import Profile
from .settings import Cas

SECONDS = 5.0
"""How long the server may take to validate a ticket."""

ANSWER_BYTES = 64 * 1024
"""More than any answer of a CAS server holds."""


class CasUnavailableError(Exception):
    """The CAS server gives no answer that could be understood."""


class CasRefusedError(Exception):
    """The CAS server, or the portal, does not accept the ticket or whom it stands for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whom a ticket stands for."""

    username: str
    name: str
    profile: Profile


def login_address(cas: Cas, service: str) -> str:
    """Where a browser is sent to sign in."""
    return f"{cas.url}/login?{urlencode({'service': service})}"


def logout_address(cas: Cas, back: str) -> str:
    """Where a browser is sent to sign out of everything; ``back`` is where it is led then."""
    return f"{cas.url}/logout?{urlencode({'service': back, 'url': back})}"


class CasClient:
    """Asks the server about tickets, at its internal address when there is one."""

    def __init__(self, cas: Cas) -> None:
        self._public = urlsplit(cas.url)
        self._target = urlsplit(cas.validate_url)
        self._tls = ssl.create_default_context(cafile=cas.ca_file or None)

    def validate(self, ticket: str, service: str) -> Identity:
        """Whom a ticket for a service stands for.

        Raises:
            CasRefusedError: the ticket is not valid, or the person has no profile of a school.
            CasUnavailableError: no answer, or none of a CAS server.
        """
        query = urlencode({"service": service, "ticket": ticket})
        return parse_validation(self._get(f"{self._target.path}/p3/serviceValidate?{query}"))

    def _get(self, path: str) -> bytes:
        connection = self._connect()
        try:
            connection.request("GET", path, headers={"Host": self._public.netloc, "Connection": "close"})
            answer = connection.getresponse()
            body = answer.read(ANSWER_BYTES)
            if answer.status != http.client.OK:
                raise CasUnavailableError(
                    f"CAS at {self._target.netloc} answered {answer.status} to a validation."
                )
            return body
        except (OSError, http.client.HTTPException) as error:
            raise CasUnavailableError(f"CAS at {self._target.netloc} does not answer: {error}") from error
        finally:
            connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        """A connection to the internal address; its certificate is that of the public name."""
        host, port = end_of(self._target)
        try:
            opened = socket.create_connection((host, port), timeout=SECONDS)
            if self._target.scheme == "https":
                opened = self._tls.wrap_socket(opened, server_hostname=self._public.hostname)
        except OSError as error:
            raise CasUnavailableError(f"CAS at {self._target.netloc} is not reached: {error}") from error
        connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        connection.sock = opened
        return connection


def end_of(parts: SplitResult) -> tuple[str, int]:
    """Host and port of an address."""
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def parse_xml(text: bytes | str) -> Element | None:
    """The root of a document; None when it is no XML or brings declarations of its own."""
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError):
        return None
    return root


def local(element: Element) -> str:
    """An element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def parse_validation(body: bytes) -> Identity:
    """Whom a validation speaks of.

    Raises:
        CasRefusedError: it says that the ticket is not valid, or leaves out what the portal needs.
        CasUnavailableError: it is no answer of a CAS server.
    """
    root = parse_xml(body)
    if root is None or local(root) != "serviceResponse" or not len(root):
        raise CasUnavailableError("The answer to a validation is not that of a CAS server.")
    outcome = root[0]
    if local(outcome) != "authenticationSuccess":
        raise CasRefusedError(f"CAS refused a ticket: {outcome.get('code', local(outcome))}.")
    values: dict[str, str] = {}
    for element in outcome.iter():
        values.setdefault(local(element), (element.text or "").strip())
    username, profile = values.get("user", ""), values.get("profile", "").lower()
    known = {item.value: item for item in Profile}
    if not username or profile not in known:
        raise CasRefusedError(
            f"CAS named no user with a profile of {', '.join(known)}: profile is {profile!r}."
        )
    return Identity(username=username, name=values.get("name") or username, profile=known[profile])


def parse_logout(text: str) -> str:
    """The ticket whose session a logout request ends; empty when it is no such request."""
    root = parse_xml(text.encode()) if len(text) <= ANSWER_BYTES else None
    if root is None or local(root) != "LogoutRequest":
        return ""
    found = next((element for element in root.iter() if local(element) == "SessionIndex"), None)
    return (found.text or "").strip() if found is not None else ""
