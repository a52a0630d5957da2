# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine is added, and another one killed, between a login and the validation of its ticket."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from extensions.molecule.cas.tests.scenario import ADDRESSES, PASSWORD, machine
from lab.cas_browser import Browser, ticket_in
from lab.machines import Platform, up
from lab.podman import Podman

SERVICE = "https://portal.test/"


def tell_haproxy(command: str, server: str) -> None:
    """Command HAProxy through its Runtime API."""
    program = (
        "import socket; s = socket.socket(socket.AF_UNIX); s.connect('/run/haproxy/admin.sock'); "
        f"s.sendall(b'{command} cas/{server}\\\\n'); print(s.recv(4096).decode())"
    )
    machine("front").check_output(f'python3 -c "{program}"')


def answering(visitor: Callable[[], Browser], times: int = 12) -> set[str]:
    """The machines that answer through the load balancer."""
    return {visitor().get("/cas/login").headers["x-renfort-machine"] for _ in range(times)}


def test_a_machine_added_and_one_killed_between_login_and_validation(
    visitor: Callable[[], Browser], accounts: Callable[[str, int], str]
) -> None:
    assert answering(visitor) == {"cas-a", "cas-b"}
    signed_in = visitor()
    answer = signed_in.sign_in(accounts("teacher", 80), PASSWORD, SERVICE)
    issuer = answer.headers["x-renfort-machine"]

    tell_haproxy("enable server", "cas-c")
    deadline = time.monotonic() + 10
    while "cas-c" not in answering(visitor):
        assert time.monotonic() < deadline, "the added machine does not answer"

    asyncio.run(Podman().run("kill", "--signal=KILL", issuer))
    try:
        assert "<cas:profile>teacher</cas:profile>" in visitor().validate(ticket_in(answer), SERVICE)
        # The session goes on as well, without another password.
        assert ticket_in(signed_in.get("/cas/login", service=SERVICE))
        assert issuer not in answering(visitor)
    finally:
        address = ADDRESSES[issuer.removeprefix("cas-")]
        asyncio.run(up([Platform(name=issuer, image="debian-13", address=address)], Podman()))
        tell_haproxy("disable server", "cas-c")

    deadline = time.monotonic() + 60
    while issuer not in answering(visitor, 4):
        assert time.monotonic() < deadline, "the machine is not back in service a minute after it booted"
        time.sleep(1)
