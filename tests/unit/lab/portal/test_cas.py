# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the portal asks of a CAS server, and what it believes of the answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lab.portal.portal.cas import (
    CasClient,
    CasRefusedError,
    CasUnavailableError,
    parse_logout,
    parse_validation,
)
from lab.portal.portal.people import Profile
from lab.portal.portal.settings import Cas

ANSWER = """<cas:serviceResponse xmlns:cas="http://www.yale.edu/tp/cas"><cas:authenticationSuccess>
<cas:user>{user}</cas:user><cas:attributes>{attributes}</cas:attributes>
</cas:authenticationSuccess></cas:serviceResponse>"""
PUPIL = "<cas:profile>pupil</cas:profile><cas:name>Zoé &amp; Léa</cas:name>"
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
FOREIGN = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


def test_an_identity_is_read() -> None:
    found = parse_validation(ANSWER.format(user="zoe", attributes=PUPIL).encode())
    assert (found.username, found.name, found.profile) == ("zoe", "Zoé & Léa", Profile.PUPIL)


def test_somebody_without_a_name_is_called_by_the_user_name() -> None:
    found = parse_validation(
        ANSWER.format(user="zoe", attributes="<cas:profile>STAFF</cas:profile>").encode()
    )
    assert (found.name, found.profile) == ("zoe", Profile.STAFF)


@pytest.mark.parametrize(
    ("user", "attributes"), [("", PUPIL), ("zoe", ""), ("zoe", "<cas:profile>admin</cas:profile>")]
)
def test_who_has_no_name_or_profile_is_refused(user: str, attributes: str) -> None:
    with pytest.raises(CasRefusedError):
        parse_validation(ANSWER.format(user=user, attributes=attributes).encode())


def test_a_refusal_says_its_code() -> None:
    refusal = (
        '<r:serviceResponse xmlns:r="x"><r:authenticationFailure code="INVALID_TICKET"/></r:serviceResponse>'
    )
    with pytest.raises(CasRefusedError, match="INVALID_TICKET"):
        parse_validation(refusal.encode())


@pytest.mark.parametrize("before", [BOMB, FOREIGN])
def test_declarations_are_not_even_read(before: str) -> None:
    with pytest.raises(CasUnavailableError):
        parse_validation((before + ANSWER.format(user="&a;", attributes=PUPIL)).encode())
    assert parse_logout(before + "<LogoutRequest><SessionIndex>&a;</SessionIndex></LogoutRequest>") == ""


@pytest.mark.parametrize("body", [b"", b"<html>", b"<html/>", b"<serviceResponse/>"])
def test_what_is_no_answer_of_cas_is_no_answer(body: bytes) -> None:
    with pytest.raises(CasUnavailableError):
        parse_validation(body)


class Handler(BaseHTTPRequestHandler):
    """A CAS server that notes what it is asked."""

    asked: dict[str, Any] = {}  # noqa: RUF012 - one server at a time
    status = 200

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        Handler.asked = {"host": self.headers["Host"], "path": parts.path, **parse_qs(parts.query)}
        body = ANSWER.format(user="zoe", attributes=PUPIL).encode()
        self.send_response(Handler.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def inside() -> Iterator[str]:
    Handler.status = 200
    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/cas"
        server.shutdown()


def client(validate_url: str) -> CasClient:
    return CasClient(Cas(url="https://eure.ent.example/cas", validate_url=validate_url, ca_file=""))


def test_the_internal_address_is_asked_in_the_public_name(inside: str) -> None:
    found = client(inside).validate("ST-1", "https://eure.ent.example/login?state=a&b")
    assert found.username == "zoe"
    assert Handler.asked == {
        "host": "eure.ent.example",
        "path": "/cas/p3/serviceValidate",
        "service": ["https://eure.ent.example/login?state=a&b"],
        "ticket": ["ST-1"],
    }


def test_an_error_of_the_server_is_no_refusal_of_the_person(inside: str) -> None:
    Handler.status = 502
    with pytest.raises(CasUnavailableError, match="502"):
        client(inside).validate("ST-1", "s")


def test_a_server_that_is_not_there_is_named() -> None:
    with pytest.raises(CasUnavailableError, match=r"127\.0\.0\.1:1 is not reached"):
        client("http://127.0.0.1:1/cas").validate("ST-1", "s")
