# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole run on a cluster in memory, with faults at chosen calls."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.hostkeys import KnownHosts
from ansible_collections.ent.renfort.plugins.module_utils.provision import Outcome, Provisioner, Request
from ansible_collections.ent.renfort.plugins.module_utils.provision_changes import Access
from ansible_collections.ent.renfort.plugins.module_utils.provision_decide import StrangerError
from ansible_collections.ent.renfort.plugins.module_utils.provision_limits import Limits
from ansible_collections.ent.renfort.plugins.module_utils.provision_report import (
    as_result,
    failure_message,
    skipped_warning,
    waiting_warning,
    warnings_of,
    withheld_warning,
)
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import TaskFailedError
from tests.unit.clients.fake_cluster import KEY, FakeCluster, FakeGuest, Fault
from tests.unit.machines import machine

NO_WORKER = "got no worker upid - start worker failed"
LOCKED = "can't lock file '/var/lock/qemu-server/lock-2003.conf' - got timeout"


QUICK = Limits(task_s=5, agent_s=5, agent_pause_s=0.01, lock_s=5, lock_pause_s=0.01)

MACHINES = tuple(machine(number) for number in range(1, 7))


class Bench:
    """A cluster, a known-hosts file, and runs on them."""

    def __init__(self, folder: Path) -> None:
        self.cluster = FakeCluster()
        self.known_hosts = folder / "known_hosts"
        self.lines: list[str] = []

    def run(self, machines: tuple[Machine, ...] = MACHINES, **changes: Any) -> Outcome:
        self.cluster.calls.clear()
        self.cluster.writes = 0
        request = Request(
            **{
                "machines": machines,
                "access": Access(user="ops", ssh_keys=("ssh-ed25519 AAAAkey ops@lab",)),
                "known_hosts_file": str(self.known_hosts),
                "limits": QUICK,
            }
            | changes
        )
        return Provisioner(self.cluster, request, self.lines.append).run()

    def changed_config(self, vmid: int, **values: Any) -> None:
        self.cluster.guests[vmid].config |= values


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def complete(bench: Bench) -> bool:
    """Whether every machine runs as planned and its key is known; asking sends no write."""
    outcome = bench.run()
    running = all(bench.cluster.guests[item.vmid].status == "running" for item in MACHINES)
    keys = KnownHosts(bench.known_hosts).hosts() == {item.ip for item in MACHINES}
    return running and keys and not outcome.changed and bench.cluster.writes_sent() == []


def test_the_first_run_makes_everything_and_the_second_sends_no_write(bench: Bench) -> None:
    first = bench.run()

    assert first.failures == {}
    assert first.changed
    assert first.writes == len(bench.cluster.writes_sent()) == 4 * len(MACHINES)
    guest = bench.cluster.guests[2002]
    assert (guest.node, guest.pool) == ("pve3", "renfort")
    assert guest.config["ipconfig0"] == "ip=10.83.20.12/24,gw=10.83.20.1"
    assert guest.config["net0"] == "virtio=BC:24:11:79:04:81,bridge=vmbr2"
    assert "size=8G" in guest.config["scsi0"]
    assert "description" not in guest.config
    assert f"10.83.20.12 {' '.join(KEY.split()[:2])}" in bench.known_hosts.read_text().splitlines()
    assert complete(bench)
    assert bench.lines[-1] == "All 6 guests are as planned."


def test_every_guest_that_ends_is_told_with_what_was_done_and_how_long_it_took(bench: Bench) -> None:
    bench.run((machine(2), machine(3)))

    assert bench.lines[0] == "2 of 2 guests need a change."
    ends = sorted(bench.lines[1:], key=lambda line: line.split()[1])
    assert [line.split(" ", 1)[0] for line in bench.lines[1:]] == ["[1/2]", "[2/2]"]
    steps = r"clone \d\.\d s, configure \d\.\d s, start \d\.\d s, answer \d\.\d s"
    assert re.fullmatch(rf"\[./2\] eure-web-02: {steps}", ends[0])
    assert re.fullmatch(rf"\[./2\] eure-web-03: {steps}", ends[1])


def test_a_dry_run_foretells_the_actions_and_sends_no_write(bench: Bench) -> None:
    foretold = bench.run(dry_run=True)

    assert bench.cluster.writes_sent() == []
    assert not bench.known_hosts.exists()
    assert foretold.changed
    assert {item["before"] for item in as_result(foretold, diff=True)["diff"]} == {""}
    kinds = [str(action.kind) for action in foretold.decisions[0].actions]
    assert kinds == ["clone", "configure", "grow", "start", "host_key"]


def test_one_changed_guest_costs_one_write(bench: Bench) -> None:
    bench.run()
    bench.changed_config(2003, name="renamed")

    outcome = bench.run()

    assert bench.cluster.writes_sent() == ["PUT nodes/pve4/qemu/2003/config"]
    assert [item.machine.name for item in outcome.decisions if item.actions] == ["eure-web-03"]
    assert complete(bench)


def test_a_guest_without_our_tag_stops_the_run_before_anything_is_touched(bench: Bench) -> None:
    bench.cluster.guests[2004] = FakeGuest("pve2", {"name": "payroll", "memory": "1024", "tags": "finance"})

    with pytest.raises(StrangerError, match="payroll on pve2"):
        bench.run()

    assert bench.cluster.writes_sent() == []


def test_a_missing_template_stops_the_run_before_anything_is_touched(bench: Bench) -> None:
    with pytest.raises(RenfortError, match="eure-web-07: the plan names template 9009"):
        bench.run((*MACHINES, machine(7, template=9009)))

    assert bench.cluster.writes_sent() == []


@pytest.mark.parametrize(
    "call",
    ["POST .*/clone", "PUT .*/2003/config", "PUT .*/2003/resize", "POST .*/2003/status/start"],
)
@pytest.mark.parametrize("after", [False, True], ids=["nothing done", "done all the same"])
def test_an_answer_that_leaves_the_outcome_open_is_settled_by_looking(
    bench: Bench, call: str, after: bool
) -> None:
    bench.cluster.faults = [Fault(call, NO_WORKER, after=after)]

    assert bench.run().failures == {}

    assert bench.cluster.faults[0].times == 0
    assert complete(bench)
    assert len(bench.cluster.guests) == 1 + len(MACHINES)


def test_a_guest_that_took_the_id_during_the_clone_is_not_touched(bench: Bench) -> None:
    stranger = FakeGuest("pve2", {"name": "payroll", "memory": "1024"})
    bench.cluster.faults = [Fault("POST .*/clone", NO_WORKER)]
    bench.cluster.after_fault = lambda: bench.cluster.guests.update({2003: stranger})

    outcome = bench.run((machine(3),))

    assert "Id 2003 is that of payroll on pve2" in str(outcome.failures["eure-web-03"])
    assert stranger.config == {"name": "payroll", "memory": "1024"}


@pytest.mark.parametrize("call", ["POST .*/clone", "PUT .*/config", "PUT .*/resize", "POST .*/start"])
def test_busy_locks_are_waited_out(bench: Bench, call: str) -> None:
    bench.cluster.faults = [Fault(call, LOCKED, times=5)]

    assert bench.run().failures == {}
    assert complete(bench)


def test_a_start_that_an_interrupted_run_asked_for_already_is_no_failure(bench: Bench) -> None:
    bench.cluster.faults = [Fault("POST .*/2003/status/start", "VM 2003 already running", after=True)]
    bench.cluster.fault_kind = TaskFailedError

    assert bench.run().failures == {}


def test_a_start_that_fails_is_told(bench: Bench) -> None:
    bench.cluster.faults = [Fault("POST .*/2003/status/start", "start failed: QEMU exited with code 1")]
    bench.cluster.fault_kind = TaskFailedError

    assert "QEMU exited" in str(bench.run().failures["eure-web-03"])


def test_a_list_that_lags_is_waited_for_even_if_nothing_is_left_to_do(bench: Bench) -> None:
    bench.run()
    bench.cluster.lagging = 3

    assert not bench.run().changed

    assert bench.cluster.lagging == 0
    assert [call for call in bench.cluster.calls if call == "GET cluster/resources"] == [
        "GET cluster/resources"
    ] * 4


def test_a_guest_that_fails_stops_no_other_and_the_next_run_completes_it(bench: Bench) -> None:
    bench.cluster.faults = [Fault("PUT .*/2003/config", "storage 'vmdata' is not online")]

    outcome = bench.run()

    assert list(outcome.failures) == ["eure-web-03"]
    assert failure_message(outcome).startswith(
        "1 of 6 guests could not be provisioned. eure-web-03: Could not configure eure-web-03 (2003): storage"
    )
    assert bench.cluster.guests[2004].status == "running"
    assert any("eure-web-03: FAILED" in line for line in bench.lines)

    again = bench.run()
    assert [item.machine.name for item in again.decisions if item.actions] == ["eure-web-03"]
    assert complete(bench)


@pytest.mark.parametrize(("state", "words"), [("offline", "off-line"), ("maintenance", "in maintenance")])
def test_a_hypervisor_out_of_service_is_skipped_said_so_and_gone_on(
    bench: Bench, state: str, words: str
) -> None:
    if state == "offline":
        bench.cluster.nodes["pve4"] = "offline"
    else:
        bench.cluster.maintenance.add("pve4")

    outcome = bench.run()

    assert outcome.failures == {}
    assert outcome.skipped == {"eure-web-03": f"pve4 is {words}"}
    assert len(bench.cluster.guests) == len(MACHINES)
    assert skipped_warning(outcome).startswith(f"1 guests were left as they are: pve4 is {words}.")
    assert f"1 guests are left alone: pve4 is {words}." in bench.lines


def test_a_token_that_may_not_ask_for_maintenance_is_worth_a_warning(bench: Bench) -> None:
    bench.cluster.blind = True

    outcome = bench.run()

    assert outcome.failures == {}
    assert [text for text in warnings_of(outcome) if "lacks Sys.Audit on /" in text] != []


def test_guests_of_a_server_that_is_to_be_racked_wait_for_it(bench: Bench) -> None:
    waiting = machine(7, hypervisor="shelf-01")

    outcome = bench.run((*MACHINES, waiting), awaited=frozenset({"shelf-01"}))

    assert outcome.failures == {}
    assert complete(bench)
    assert as_result(outcome, diff=False)["waiting"] == {"eure-web-07": "shelf-01"}
    assert waiting_warning(outcome).startswith("1 guests were not made: the plan puts shelf-01 into service")
    assert any("1 guests wait for shelf-01" in line for line in bench.lines)


def test_a_server_that_joined_the_cluster_is_waited_for_no_longer(bench: Bench) -> None:
    joined = bench.run((*MACHINES, machine(7, hypervisor="pve4")), awaited=frozenset({"pve4"}))

    assert joined.waiting == {}
    assert waiting_warning(joined) == ""
    assert 2007 in bench.cluster.guests


def test_guests_of_a_hypervisor_that_nobody_awaits_fail(bench: Bench) -> None:
    outcome = bench.run((*MACHINES, machine(7, hypervisor="shelf-01")))

    assert list(outcome.failures) == ["eure-web-07"]


def test_an_agent_that_stays_silent_fails_with_its_guest_s_name(bench: Bench) -> None:
    bench.cluster.agent_silent = 10**6

    outcome = bench.run((machine(3),), limits=replace(QUICK, agent_s=0))

    assert "read the ssh host key of eure-web-03 (2003)" in str(outcome.failures["eure-web-03"])


def test_a_new_guest_s_key_takes_the_place_of_its_predecessor_s(bench: Bench) -> None:
    old = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    KnownHosts(bench.known_hosts).record(machine(3).ip, old)

    bench.run((machine(3),))

    assert bench.known_hosts.read_text() == f"{machine(3).ip} {' '.join(KEY.split()[:2])}\n"


def test_a_change_that_needs_a_restart_waits_for_permission(bench: Bench) -> None:
    bench.run()
    bench.changed_config(2003, memory="1024")

    kept = bench.run()

    assert not kept.changed
    assert bench.cluster.writes_sent() == []
    assert "eure-web-03 (memory)" in withheld_warning(kept)

    allowed = bench.run(allow_restart=True)

    assert [call.rsplit("/", 1)[1] for call in bench.cluster.writes_sent()] == ["shutdown", "config", "start"]
    assert withheld_warning(allowed) == ""
    assert complete(bench)


def test_a_change_that_a_running_guest_does_not_take_after_all_is_told_as_withheld(bench: Bench) -> None:
    bench.run()
    other_bridge = bench.cluster.guests[2003].config["net0"].replace("vmbr2", "vmbr1")
    bench.changed_config(2003, net0=other_bridge)
    bench.cluster.guests[2003].stubborn = frozenset({"net0"})

    outcome = bench.run()

    assert bench.cluster.writes_sent() == ["PUT nodes/pve4/qemu/2003/config"]
    assert "eure-web-03 (net0)" in withheld_warning(outcome)
    again = bench.run()
    assert not again.changed
    assert [item["key"] for item in as_result(again, diff=False)["withheld"]] == ["net0"]


def test_the_result_tells_actions_reasons_and_the_difference(bench: Bench) -> None:
    bench.run()
    bench.changed_config(2003, name="renamed")

    result = as_result(bench.run(dry_run=True), diff=True)

    assert result["changed"]
    assert result["actions"] == [
        {"guest": "eure-web-03", "action": "configure", "reason": "name: renamed -> eure-web-03"}
    ]
    assert result["diff"] == [
        {
            "before_header": "eure-web-03 (2003)",
            "after_header": "eure-web-03 (2003)",
            "before": "name: renamed\n",
            "after": "name: eure-web-03\n",
        }
    ]
    assert result["machines"][2] == {
        "name": "eure-web-03",
        "vmid": 2003,
        "hypervisor": "pve4",
        "address": "10.83.20.13",
        "changed": True,
    }
