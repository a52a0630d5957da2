# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server that answers over TLS as it is told, for what the emulator does not do at will."""

from __future__ import annotations

import datetime
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_options import ApiSettings
from tests.unit.clients.emulator import IMAGE_FILE, Emulator, Mirror
from tests.unit.clients.inventories import Reader


@dataclass
class Answer:
    """One answer: data, or a refusal by its reason phrase; ``cut`` closes the connection instead."""

    data: Any = None
    status: int = 200
    reason: str = "OK"
    errors: dict[str, str] | None = None
    cut: bool = False
    after_s: float = 0.0


@dataclass
class Asked:
    verb: str
    path: str
    body: str
    authorization: str


class ToldServer(ThreadingHTTPServer):
    """Gives the prepared answers in their order; the last one for ever."""

    def __init__(self, certificate: Path) -> None:
        self.answers: list[Answer] = []
        self.asked: list[Asked] = []
        self.waiting = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that refuses the certificate is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    server: ToldServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        self.server.asked.append(Asked(self.command, self.path, body, self.headers.get("Authorization", "")))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if answer.after_s:
            self.server.waiting.wait(answer.after_s)
        if answer.cut:
            self.close_connection = True
            return
        content: dict[str, Any] = {"data": answer.data}
        if answer.errors:
            content["errors"] = answer.errors
        payload = b"" if answer.status == 401 else json.dumps(content).encode()
        self.send_response(answer.status, answer.reason)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_POST = do_PUT = do_GET  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@dataclass
class Told:
    """The server, its authority's file, and clients that do not sleep."""

    server: ToldServer
    ca_file: str
    slept: list[float] = field(default_factory=list)

    answer = Answer

    def settings(self, **changes: Any) -> ApiSettings:
        return ApiSettings(
            **{
                "host": "127.0.0.1",
                "port": self.server.server_port,
                "user": "renfort@pve",
                "token_id": "ops",
                "token_secret": "s3cret",
                "ca_file": self.ca_file,
                "timeout_s": 5.0,
            }
            | changes
        )

    def client(self, *answers: Answer, read_only: bool = False, **changes: Any) -> Client:
        self.server.answers = list(answers)
        return Client(self.settings(**changes), read_only=read_only, sleep=self.slept.append)


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "told server")])
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
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path


@pytest.fixture
def told(certificate: Path) -> Iterator[Told]:
    with ToldServer(certificate) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield Told(server, str(certificate))
        server.waiting.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Where a cloud image is served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{IMAGE_FILE}"
        server.shutdown()
        thread.join()


@pytest.fixture
def start(certificate: Path) -> Iterator[Callable[[], Emulator]]:
    """Starts emulated clusters."""
    started: list[Emulator] = []

    def another() -> Emulator:
        started.append(Emulator(certificate))
        return started[-1]

    yield another
    for emulator in started:
        # Some tests have stopped theirs.
        if emulator._thread.is_alive():
            emulator.close()


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that is taken and refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    """Reads inventories."""
    return Reader(tmp_path)
