# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of NetBox against a server that answers as it is told; tests/netbox has a real one."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import netbox_errors as errors
from ansible_collections.ent.renfort.plugins.module_utils import netbox_stock
from ansible_collections.ent.renfort.plugins.module_utils.netbox_options import NetboxSettings, Selection
from ansible_collections.ent.renfort.plugins.module_utils.netbox_stock import Client, read_documents

TOKEN = "nbt_abcdefghijkl.0123456789s3cret"
STATUS = {"netbox-version": "4.7.3"}


@dataclass
class Told:
    """What the server answers: by path, a body or a status with a body; and what it was asked."""

    url: str = ""
    ca_file: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, list[str]], str, str]] = field(default_factory=list)
    waiting: threading.Event = field(default_factory=threading.Event)

    def settings(self, **changes: Any) -> NetboxSettings:
        given = {"url": self.url, "token": TOKEN, "ca_file": self.ca_file, "timeout_s": 5.0}
        return NetboxSettings(**(given | changes))

    def paths(self) -> list[str]:
        return [path for path, _query, _token, _host in self.asked]


class Handler(BaseHTTPRequestHandler):
    told: Told

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.told.asked.append(
            (parts.path, parse_qs(parts.query), self.headers.get("Authorization", ""), self.headers["Host"])
        )
        answer = self.told.answers.get(parts.path, {"count": 0, "next": None, "results": []})
        if callable(answer):
            answer = answer(parse_qs(parts.query))
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        if status == 0:
            self.told.waiting.wait(10)
        payload = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status or 200)
        self.send_header("API-Version", "4.7")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that refuses the certificate is part of the tests."""


@pytest.fixture
def told(certificate: Path) -> Iterator[Told]:
    made = Told(ca_file=str(certificate), answers={"/api/status/": STATUS})
    with Server(("127.0.0.1", 0), type("Told", (Handler,), {"told": made})) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        made.url = f"https://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield made
        made.waiting.set()
        server.shutdown()
        thread.join()


def page(*results: dict[str, Any], next_url: str | None = None) -> dict[str, Any]:
    return {"count": None, "next": next_url, "results": list(results)}


def device(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "display": f"shelf-{number}",
        "name": f"shelf-{number}",
        "site": {"id": 1, "slug": "nord"},
        "location": None,
        "rack": None,
        "device_type": {"id": number},
        "tags": [],
        "custom_fields": {"renfort_cores": 8, "renfort_memory_mib": 65536},
    }


def shelf(*numbers: int) -> Any:
    """Answers of the device list, for the statuses of servers on the shelf only."""
    return lambda query: page(*(device(n) for n in numbers if query["status"] == ["inventory"]))


def refusal(told: Told, path: str, answer: Any) -> errors.NetboxError:
    told.answers[path] = answer
    with pytest.raises(errors.NetboxError) as caught:
        Client(told.settings()).read(Selection())
    assert TOKEN not in str(caught.value)
    return caught.value


def test_the_number_of_calls_does_not_grow_with_the_devices(told: Told) -> None:
    told.answers["/api/dcim/devices/"] = shelf(1)
    one = Client(told.settings())
    one.read(Selection())
    told.answers["/api/dcim/devices/"] = shelf(*range(1, netbox_stock.CHUNK))
    many = Client(told.settings())
    rows = many.read(Selection())

    assert len(rows.servers) == netbox_stock.CHUNK - 1
    assert one.calls == many.calls == 9
    assert len(told.asked) == one.calls + many.calls


def test_many_values_are_asked_for_in_several_calls(told: Told) -> None:
    told.answers["/api/dcim/devices/"] = shelf(*range(1, 2 * netbox_stock.CHUNK))
    Client(told.settings()).read(Selection())

    asked = [query["id"] for path, query, *_ in told.asked if path == "/api/dcim/device-types/"]
    assert [len(ids) for ids in asked] == [netbox_stock.CHUNK, netbox_stock.CHUNK - 1]


def test_the_selection_is_left_to_netbox(told: Told) -> None:
    Client(told.settings()).read(
        Selection(
            sites=("nord", "sud"), hypervisor_roles=("proxmox",), server_statuses=("inventory", "offline")
        )
    )
    devices = [query for path, query, *_ in told.asked if path == "/api/dcim/devices/"]

    assert [(query["role"], query["status"]) for query in devices] == [
        (["proxmox"], ["active"]),
        (["hypervisor", "server"], ["inventory", "offline"]),
        (["hypervisor", "server"], ["planned"]),
    ]
    assert {tuple(query["site"]) for query in devices} == {("nord", "sud")}


def test_without_sites_there_is_no_filter_by_site(told: Told) -> None:
    Client(told.settings()).read(Selection())

    assert not any("site" in query for _path, query, *_ in told.asked)


def test_without_a_tag_no_network_is_read(told: Told) -> None:
    Client(told.settings()).read(Selection(network_tag=""))

    assert not [path for path in told.paths() if "ipam" in path]


@pytest.mark.parametrize(("token", "header"), [(TOKEN, f"Bearer {TOKEN}"), ("0" * 40, f"Token {'0' * 40}")])
def test_tokens_of_both_versions_are_sent_as_netbox_wants_them(told: Told, token: str, header: str) -> None:
    Client(told.settings(token=token)).read(Selection())

    assert {sent for _path, _query, sent, _host in told.asked} == {header}


def test_a_netrc_file_does_not_replace_the_token(
    told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    Client(told.settings()).read(Selection())

    assert {sent for _path, _query, sent, _host in told.asked} == {f"Bearer {TOKEN}"}


def test_the_token_does_not_follow_a_next_page_to_another_server(told: Told) -> None:
    wrong = "http://netbox.inner.example/api/dcim/devices/?start=2&status=inventory"
    told.answers["/api/dcim/devices/"] = lambda query: (
        page()
        if query["status"] != ["inventory"]
        else page(device(1), next_url=wrong)
        if query["start"] == ["0"]
        else page(device(2))
    )
    rows = Client(told.settings()).read(Selection())

    assert [row["name"] for row in rows.servers] == ["shelf-1", "shelf-2"]
    assert {host for *_, host in told.asked} == {told.url.removeprefix("https://")}


def test_an_environment_variable_does_not_replace_the_authority(
    told: Told, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    other.write_text("")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(other))
    Client(told.settings()).read(Selection())

    assert told.asked


@pytest.mark.parametrize("path", ["/api/status/", "/api/dcim/devices/", "/api/ipam/prefixes/"])
@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        ((403, {"detail": "Invalid v2 token"}), errors.NetboxAuthError, ["Invalid v2 token.", "token_file"]),
        ((401, {"detail": "Token expired"}), errors.NetboxAuthError, ["Token expired"]),
        (
            (403, {"detail": "Source IP 10.0.0.1 is not permitted to authenticate using this token."}),
            errors.NetboxAuthError,
            ["Source IP"],
        ),
        (
            (403, {"detail": "Authentication credentials were not provided."}),
            errors.NetboxAuthError,
            ["did not arrive", "redirects to"],
        ),
        (
            (403, {"detail": "You do not have permission to perform this action."}),
            errors.NetboxPermissionError,
            ["may not read", "docs/reference/netbox.md"],
        ),
        ((404, "<html>"), errors.NotNetboxError, ["answers 404", "start page"]),
        ((200, "<html>log in</html>"), errors.NotNetboxError, ["not as a NetBox does"]),
        ((200, "[1, 2]"), errors.NotNetboxError, ["NetBox"]),
        ((200, "5"), errors.NotNetboxError, ["NetBox"]),
        (
            (500, {"detail": "boom", "exception": "ValueError"}),
            errors.NetboxError,
            ["answers 500: boom", "log"],
        ),
        ((400, {"detail": "bad"}), errors.NetboxError, ["answers 400: bad"]),
    ],
)
def test_a_refusal_says_what_was_attempted_why_it_failed_and_what_to_do(
    told: Told, path: str, answer: Any, kind: type[Exception], words: list[str]
) -> None:
    error = refusal(told, path, answer)

    assert type(error) is kind
    assert str(error).startswith("Could not ")
    assert told.url in str(error)
    assert [word for word in words if word not in str(error)] == []


def test_another_program_with_a_json_status_is_no_netbox(told: Told) -> None:
    assert isinstance(refusal(told, "/api/status/", {"status": "ok"}), errors.NotNetboxError)


@pytest.mark.parametrize(
    ("path", "parameter", "option"),
    [
        ("/api/dcim/devices/", "role", "hypervisor_roles"),
        ("/api/dcim/devices/", "site", "sites"),
        ("/api/dcim/interfaces/", "device_status", "hypervisor_statuses"),
        ("/api/ipam/prefixes/", "tag", "network_tag"),
    ],
)
def test_a_slug_that_does_not_exist_is_told_with_the_option_that_names_it(
    told: Told, path: str, parameter: str, option: str
) -> None:
    said = "Select a valid choice. x is not one of the available choices."
    error = refusal(told, path, (400, {parameter: [said]}))

    assert isinstance(error, errors.NetboxChoiceError)
    assert f"does not accept the option {option}: {said}" in str(error)


def test_a_busy_server_is_asked_again(told: Told) -> None:
    answers = iter([(502, "<html>"), (429, "<html>"), STATUS])
    told.answers["/api/status/"] = lambda _query: next(answers)
    Client(told.settings()).read(Selection())

    assert told.paths().count("/api/status/") == 3


def test_a_server_that_stays_busy_is_told(told: Told) -> None:
    assert "answers 503" in str(refusal(told, "/api/status/", (503, "<html>")))


def test_a_server_that_does_not_answer_in_time_is_told(told: Told) -> None:
    told.answers["/api/status/"] = (0, STATUS)
    with pytest.raises(errors.NetboxUnreachableError, match=r"no answer in 0 s.*raise timeout"):
        Client(told.settings(timeout_s=0.2)).read(Selection())


def test_a_server_that_does_not_run_is_unreachable(told: Told) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(errors.NetboxUnreachableError, match=r"cannot be reached: Connection refused"):
        Client(told.settings(url=url)).read(Selection())


def test_a_name_that_does_not_exist_is_unreachable(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.NetboxUnreachableError, match=r"nowhere\.example.*Name or service not known"):
        Client(told.settings(url="https://nowhere.example")).read(Selection())


def test_a_server_without_tls_behind_an_https_url_is_told(told: Told) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        thread = threading.Thread(target=lambda: plain.accept()[0].sendall(b"HTTP/1.0 400 Bad\r\n\r\n"))
        thread.start()
        url = f"https://127.0.0.1:{plain.getsockname()[1]}"
        with pytest.raises(errors.NetboxError, match=r"Could not ask https://127"):
            Client(told.settings(url=url)).read(Selection())
        thread.join()


def test_an_unknown_authority_is_refused_and_named(told: Told) -> None:
    with pytest.raises(errors.NetboxTlsError, match=r"does not verify.*ca_file"):
        Client(told.settings(ca_file="")).read(Selection())
    assert told.asked == []


def test_a_certificate_for_another_name_is_refused_and_the_name_is_asked_for(told: Told) -> None:
    url = told.url.replace("127.0.0.1", "localhost")
    with pytest.raises(errors.NetboxTlsError, match=r"Set url to a name"):
        Client(told.settings(url=url)).read(Selection())


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_verification_can_be_switched_off(told: Told) -> None:
    Client(told.settings(ca_file="", validate_certs=False)).read(Selection())

    assert told.asked


def test_strict_refuses_to_leave_anything_out(told: Told) -> None:
    told.answers["/api/dcim/devices/"] = lambda query: page(
        *([device(1) | {"name": None, "asset_tag": None}] if query["status"] == ["inventory"] else [])
    )
    assert len(read_documents(told.settings(), Selection()).notes) == 1
    with pytest.raises(errors.IncompleteStockError, match=r"Server shelf-1 \(id 1\) is left out.*ignore_tag"):
        read_documents(told.settings(), Selection(), strict=True)


def test_the_token_is_in_no_representation(told: Told) -> None:
    assert TOKEN not in repr(told.settings())
