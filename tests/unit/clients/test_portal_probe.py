# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.portal_probe import ask, probe


class Portal(ThreadingHTTPServer):
    """A load balancer in small: answers in turn with the names it was given, and keeps the Host headers."""

    def __init__(self, names: list[str]) -> None:
        self.names = cycle(names)
        self.hosts: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    server: Portal

    def do_GET(self) -> None:
        self.server.hosts.append(self.headers["Host"])
        name = next(self.server.names)
        self.send_response(503 if name == "down" else 200)
        self.send_header("X-Renfort-Machine", name)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def portal(request: pytest.FixtureRequest) -> Iterator[Portal]:
    with Portal(request.param) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("portal", [["web-01", "web-02"]], indirect=True)
def test_probe_sees_every_machine_under_the_portal_s_name(portal: Portal) -> None:
    verdict = probe(
        ["127.0.0.1"],
        port=portal.server_port,
        portal="eure.ent.example",
        path="/",
        machines=["web-01", "web-02"],
        wait_s=0,
    )

    assert verdict.complete
    assert verdict.answered == {"web-01": 2, "web-02": 2}
    assert set(portal.hosts) == {"eure.ent.example"}


@pytest.mark.parametrize("portal", [["down", "down", "web-01"]], indirect=True)
def test_probe_goes_on_until_a_round_is_complete(portal: Portal) -> None:
    def run(wait_s: float) -> bool:
        return probe(
            ["127.0.0.1"], port=portal.server_port, portal="p", path="/", machines=["web-01"], wait_s=wait_s
        ).complete

    assert not run(wait_s=0)
    portal.names = cycle(["down", "down", "web-01", "web-01"])
    assert run(wait_s=5)


def test_nobody_listening_is_an_answer_with_its_error() -> None:
    with Portal(["x"]) as unused:
        port = unused.server_port

    answer = ask("127.0.0.1", port=port, portal="p", path="/", timeout_s=1)

    assert answer.status == 0
    assert "refused" in answer.error
