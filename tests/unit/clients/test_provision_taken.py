# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids and addresses that somebody took: the machine gets the next one, and the plan says so first."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.address_probe import AddressProbe
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.plan_records import SpareIds, SpareNetwork
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan, plan_lock, write_plan
from ansible_collections.ent.renfort.plugins.module_utils.plan_reassign import PlanFile
from ansible_collections.ent.renfort.plugins.module_utils.provision import Outcome
from ansible_collections.ent.renfort.plugins.module_utils.provision_report import as_result, warnings_of
from ansible_collections.ent.renfort.plugins.module_utils.provision_taken import Taken
from tests.unit.clients.fake_cluster import FakeGuest, Fault
from tests.unit.clients.test_provision import MACHINES, Bench
from tests.unit.machines import machine

NO_WORKER = "got no worker upid - start worker failed"

PLAN = Plan.of(
    machines=MACHINES,
    ids=[SpareIds(first=2000, last=2020)],
    networks=[
        SpareNetwork(name="eure", cidr="10.83.20.0/24", ranges=("10.83.20.11-10.83.20.99",), reserved=())
    ],
)


class Planned(Bench):
    """A bench whose machines stand in a plan file."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "fleet.yml"
        write_plan(self.file, PLAN)

    def provision(self, *, dry_run: bool = False, probe: bool = False) -> Outcome:
        reassign = PlanFile(self.file, dry_run=dry_run).reassign
        return self.run(load_plan(self.file).machines, reassign=reassign, dry_run=dry_run, probe=probe)

    def planned(self, name: str) -> tuple[int, str]:
        found = next(item for item in load_plan(self.file).machines if item.name == name)
        return found.vmid, found.ip


@pytest.fixture
def bench(tmp_path: Path) -> Planned:
    return Planned(tmp_path)


def stranger(**config: str) -> FakeGuest:
    return FakeGuest("pve2", {"name": "payroll", "memory": "1024", **config})


def as_planned(bench: Planned) -> bool:
    """Whether a second run finds nothing to do and sends no write."""
    again = bench.provision()
    return not again.changed and again.failures == {} and bench.cluster.writes_sent() == []


@pytest.mark.parametrize("tags", ["finance", "renfort;tier-cas", "renfort;tier-web;tenant-haut_rhin"])
def test_an_id_that_is_taken_is_replaced_and_its_guest_never_touched(bench: Planned, tags: str) -> None:
    bench.cluster.guests[2003] = stranger(tags=tags)

    outcome = bench.provision()

    assert outcome.failures == {}
    assert bench.planned("eure-web-03") == (2000, "10.83.20.13")
    assert bench.cluster.guests[2000].config["name"] == "eure-web-03"
    assert bench.cluster.guests[2003].config == {"name": "payroll", "memory": "1024", "tags": tags}
    moved = {"guest": "eure-web-03", "what": "id", "before": "2003", "after": "2000"}
    assert as_result(outcome, diff=False)["reassigned"] == [moved]
    assert any(line.startswith("eure-web-03: id 2003 is taken, it gets 2000") for line in bench.lines)
    assert as_planned(bench)


def test_another_machine_of_ours_with_that_id_is_not_made_into_this_one(bench: Planned) -> None:
    bench.cluster.guests[2003] = stranger(tags="renfort;tier-web;tenant-eure;ip-10.83.20.77")

    bench.provision()

    assert bench.planned("eure-web-03")[0] == 2000
    assert bench.cluster.guests[2003].config["name"] == "payroll"


def test_an_id_taken_during_the_clone_is_replaced(bench: Planned) -> None:
    bench.cluster.faults = [Fault("POST .*/clone", NO_WORKER)]
    bench.cluster.after_fault = lambda: bench.cluster.guests.update({2001: stranger()})

    outcome = bench.provision()

    assert outcome.failures == {}
    assert bench.planned("eure-web-01")[0] == 2000
    assert bench.cluster.guests[2001].config == {"name": "payroll", "memory": "1024"}
    assert as_planned(bench)


def test_an_address_that_another_guest_has_is_replaced(bench: Planned) -> None:
    bench.cluster.guests[150] = stranger(tags="renfort;tier-web;ip-10.83.20.13")

    outcome = bench.provision()

    assert outcome.failures == {}
    assert bench.planned("eure-web-03") == (2003, "10.83.20.17")
    assert bench.cluster.guests[2003].config["ipconfig0"] == "ip=10.83.20.17/24,gw=10.83.20.1"
    assert as_planned(bench)


def test_a_guest_that_has_its_address_keeps_it_whoever_else_claims_it(bench: Planned) -> None:
    bench.provision()
    bench.cluster.guests[150] = stranger(tags="renfort;tier-web;ip-10.83.20.13")

    assert as_planned(bench)
    assert bench.planned("eure-web-03") == (2003, "10.83.20.13")


def test_a_dry_run_foretells_the_replacement_and_leaves_the_plan(bench: Planned) -> None:
    bench.cluster.guests[2003] = stranger()
    before = bench.file.read_bytes()

    outcome = bench.provision(dry_run=True)

    assert [(move.before, move.after) for move in outcome.moves] == [("2003", "2000")]
    assert bench.file.read_bytes() == before
    assert bench.cluster.writes_sent() == []


def test_the_plan_says_so_before_anything_is_made_with_it(bench: Planned) -> None:
    """A run that is cut off at its first write has left the new id in the plan already."""
    bench.cluster.guests[2003] = stranger()
    bench.cluster.faults = [Fault("POST .*/clone", "storage 'vmdata' is not online", times=99)]

    assert len(bench.provision().failures) == len(MACHINES)

    assert bench.planned("eure-web-03")[0] == 2000


def test_a_plan_that_cannot_be_locked_stops_the_run_before_anything_is_touched(
    bench: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.cluster.guests[2003] = stranger()
    monkeypatch.setattr(f"{PlanFile.__module__}.LOCK_WAIT_S", 0.2)

    with plan_lock(bench.file), pytest.raises(RenfortError, match="another run holds its lock"):
        bench.provision()

    assert bench.cluster.writes_sent() == []


def test_two_operators_who_find_the_same_id_taken_agree_on_the_new_one(bench: Planned) -> None:
    taken = Taken(ids=frozenset({2003}), addresses=frozenset(), machines={"eure-web-03": ("id", "2003")})

    first = PlanFile(bench.file).reassign(taken)
    second = PlanFile(bench.file).reassign(taken)

    assert first == second == {"eure-web-03": replace(machine(3), vmid=2000)}


def test_an_address_at_which_something_listens_is_taken_and_not_given_again(
    bench: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two next ones, one answers as well."""
    listening = {"10.83.20.13", "10.83.20.17"}
    monkeypatch.setattr(f"{AddressProbe.__module__}.accepts", listening.__contains__)

    outcome = bench.provision(probe=True)

    assert outcome.failures == {}
    assert bench.planned("eure-web-03") == (2003, "10.83.20.18")
    assert outcome.remarks == ()


def test_where_every_address_answers_nothing_is_concluded_and_that_is_told(
    bench: Planned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{AddressProbe.__module__}.accepts", lambda _address: True)

    outcome = bench.provision(probe=True)

    assert outcome.moves == ()
    assert [text for text in warnings_of(outcome) if text.startswith("Every address of 10.83.20.0/24")] != []


def test_who_accepts_a_connection_answers_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(f"{AddressProbe.__module__}.SSH_PORT", server.getsockname()[1])

        assert AddressProbe().answering(["127.0.0.1/8", "127.0.0.2/8"]) == {"127.0.0.1"}
