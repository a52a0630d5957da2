# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A portal with its sign-in service over TLS, as load balancers show them: machines in turn, sessions."""

from __future__ import annotations

import datetime
import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

PORTAL = "eure.ent.example"
USER, PASSWORD = "teacher00001", "correct horse"


def make_certificate(path: Path) -> Path:
    """A certificate of the portal that signs itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "school")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(PORTAL)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@dataclass
class State:
    """What all machines of the school share."""

    web: list[str]
    cas: list[str]
    tickets: set[str] = field(default_factory=set)
    tokens: set[str] = field(default_factory=set)
    sessions: set[str] = field(default_factory=set)
    subjects: list[str] = field(default_factory=list)
    mails: list[dict[str, str]] = field(default_factory=list)
    sends_mail: bool = True
    keeps_sessions: bool = True
    loses_messages: bool = False
    ends_sessions: bool = True
    leads_to: str = ""


class School(ThreadingHTTPServer):
    """The portal at a port of 127.0.0.1; ``plain`` answers without TLS, as a mailbox does."""

    daemon_threads = True

    def __init__(self, state: State, certificate: Path | None) -> None:
        self.state = state
        self.web, self.cas = cycle(state.web), cycle(state.cas)
        super().__init__(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self) -> None:
        self.shutdown()
        self.server_close()


def form(action: str, **fields: str) -> str:
    inputs = "".join(f'<input name="{name}" value="{value}">' for name, value in fields.items())
    return (
        f'<html><form method="post" action="{action}">{inputs}<textarea name="body"></textarea></form></html>'
    )


class Handler(BaseHTTPRequestHandler):
    server: School
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._answer(dict(parse_qsl(self.rfile.read(length).decode())))

    def _answer(self, sent: dict[str, str]) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        if parts.path.startswith("/cas/"):
            self._cas(query, sent)
        elif parts.path == "/mails":
            self._reply(200, json.dumps(self.server.state.mails), machine="")
        else:
            self._portal(parts.path, query, sent)

    def _cas(self, query: dict[str, str], sent: dict[str, str]) -> None:
        state, machine = self.server.state, next(self.server.cas)
        good = (
            sent.get("username") == USER
            and sent.get("password") == PASSWORD
            and sent.get("lt") in state.tokens
            and self.headers.get("Origin") == f"https://{PORTAL}:{self.server.server_port}"
        )
        if not good:
            token = secrets.token_hex(4)
            state.tokens.add(token)
            page = form("", csrfmiddlewaretoken="x", lt=token, username="", password="")
            self._reply(200, page, machine=machine)
            return
        ticket = f"ST-{secrets.token_hex(4)}"
        state.tickets.add(ticket)
        self._redirect(f"{query['service']}&ticket={ticket}", machine=machine)

    def _portal(self, path: str, query: dict[str, str], sent: dict[str, str]) -> None:
        state, machine = self.server.state, next(self.server.web)
        cookie = SimpleCookie(self.headers.get("Cookie", ""))
        session = cookie["session"].value if "session" in cookie else ""
        if path == "/login" and query.get("ticket") in state.tickets:
            session = secrets.token_hex(8)
            state.sessions.add(session)
            self._redirect("/home", machine=machine, cookie=f"session={session}; Path=/; Secure; HttpOnly")
        elif path == "/login":
            here = f"https://{PORTAL}:{self.server.server_port}/login?state=1"
            self._redirect(f"{state.leads_to}/cas/login?service={quote(here, safe='')}", machine=machine)
        elif path == "/":
            self._reply(200, "<h1>Eure</h1>", machine=machine)
        elif path == "/logout":
            if state.ends_sessions:
                state.sessions.discard(session)
            self._redirect("/", machine=machine)
        elif session not in state.sessions:
            self._redirect("/login", machine=machine)
        else:
            self._signed_in(path, sent, session, machine)

    def _signed_in(self, path: str, sent: dict[str, str], session: str, machine: str) -> None:
        state = self.server.state
        if path == "/home":
            if not state.keeps_sessions:
                state.sessions.discard(session)
            self._reply(200, "<h1>Bonjour</h1>", machine=machine)
        elif path == "/messages/new" and sent.get("csrf") == "c":
            if not state.loses_messages:
                state.subjects.append(sent["subject"])
            if state.sends_mail:
                state.mails.append({"subject": sent["subject"], "to": sent["to"]})
            self._redirect("/messages?sent", machine=machine)
        elif path == "/messages/new":
            self._reply(200, form("/messages/new", csrf="c", to="", subject=""), machine=machine)
        else:
            self._reply(200, " ".join(state.subjects), machine=machine)

    def _redirect(self, target: str, *, machine: str, cookie: str = "") -> None:
        self._reply(302, "", machine=machine, headers={"Location": target, "Set-Cookie": cookie})

    def _reply(self, status: int, text: str, *, machine: str, headers: dict[str, str] | None = None) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {"X-Renfort-Machine": machine, **(headers or {})}.items():
            if value:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""
