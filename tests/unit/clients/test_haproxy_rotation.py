# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Out of a rotation and back, and who is new: against a socket that answers as HAProxy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.haproxy_rotation import (
    NotBackError,
    come_back,
    leave,
    newcomers,
)
from ansible_collections.ent.renfort.plugins.module_utils.haproxy_runtime import Runtime, RuntimeApiError

READY, MAINTENANCE, DRAINED = 0, 1, 8
DOWN, UP = 0, 2
COLUMNS = (
    "# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight "
    "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
    "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port "
    "srv_check_addr srv_agent_addr srv_agent_port"
)


class Balancer:
    """A Runtime API with servers in memory; ``sessions`` ends one with each look at the statistics."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.admin: dict[str, int] = {}
        self.operational: dict[str, int] = {}
        self.sessions: dict[str, int] = {}
        self.commands: list[str] = []
        self.refusal = ""
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(path))
        self._listening.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def has(self, *servers: str, admin: int = READY, operational: int = UP, sessions: int = 0) -> None:
        for server in servers:
            self.admin[server], self.operational[server] = admin, operational
            self.sessions[server] = sessions

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.sendall(self._answer(connection.recv(4096).decode().strip()).encode())

    def _answer(self, command: str) -> str:
        self.commands.append(command)
        if command.startswith("show stat"):
            return self._statistics()
        if command == "show servers state":
            lines = [
                f"3 {server.partition('/')[0]} 1 {server.partition('/')[2]} 192.0.2.1 "
                f"{self.operational[server]} {self.admin[server]} 100 100 7 6 3 4 6 0 0 0 - 80 - 0 0 - - 0"
                for server in self.admin
            ]
            return "\n".join(["1", COLUMNS, *lines, ""])
        if self.refusal:
            return f"{self.refusal}\n"
        _set, _server, server, _state, state = command.rpartition("; ")[2].split()
        self.admin[server] = DRAINED if state == "drain" else READY
        return "\n"

    def _statistics(self) -> str:
        rows = []
        for server, sessions in self.sessions.items():
            backend, _, name = server.partition("/")
            rows.append(f"{backend},{name},0,,{sessions},5,UP")
            self.sessions[server] = max(0, sessions - 1)
        return "\n".join(["# pxname,svname,qcur,qmax,scur,smax,status", *rows, ""])


@pytest.fixture
def balancer(tmp_path: Path) -> Iterator[Balancer]:
    running = Balancer(tmp_path / "admin.sock")
    yield running
    running.close()


def api(balancer: Balancer) -> Runtime:
    return Runtime(str(balancer.path))


def nap(_seconds: float) -> None:
    """Wait for nothing: the balancer's time passes with each question."""


def test_a_server_leaves_every_backend_and_is_waited_for(balancer: Balancer) -> None:
    balancer.has("eure/web-01", sessions=3)
    balancer.has("api/web-01", "eure/web-02", "api/web-02")

    left = leave(api(balancer), ["web-01"], wait_s=60, pause=nap)

    assert left.drained == ("eure/web-01", "api/web-01")
    assert (left.busy, left.alone) == ((), ())
    assert balancer.admin == {
        "eure/web-01": DRAINED,
        "api/web-01": DRAINED,
        "eure/web-02": READY,
        "api/web-02": READY,
    }


def test_who_is_busy_when_the_time_is_over_is_told(balancer: Balancer) -> None:
    balancer.has("eure/web-01", sessions=50)
    balancer.has("eure/web-02")

    assert leave(api(balancer), ["web-01"], wait_s=0).busy == ("eure/web-01",)


@pytest.mark.parametrize("other", [(READY, DOWN), (MAINTENANCE, UP), (DRAINED, UP)])
def test_the_last_one_that_is_up_stays(balancer: Balancer, other: tuple[int, int]) -> None:
    balancer.has("eure/web-01")
    balancer.has("eure/web-02", admin=other[0], operational=other[1])

    left = leave(api(balancer), ["web-01"], wait_s=0)

    assert (left.drained, left.alone) == ((), ("eure/web-01",))
    assert balancer.admin["eure/web-01"] == READY


def test_what_somebody_took_out_is_left_as_it_is(balancer: Balancer) -> None:
    balancer.has("eure/web-01", admin=MAINTENANCE)
    balancer.has("eure/web-02")

    assert leave(api(balancer), ["web-01"], wait_s=0).drained == ()
    assert come_back(api(balancer), ["web-01"], wait_s=0) == ()
    assert balancer.admin["eure/web-01"] == MAINTENANCE


def test_check_mode_touches_nothing(balancer: Balancer) -> None:
    balancer.has("eure/web-01", "eure/web-02")

    assert leave(api(balancer), ["web-01"], wait_s=60, dry_run=True).drained == ("eure/web-01",)
    balancer.has("eure/web-01", admin=DRAINED)
    assert come_back(api(balancer), ["web-01"], wait_s=60, dry_run=True) == ("eure/web-01",)
    assert [command for command in balancer.commands if command.startswith("set")] == []


def test_a_server_comes_back_once_it_is_up(balancer: Balancer) -> None:
    balancer.has("eure/web-01", admin=DRAINED, operational=DOWN)
    looks: list[float] = []

    def heals(seconds: float) -> None:
        looks.append(seconds)
        if len(looks) == 3:
            balancer.operational["eure/web-01"] = UP

    assert come_back(api(balancer), ["web-01"], wait_s=60, pause=heals) == ("eure/web-01",)
    assert len(looks) == 3


def test_a_server_that_does_not_come_up_is_said(balancer: Balancer) -> None:
    balancer.has("eure/web-01", admin=DRAINED, operational=DOWN)

    with pytest.raises(NotBackError, match=r"after 0 s: eure/web-01 is down\. Look at the health check"):
        come_back(api(balancer), ["web-01"], wait_s=0)


def test_no_haproxy_has_nobody_in_its_rotation(tmp_path: Path) -> None:
    nobody = Runtime(str(tmp_path / "admin.sock"))

    assert leave(nobody, ["web-01"], wait_s=60).serving is False
    assert come_back(nobody, ["web-01"], wait_s=60) == ()


def test_a_refusal_is_told_in_haproxys_own_words(balancer: Balancer) -> None:
    balancer.has("eure/web-01", "eure/web-02")
    balancer.refusal = "[3]: Permission denied"

    with pytest.raises(RuntimeApiError, match=r"web-01 state drain': Permission denied"):
        leave(api(balancer), ["web-01"], wait_s=0)


class Machine(BaseHTTPRequestHandler):
    """Answers for its health on one path and under one name only."""

    def do_GET(self) -> None:
        good = self.path == "/cas/healthz" and self.headers["Host"] == "eure.ent.example"
        self.send_response(200 if good else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def test_of_those_that_it_does_not_know_the_silent_ones_are_told(balancer: Balancer) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Machine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    balancer.has("eure_cas/cas-01")
    servers = [{"name": name, "address": "127.0.0.1", "port": port} for name in ("cas-01", "cas-02")]
    backends = [
        {
            "name": "eure_cas",
            "hosts": ["eure.ent.example"],
            "check_path": "/cas/healthz",
            "servers": [*servers, {"name": "cas-03", "address": "127.0.0.1", "port": 9}],
        },
        {"name": "eure", "hosts": ["eure.ent.example"], "servers": [servers[0] | {"name": "web-01"}]},
        {"name": "empty", "hosts": ["empty.ent.example"]},
    ]

    found = newcomers(api(balancer), backends, check_path="/healthz", timeout_s=5, ask=True)
    unasked = newcomers(api(balancer), backends, check_path="/healthz", timeout_s=5, ask=False)
    server.shutdown()
    server.server_close()

    assert (found.known, found.answering, found.silent) == (1, ("cas-02",), ("cas-03", "web-01"))
    assert (unasked.answering, unasked.silent) == ((), ("cas-02", "cas-03", "web-01"))
