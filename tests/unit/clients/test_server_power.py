# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a plan are switched on once, whoever runs it and whatever cuts a run off."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError, RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan, plan_lock
from ansible_collections.ent.renfort.plugins.module_utils.plan_states import Outcome, as_result
from ansible_collections.ent.renfort.plugins.module_utils.redfish import Bmc
from ansible_collections.ent.renfort.plugins.module_utils.server_power import Request, ServerPower
from tests.unit.clients.shelf import PASSWORD, ROOT, USER, Shelf, plan_of, states

NOW = "2020-03-28T17:04:00Z"
SERVERS: dict[str, dict[str, Any]] = {
    "s1": {"mac": "52:54:00:00:00:01", "serial": "CZ1"},
    "s2": {"mac": "52:54:00:00:00:02"},
    "s3": {"mac": "52:54:00:00:00:03", "refuses": True},
    "on": {"mac": "52:54:00:00:00:04", "power": "On"},
    "slow": {"mac": "52:54:00:00:00:05", "delay_s": 3.0},
}

OPERATOR = f"""
import sys
from pathlib import Path
from ansible_collections.ent.renfort.plugins.module_utils.redfish_options import BmcSettings
from ansible_collections.ent.renfort.plugins.module_utils.server_power import Request, ServerPower
plan, certificate = sys.argv[1], sys.argv[2]
settings = BmcSettings(user={USER!r}, password={PASSWORD!r}, ca_file=certificate)
ServerPower(lambda: settings, Request(plan_file=Path(plan)), print).run()
"""
"""Another process that runs the same, to be killed."""


@pytest.fixture
def shelf(tmp_path: Path, certificate: Path) -> Iterator[Shelf]:
    service = Shelf(tmp_path / "shelf", certificate, SERVERS)
    yield service
    service.close()


@pytest.fixture
def told() -> list[str]:
    return []


class Bench:
    def __init__(self, shelf: Shelf, plan: Path, told: list[str]) -> None:
        self.shelf, self.plan, self.told = shelf, plan, told

    def servers(self, *names: str, **fields: Any) -> None:
        plan_of(self.plan, *({"name": name, "bmc": self.shelf.bmc(name), **fields} for name in names))

    def run(self, **changes: Any) -> Outcome:
        request = Request(**{"plan_file": self.plan, "wait_s": 5, "settle_s": 0, **changes})
        return ServerPower(self.shelf.settings, request, self.told.append, clock=lambda: NOW).run()


@pytest.fixture
def bench(shelf: Shelf, tmp_path: Path, told: list[str]) -> Bench:
    return Bench(shelf, tmp_path / "fleet.yml", told)


def test_racked_servers_are_switched_on_from_the_network_and_noted(bench: Bench) -> None:
    bench.servers("s1", "s2", serial="CZ1")
    outcome = bench.run()

    assert outcome.failures == {}
    assert bench.shelf.resets() == {"s1": ["On"], "s2": ["On"], "s3": [], "on": [], "slow": []}
    assert states(bench.plan) == {"s1": "powered", "s2": "powered"}
    assert {use.since for use in load_plan(bench.plan).servers} == {NOW}
    assert sorted(bench.told) == [
        "s1: switch on: is off; becomes a hypervisor",
        "s2: switch on: is off; becomes a hypervisor",
    ]

    again = bench.run()
    assert not again.changed
    assert again.steps["s1"].waits_for == "its installation, then enrolment"
    assert bench.shelf.resets()["s1"] == ["On"]


def test_a_dry_run_says_the_same_and_touches_nothing(bench: Bench) -> None:
    bench.servers("s1")
    before = bench.plan.read_bytes()
    result = as_result(bench.run(dry_run=True), bench.plan)

    assert result["changed"]
    assert result["servers"][0]["action"] == "switch on"
    assert (result["diff"]["before"], result["diff"]["after"]) == ("s1: racked\n", "s1: powered\n")
    assert bench.plan.read_bytes() == before
    assert bench.shelf.resets()["s1"] == []
    assert bench.told == []


def test_a_server_that_runs_already_is_never_restarted_unasked(bench: Bench) -> None:
    bench.servers("on")
    outcome = bench.run()

    assert not outcome.changed
    assert states(bench.plan) == {"on": "racked"}
    assert bench.shelf.resets()["on"] == []
    waits = "allow_restart, to install it from the network, or accept_running: [on]"
    assert outcome.steps["on"].waits_for == waits


def test_a_server_that_runs_already_is_accepted_by_name(bench: Bench) -> None:
    bench.servers("on")
    assert bench.run(accept_running=["on"]).changed
    assert states(bench.plan) == {"on": "powered"}
    assert bench.shelf.resets()["on"] == []


def test_a_server_that_runs_already_is_restarted_into_the_network_when_allowed(bench: Bench) -> None:
    bench.servers("on")
    assert bench.run(allow_restart=True).changed
    assert states(bench.plan) == {"on": "powered"}
    assert bench.shelf.resets()["on"] == ["ForceRestart"]

    # It was this plan that restarted it: it is not restarted again.
    assert not bench.run(allow_restart=True).changed
    assert bench.shelf.resets()["on"] == ["ForceRestart"]


def test_one_that_fails_does_not_stop_the_others_and_is_tried_again(bench: Bench) -> None:
    bench.servers("s1", "s2", "s3")
    outcome = bench.run(workers=1)

    assert list(outcome.failures) == ["s3"]
    assert "the power supplies are not redundant" in outcome.failures["s3"]
    assert bench.shelf.resets()["s1"] == bench.shelf.resets()["s2"] == ["On"]
    assert list(bench.run().failures) == ["s3"]


@pytest.mark.parametrize("cut", ["boot_from_network_once", "switch_on"])
def test_a_run_that_was_cut_off_is_completed_by_the_next(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    """The process ends where a kill would end it: before the call that comes next."""
    bench.servers("s1")

    class Killed(BaseException):
        pass

    def kill(*_args: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Bmc, cut, kill)
        with pytest.raises(Killed):
            bench.run()
    assert bench.shelf.resets()["s1"] == []

    assert bench.run().failures == {}
    assert states(bench.plan) == {"s1": "powered"}
    assert bench.shelf.resets()["s1"] == ["On"]


def test_a_run_that_is_killed_while_a_server_comes_up_is_not_done_twice(bench: Bench) -> None:
    bench.servers("slow")
    operator = subprocess.Popen(
        [sys.executable, "-c", OPERATOR, bench.plan, bench.shelf.certificate],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT / 'collections'}:{ROOT}"},
    )
    end = time.monotonic() + 20
    while bench.shelf.resets()["slow"] == [] and time.monotonic() < end:
        time.sleep(0.02)
    operator.kill()
    operator.wait(timeout=10)

    assert states(bench.plan) == {"slow": "powered"}
    assert not bench.run(settle_s=10).changed
    assert bench.shelf.resets()["slow"] == ["On"]


def test_two_operators_switch_a_server_on_once(bench: Bench) -> None:
    bench.servers("s1", "s2")
    outcomes: list[Outcome] = []
    both = [threading.Thread(target=lambda: outcomes.append(bench.run())) for _ in range(2)]
    for operator in both:
        operator.start()
    for operator in both:
        operator.join()

    assert [outcome.failures for outcome in outcomes] == [{}, {}]
    assert states(bench.plan) == {"s1": "powered", "s2": "powered"}
    assert (bench.shelf.resets()["s1"], bench.shelf.resets()["s2"]) == (["On"], ["On"])


def test_a_plan_that_is_being_written_is_waited_for(bench: Bench) -> None:
    bench.servers("s1")
    with plan_lock(bench.plan):
        operator = threading.Thread(target=bench.run)
        operator.start()
        operator.join(timeout=1.0)
        assert operator.is_alive()
        assert states(bench.plan) == {"s1": "racked"}
    operator.join(timeout=10)
    assert states(bench.plan) == {"s1": "powered"}


def test_a_plan_that_stays_locked_stops_the_server_before_it_is_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ansible_collections.ent.renfort.plugins.module_utils.plan_states.LOCK_WAIT_S", 0.3)
    bench.servers("s1")
    with plan_lock(bench.plan):
        outcome = bench.run()
    assert "another run holds its lock" in outcome.failures["s1"]
    assert bench.shelf.resets()["s1"] == []


def test_the_server_behind_a_bmc_must_be_the_planned_one(bench: Bench) -> None:
    bench.servers("s1", serial="CZ9")
    outcome = bench.run()
    assert "has the serial number CZ1, and the plan says CZ9" in outcome.failures["s1"]
    assert bench.shelf.resets()["s1"] == []


def test_servers_without_a_bmc_or_not_delivered_yet_wait_for_people(bench: Bench) -> None:
    plan_of(bench.plan, {"name": "s1"}, {"name": "s2", "bmc": "https://127.0.0.1:1", "origin": "supplier-a"})
    outcome = bench.run()
    assert outcome.failures == {}
    assert {name: step.waits_for for name, step in outcome.steps.items()} == {
        "s1": "somebody who switches it on, or its bmc in the stock and a new plan",
        "s2": "the delivery supplier-a, and its racking",
    }


@pytest.mark.parametrize("state", ["enrolled", "in_service"])
def test_servers_that_are_further_are_not_even_asked(bench: Bench, state: str) -> None:
    plan_of(bench.plan, {"name": "s1", "bmc": "https://127.0.0.1:1", "state": state, "since": NOW})
    outcome = bench.run(allow_restart=True)
    assert (outcome.failures, outcome.changed) == ({}, False)
    assert outcome.steps["s1"].reason == f"is {state.replace('_', ' ')} since {NOW}"


@pytest.mark.parametrize("option", ["names", "accept_running"])
def test_a_name_that_is_not_planned_is_refused_before_anything(bench: Bench, option: str) -> None:
    bench.servers("s1")
    with pytest.raises(InputError, match='puts no server "s7" into service'):
        bench.run(**{option: ["s7"]})
    assert bench.shelf.resets()["s1"] == []


def test_only_the_named_servers_are_touched(bench: Bench) -> None:
    bench.servers("s1", "s2")
    bench.run(names=["s2"])
    assert states(bench.plan) == {"s1": "racked", "s2": "powered"}


def test_a_plan_that_is_not_there_is_told(bench: Bench) -> None:
    with pytest.raises(RenfortError, match="there is no plan yet"):
        bench.run()
