# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases against the emulator: the same calls as to a real cluster, with the documented privileges."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import release
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.live import parse_live
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerState, ServerUse
from ansible_collections.ent.renfort.plugins.module_utils.inputs import (
    load_inputs,
    load_plan,
    plan_lock,
    write_plan,
)
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import read_settled_cluster
from ansible_collections.ent.renfort.plugins.module_utils.release import Outcome, Releaser, Request
from ansible_collections.ent.renfort.plugins.module_utils.release_act import Limits
from ansible_collections.ent.renfort.plugins.module_utils.release_decide import ReleaseError, Wanted
from ansible_collections.ent.renfort.plugins.module_utils.release_report import as_result, failure_message
from lab.pve.faults import Rule
from tests.unit.clients.emulator import ROOT, Emulator
from tests.unit.clients.test_provision_emulated import provision
from tests.unit.machines import machine

MACHINES = tuple(machine(number) for number in range(1, 7))
GUEST_KEYS = ("vmid", "name", "node", "tags", "template", "cores", "memory_mib")

LAST = ("eure-web-05", "eure-web-06")


def nap(seconds: float) -> None:
    """Wait as the emulator's own clock runs."""
    time.sleep(seconds / 50)


class Site:
    """Six web machines of Eure in the emulator, of which the lab's demand asks for four, and their plan."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.inputs = folder / "inputs"
        shutil.copytree(ROOT / "inventories/lab/group_vars/all", self.inputs)
        self.plan = self.inputs / "fleet.yml"
        self.known_hosts = folder / "known_hosts"
        self.told: list[str] = []
        write_plan(self.plan, Plan.of(machines=MACHINES))
        assert provision(emulator, folder, MACHINES).failures == {}

    def request(self, *names: str, confirm: str | None = None, **changes: Any) -> Request:
        request = Request(
            wanted=Wanted(names=names, drained=frozenset({"web"})),
            inputs_dir=str(self.inputs),
            plan_file=self.plan,
            known_hosts_file=str(self.known_hosts),
            confirm=" ".join(names) if confirm is None else confirm,
            limits=Limits(guests=1),
        )
        return replace(request, **changes)

    def release(self, request: Request, client: Client | None = None) -> Outcome:
        client = client or Client(self.emulator.settings(), read_only=request.dry_run, sleep=nap)
        return Releaser(client, request, self.told.append).run()

    def traces_of(self, *names: str) -> list[str]:
        """What is left of machines: guests, volumes, plan entries, host keys, pool members."""
        gone = [it for it in MACHINES if it.name in names]
        ids = {it.vmid for it in gone}
        pool = self.emulator.table("pools")["renfort"].get("vms", [])
        keys = self.known_hosts.read_text()
        return [
            *(f"guest {vmid}" for vmid in ids if str(vmid) in self.emulator.table("guests")),
            *(key for key, row in self.emulator.table("volumes").items() if row.get("vmid") in ids),
            *(f"plan {it.name}" for it in load_plan(self.plan).machines if it.name in names),
            *(f"key {it.ip}" for it in gone if f"{it.ip} " in keys),
            *(f"member {vmid}" for vmid in ids if vmid in pool),
        ]


@pytest.fixture(scope="module")
def emulator(certificate: Path) -> Iterator[Emulator]:
    running = Emulator(certificate, speed=200.0)
    yield running
    running.close()


@pytest.fixture
def site(emulator: Emulator, tmp_path: Path) -> Iterator[Site]:
    """Six guests as planned; what a test released is made again for the next one."""
    yield Site(emulator, tmp_path)
    emulator.cluster.faults.clear()


def test_a_release_leaves_nothing_and_a_second_run_writes_nothing(site: Site) -> None:
    first = site.release(site.request(*LAST))

    assert first.failures == {}
    assert site.traces_of(*LAST) == []
    assert [machine.name for machine in load_plan(site.plan).machines] == [it.name for it in MACHINES[:4]]
    assert {(name, action) for name, action, _ in first.done} == {
        (name, action) for name in LAST for action in ("stop", "forget", "remove", "free")
    }

    second = site.release(site.request(*LAST))

    assert (second.changed, second.writes) == (False, 0)
    assert ["released before" in note for note in second.release.notes] == [True, True]


def test_a_freed_id_and_address_are_given_out_again_once_the_demand_asks(site: Site) -> None:
    site.release(site.request("eure-web-03", "eure-web-04", *LAST))
    view = read_settled_cluster(Client(site.emulator.settings()))
    live = parse_live(
        [asdict(node) for node in view.hypervisors],
        [{name: asdict(guest)[name] for name in GUEST_KEYS} for guest in view.guests],
        source="test",
    )
    planned = make_plan(load_inputs(site.inputs), live, load_plan(site.plan)).plan

    names = [it.name for it in planned.machines if it.tenant == "eure" and it.tier == "web"]
    assert names == [it.name for it in MACHINES[:3]]
    (again,) = (it for it in planned.machines if it.name == "eure-web-03")
    assert again.ip == machine(3).ip


def test_nothing_is_touched_without_confirmation(site: Site) -> None:
    for confirm in ("", "yes", "eure-web-05"):
        before = site.emulator.counted()["writes"]
        with pytest.raises(ReleaseError, match="renfort_confirm_removal") as caught:
            site.release(site.request(*LAST, confirm=confirm))
        assert "eure-web-05, eure-web-06 is not confirmed" in str(caught.value)
        assert site.emulator.counted()["writes"] == before
    assert len(load_plan(site.plan).machines) == 6


def test_a_dry_run_tells_all_and_writes_nothing(site: Site) -> None:
    before = site.plan.read_bytes(), site.known_hosts.read_bytes(), site.emulator.counted()["writes"]

    outcome = site.release(site.request("eure-web-06", confirm="", dry_run=True))

    assert (
        site.plan.read_bytes(),
        site.known_hosts.read_bytes(),
        site.emulator.counted()["writes"],
    ) == before
    result = as_result(outcome, plan_file="fleet.yml", confirm="eure-web-06", dry_run=True)
    assert [item["action"] for item in result["actions"]] == ["stop", "forget", "remove", "free"]
    assert (result["present"], result["confirmed"]) == (["eure-web-06"], True)
    assert outcome.release.digest in result["lines"][-1]
    assert "- name: eure-web-06" in result["diff"][1]["before"]
    assert "eure-web-06" not in result["diff"][1]["after"]


class Killed(BaseException):
    """The process ends here."""


class MortalClient(Client):
    """A client whose process is killed right after its n-th call, reading or writing, took effect."""

    left = 0

    def _call(self, verb: str, path: str, fields: dict[str, Any], doing: str) -> Any:
        answer = super()._call(verb, path, fields, doing)
        self.left -= 1
        if not self.left:
            raise Killed
        return answer


@pytest.mark.parametrize("number", range(1, 8))
def test_a_release_killed_after_any_call_is_finished_by_the_next_run(site: Site, number: int) -> None:
    """A release of one guest is seven calls at least; how often the end of a task is asked for varies."""
    mortal = MortalClient(site.emulator.settings(), sleep=nap)
    mortal.left = number
    with pytest.raises(Killed):
        site.release(site.request(LAST[0]), mortal)
    assert site.traces_of(LAST[0])

    again = site.release(site.request(LAST[0]))

    assert again.failures == {}
    assert site.traces_of(LAST[0]) == []
    assert site.release(site.request(LAST[0])).writes == 0


def test_a_release_killed_between_the_last_guest_and_the_plan_is_finished_by_the_next_run(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(release, "write_plan", killed)
        with pytest.raises(Killed):
            site.release(site.request(*LAST))
    assert site.traces_of(*LAST) == [f"plan {name}" for name in LAST]

    again = site.release(site.request(*LAST))

    assert {action for _, action, _ in again.done} == {"free"}
    assert (site.traces_of(*LAST), again.writes) == ([], 0)


def test_four_writing_calls_are_all_there_are(site: Site) -> None:
    assert site.release(site.request(*LAST)).writes == 4


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
@pytest.mark.parametrize("verb", ["POST", "DELETE"])
def test_a_cut_connection_is_settled_by_looking(site: Site, verb: str, after: bool) -> None:
    site.emulator.cluster.faults.add(Rule(action="cut", verb=verb, path="/qemu/2006", nth=1, after=after))

    outcome = site.release(site.request("eure-web-06"))
    if outcome.failures:
        assert not after or verb == "POST"
        outcome = site.release(site.request("eure-web-06"))

    assert outcome.failures == {}
    assert site.traces_of("eure-web-06") == []


def test_a_guest_that_does_not_obey_stays_unless_it_may_be_forced(site: Site) -> None:
    site.emulator.cluster.faults.add(Rule(action="task-fail", verb="POST", path="/2006/status/shutdown"))

    kept = site.release(site.request(*LAST))

    assert list(kept.failures) == ["eure-web-06"]
    assert "renfort_force_stop" in failure_message(kept)
    assert site.traces_of("eure-web-05") == []
    assert "plan eure-web-06" in site.traces_of("eure-web-06")

    forced = site.release(site.request(*LAST, force_stop=True))

    assert forced.failures == {}
    assert site.traces_of(*LAST) == []


def test_a_guest_under_protection_is_not_even_stopped(site: Site) -> None:
    row = site.emulator.table("guests")["2006"]
    site.emulator.write("guests", "2006", row | {"config": row["config"] | {"protection": 1}})

    outcome = site.release(site.request("eure-web-06"))

    assert "under protection" in failure_message(outcome)
    assert (outcome.writes, site.emulator.table("guests")["2006"]["status"]) == (0, "running")
    assert "plan eure-web-06" in site.traces_of("eure-web-06")
    site.emulator.write("guests", "2006", row)


def test_a_guest_that_became_somebody_elses_meanwhile_is_left_alone(site: Site) -> None:
    row = site.emulator.table("guests")["2006"]

    class SlowClient(Client):
        """A client of an operator who is overtaken between the list and the first call on the guest."""

        def get(self, path: str, *, doing: str, **params: Any) -> Any:
            if path.endswith("/2006/config"):
                site.emulator.write("guests", "2006", row | {"config": row["config"] | {"tags": "payroll"}})
            return super().get(path, doing=doing, **params)

    outcome = site.release(site.request("eure-web-06"), SlowClient(site.emulator.settings()))

    assert "left alone" in failure_message(outcome)
    assert outcome.writes == 0
    assert "plan eure-web-06" in site.traces_of("eure-web-06")
    site.emulator.write("guests", "2006", row)


def test_a_server_returns_to_the_shelf_by_leaving_the_plan(site: Site) -> None:
    server = ServerUse(
        name="shelf-01",
        site="",
        rack="r1",
        origin="",
        state=ServerState.IN_SERVICE,
        machine="eure-web-07",
        tier="web",
        tenant="eure",
        address="10.83.20.17/24",
        gateway="10.83.20.1",
        reason="demand",
    )
    plan = load_plan(site.plan)
    write_plan(site.plan, replace(plan, servers=(server,)))

    outcome = site.release(site.request("eure-web-07"))

    assert [(name, action) for name, action, _ in outcome.done] == [("eure-web-07", "free")]
    assert (load_plan(site.plan), outcome.writes) == (plan, 0)


def test_two_operators_never_release_at_once(site: Site) -> None:
    with plan_lock(site.plan), pytest.raises(RenfortError, match="another run holds its lock"):
        site.release(site.request("eure-web-06"))
