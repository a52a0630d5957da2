# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers are enrolled when they are the planned ones, with the host key that somebody vouches for."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError
from ansible_collections.ent.renfort.plugins.module_utils.hostkeys import KnownHosts
from ansible_collections.ent.renfort.plugins.module_utils.plan_states import Outcome, as_result
from ansible_collections.ent.renfort.plugins.module_utils.server_enrol import Request, ServerEnrol
from ansible_collections.ent.renfort.plugins.module_utils.ssh_host import fingerprint
from tests.unit.clients.shelf import plan_of, states
from tests.unit.clients.ssh_server import SshServer

NOW = "2020-03-28T17:20:00Z"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[SshServer]:
    running = SshServer(tmp_path / "ssh", serial="CZ1")
    yield running
    running.close()


class Bench:
    def __init__(self, server: SshServer, folder: Path) -> None:
        self.server = server
        self.plan = folder / "fleet.yml"
        self.known = KnownHosts(folder / "known_hosts")
        self.told: list[str] = []

    @property
    def host(self) -> str:
        return f"[127.0.0.1]:{self.server.port}"

    def planned(self, **fields: Any) -> None:
        base = {"name": "s1", "state": "powered", "since": NOW, "bmc": "https://127.0.0.1:1"}
        row = {**base, "address": "127.0.0.1", **fields}
        plan_of(self.plan, {key: value for key, value in row.items() if value is not None})

    def run(self, **changes: Any) -> Outcome:
        values = {
            "plan_file": self.plan,
            "known_hosts_file": self.known.path,
            "private_key_file": str(self.server.identity_file),
            "port": self.server.port,
            "wait_s": 0.0,
            **changes,
        }
        return ServerEnrol(Request(**values), self.told.append, clock=lambda: NOW).run()

    def failure(self, **changes: Any) -> str:
        outcome = self.run(**changes)
        assert states(self.plan)["s1"] != "enrolled"
        return outcome.failures["s1"]


@pytest.fixture
def bench(server: SshServer, tmp_path: Path) -> Bench:
    return Bench(server, tmp_path)


@pytest.mark.parametrize("expected", ["fingerprint", "public_key"])
def test_a_server_with_the_stated_key_is_enrolled_and_its_key_pinned(bench: Bench, expected: str) -> None:
    bench.planned(host_key=getattr(bench.server, expected))
    outcome = bench.run()

    assert outcome.failures == {}
    assert states(bench.plan) == {"s1": "enrolled"}
    assert bench.known.keys(bench.host) == (bench.server.public_key,)
    reason = f"answers at {bench.host} with the host key {bench.server.fingerprint}"
    assert bench.told == [f"s1: enrol: {reason}"]

    again = bench.run()
    assert not again.changed
    assert again.steps["s1"].reason == f"is enrolled since {NOW}"


def test_what_is_pinned_is_what_ssh_itself_accepts(bench: Bench) -> None:
    bench.planned(host_key=bench.server.fingerprint)
    bench.run()
    words = ["ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]
    words += ["-o", f"UserKnownHostsFile={bench.known.path}", "-i", str(bench.server.identity_file)]
    ended = subprocess.run([*words, "-p", str(bench.server.port), "ops@127.0.0.1", "true"], check=False)
    assert ended.returncode == 0


def test_a_dry_run_says_the_same_and_writes_nothing(bench: Bench) -> None:
    bench.planned(host_key=bench.server.fingerprint)
    before = bench.plan.read_bytes()
    result = as_result(bench.run(dry_run=True), bench.plan)
    assert result["changed"]
    assert (result["diff"]["before"], result["diff"]["after"]) == ("s1: powered\n", "s1: enrolled\n")
    assert bench.plan.read_bytes() == before
    assert not bench.known.path.exists()


def test_a_key_that_nobody_vouches_for_is_shown_and_refused(bench: Bench) -> None:
    bench.planned()
    text = bench.failure()
    assert (
        f"Nobody said which host key s1 has; {bench.host} shows ssh-ed25519 {bench.server.fingerprint}"
        in text
    )
    assert '{"renfort_accept_host_keys": {"s1": "SHA256:…"}}' in text
    assert not bench.known.path.exists()


def test_a_fingerprint_that_an_operator_compared_is_accepted(bench: Bench) -> None:
    bench.planned()
    assert bench.run(accepted={"s1": bench.server.fingerprint}).failures == {}
    assert states(bench.plan) == {"s1": "enrolled"}


@pytest.mark.parametrize("how", ["plan", "accepted"])
def test_another_key_is_refused(bench: Bench, how: str) -> None:
    other = f"SHA256:{'x' * 43}"
    bench.planned(host_key=other if how == "plan" else None)
    text = bench.failure(accepted={"s1": other} if how == "accepted" else {})
    assert f"does not have the host key of s1: it shows ssh-ed25519 {bench.server.fingerprint}" in text
    assert other in text
    assert not bench.known.path.exists()


def test_a_key_that_changed_is_refused_whatever_is_accepted(bench: Bench) -> None:
    old = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    bench.known.record(bench.host, old)
    bench.planned(host_key=bench.server.fingerprint)
    text = bench.failure(accepted={"s1": bench.server.fingerprint})
    assert "is not the one that was pinned" in text
    assert fingerprint(old) in text
    assert f"ssh-keygen -f {bench.known.path} -R '{bench.host}'" in text
    assert bench.known.keys(bench.host) == (" ".join(old.split()[:2]),)


def test_a_pinned_key_is_enough(bench: Bench) -> None:
    """A run that was cut off after it pinned the key, or an operator who did it by hand."""
    bench.known.record(bench.host, bench.server.public_key)
    bench.planned()
    assert bench.run().failures == {}
    assert states(bench.plan) == {"s1": "enrolled"}


def test_a_pinned_key_does_not_outweigh_the_plan(bench: Bench) -> None:
    bench.known.record(bench.host, bench.server.public_key)
    bench.planned(host_key=f"SHA256:{'x' * 43}")
    assert "does not have the host key of s1" in bench.failure()


@pytest.mark.parametrize("state", ["enrolled", "in_service"])
def test_a_server_that_another_controller_enrolled_is_pinned_here_too(bench: Bench, state: str) -> None:
    bench.planned(state=state, host_key=bench.server.fingerprint)
    before = bench.plan.read_bytes()
    outcome = bench.run()
    assert outcome.steps["s1"].action == "pin its host key"
    assert bench.known.keys(bench.host) == (bench.server.public_key,)
    assert bench.plan.read_bytes() == before


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"serial": "CZ9"}, "it has the serial number CZ1, and the plan says CZ9"),
        ({"mac": "52:54:00:00:00:01"}, "and the plan says 52:54:00:00:00:01"),
        ({"name": "s2"}, "it calls itself s1"),
    ],
)
def test_another_machine_is_refused(bench: Bench, fields: dict[str, str], message: str) -> None:
    name = fields.get("name", "s1")
    bench.planned(host_key=bench.server.fingerprint, **fields)
    outcome = bench.run()
    assert message in outcome.failures[name]
    assert f"is not known to be {name}" in outcome.failures[name]
    assert states(bench.plan) == {name: "powered"}
    assert not bench.known.path.exists()


def test_a_serial_number_that_cannot_be_read_is_no_proof(tmp_path: Path) -> None:
    silent = SshServer(tmp_path / "ssh", serial="")
    try:
        bench = Bench(silent, tmp_path)
        bench.planned(host_key=silent.fingerprint, serial="CZ1")
        assert "does not tell its serial number to ops" in bench.failure()
    finally:
        silent.close()


def test_the_right_serial_number_and_interface_are_enough(bench: Bench) -> None:
    bench.planned(host_key=bench.server.fingerprint, serial="cz1", mac="00:00:00:00:00:00", name="s7")
    assert bench.run().failures == {}


def test_an_operator_who_is_not_let_in_is_told(bench: Bench, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger"
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(stranger))
    stranger.chmod(0o600)
    bench.planned(host_key=bench.server.fingerprint)
    text = bench.failure(private_key_file=str(stranger))
    assert f"{bench.host} does not let ops in" in text


def test_a_server_that_does_not_answer_is_told(bench: Bench) -> None:
    bench.planned()
    bench.server.shut()
    try:
        assert f"Nothing answers as ssh at {bench.host}" in bench.failure()
        step = bench.run(dry_run=True).steps["s1"]
        assert step.waits_for == "its installation"
    finally:
        bench.server.open()


def test_a_server_that_answers_later_is_waited_for(bench: Bench) -> None:
    bench.planned(host_key=bench.server.fingerprint)
    bench.server.shut()
    later = threading.Timer(1.0, bench.server.open)
    later.start()
    outcome = bench.run(wait_s=30.0)
    later.join()
    assert outcome.failures == {}
    assert bench.told[0] == f"s1: waits for ssh at {bench.host}, up to 30 s"


def test_a_server_that_was_installed_again_is_refused(bench: Bench) -> None:
    bench.planned(host_key=bench.server.fingerprint)
    bench.run()
    bench.server.shut()
    bench.server.open(asyncssh.generate_private_key("ssh-ed25519"))
    bench.planned()
    assert "is not the one that was pinned" in bench.failure()


@pytest.mark.parametrize(
    ("fields", "waits"),
    [
        ({"state": "racked", "since": None}, "power: ent.renfort.server_power"),
        (
            {"state": "racked", "since": None, "origin": "supplier-a"},
            "the delivery supplier-a, and its racking",
        ),
        ({"address": None}, "its address among the servers of the stock, and a new plan"),
    ],
)
def test_a_server_that_is_not_that_far_waits(bench: Bench, fields: dict[str, Any], waits: str) -> None:
    bench.planned(**fields)
    outcome = bench.run()
    assert (outcome.failures, outcome.changed) == ({}, False)
    assert outcome.steps["s1"].waits_for == waits


def test_a_server_that_somebody_switched_on_by_hand_is_enrolled(bench: Bench) -> None:
    bench.planned(state="racked", since=None, bmc=None, host_key=bench.server.fingerprint)
    assert bench.run().failures == {}
    assert states(bench.plan) == {"s1": "enrolled"}


def test_a_server_without_a_bmc_that_is_off_waits_for_people(bench: Bench) -> None:
    bench.planned(state="racked", since=None, bmc=None)
    bench.server.shut()
    try:
        outcome = bench.run(wait_s=30.0)
        assert outcome.failures == {}
        assert outcome.steps["s1"].waits_for == "somebody who switches it on: it has no bmc"
    finally:
        bench.server.open()


def test_a_fingerprint_for_a_server_that_is_not_planned_is_refused(bench: Bench) -> None:
    bench.planned()
    with pytest.raises(InputError, match='puts no server "s9" into service'):
        bench.run(accepted={"s9": bench.server.fingerprint})
