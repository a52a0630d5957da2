# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Provisioning against the emulator: the same calls as to a real cluster, with the documented privileges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import fleet_from
from ansible_collections.ent.renfort.plugins.module_utils.provision import Outcome, Provisioner, Request
from ansible_collections.ent.renfort.plugins.module_utils.provision_changes import Access
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import (
    read_cluster,
    read_guests,
    read_settled_cluster,
)
from lab.pve.qemu.guests import row_of
from tests.unit.clients.emulator import Emulator
from tests.unit.clients.fake_cluster import FakeCluster, FakeGuest
from tests.unit.machines import machine

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@lab test+1"


MACHINES = tuple(machine(number, cores=4, memory_mib=4096) for number in range(1, 7))


@pytest.fixture
def emulator(certificate: Path) -> Iterator[Emulator]:
    running = Emulator(certificate)
    yield running
    running.close()


def provision(emulator: Emulator, folder: Path, machines: tuple[Machine, ...] = MACHINES) -> Outcome:
    request = Request(
        machines=machines,
        access=Access(user="ops", ssh_keys=(KEY,)),
        known_hosts_file=str(folder / "known_hosts"),
    )
    return Provisioner(Client(emulator.settings()), request, lambda _line: None).run()


def test_six_guests_are_made_with_the_documented_privileges_and_a_second_run_writes_nothing(
    emulator: Emulator, tmp_path: Path
) -> None:
    first = provision(emulator, tmp_path)

    assert first.failures == {}
    before = emulator.counted()
    assert before["writes"] == first.writes
    guest = emulator.table("guests")["2003"]
    assert (guest["node"], guest["status"]) == ("pve4", "running")
    assert guest["config"]["tags"] == "ip-10.83.20.13;renfort;tenant-eure;tier-web"
    assert (tmp_path / "known_hosts").read_text().count("ssh-ed25519") == 6

    second = provision(emulator, tmp_path)

    assert not second.changed
    assert [item.withheld for item in second.decisions if item.withheld] == []
    assert emulator.counted()["writes"] == before["writes"]


def test_a_data_disk_is_added_to_a_guest_that_runs_grows_with_the_plan_and_goes_with_no_plan(
    emulator: Emulator, tmp_path: Path
) -> None:
    def planned(gib: int) -> Outcome:
        return provision(emulator, tmp_path, (replace(MACHINES[0], data_disk_gib=gib),))

    provision(emulator, tmp_path, MACHINES[:1])
    for gib in (16, 2048):
        outcome = planned(gib)
        assert outcome.failures == {}
        assert outcome.changed
        disk = emulator.table("guests")["2001"]["config"]["scsi1"]
        assert disk == f"vmdata:2001/vm-2001-disk-1.raw,discard=on,size={'2T' if gib == 2048 else '16G'}"
        assert not planned(gib).changed

    for gib, note in ((8, "is larger than the planned 8G"), (0, "is not in the plan")):
        outcome = planned(gib)
        assert not outcome.changed
        assert [note in text for item in outcome.decisions for text in item.notes] == [True]
    assert emulator.table("guests")["2001"]["status"] == "running"


def test_the_inventory_shows_what_was_made_at_once(emulator: Emulator, tmp_path: Path) -> None:
    provision(emulator, tmp_path, MACHINES[:2])

    fleet = fleet_from(read_guests(Client(emulator.settings())))

    assert [(host.name, host.address, host.tier, host.tenant, host.hypervisor) for host in fleet.hosts] == [
        (item.name, item.ip, "web", "eure", item.hypervisor) for item in MACHINES[:2]
    ]
    assert fleet.warnings == ()


def test_names_that_the_list_does_not_know_yet_are_waited_for() -> None:
    cluster = FakeCluster()
    config = {"name": "eure-web-01", "memory": "1024", "tags": "renfort"}
    cluster.guests[2001] = FakeGuest("pve1", config)
    cluster.lagging = 3

    view = read_settled_cluster(cluster)

    assert [guest.name for guest in view.guests if guest.vmid == 2001] == ["eure-web-01"]
    assert len(cluster.calls) == 4


def test_names_on_an_off_line_hypervisor_are_not_waited_for() -> None:
    cluster = FakeCluster()
    cluster.guests[2001] = FakeGuest("pve1", {"name": "", "memory": "1024", "tags": "renfort"})
    cluster.nodes["pve1"] = "offline"

    assert len(read_settled_cluster(cluster).guests) == 2
    assert len(cluster.calls) == 1


def test_guests_of_a_hypervisor_that_went_off_line_stay_in_the_inventory(
    emulator: Emulator, tmp_path: Path
) -> None:
    provision(emulator, tmp_path, MACHINES[:2])
    emulator.write("nodes", "pve2", emulator.table("nodes")["pve2"] | {"online": False})

    view = read_cluster(Client(emulator.settings()))
    fleet = fleet_from(view.guests, planned_names={item.ip: item.name for item in MACHINES})

    assert [node.name for node in view.hypervisors if not node.online] == ["pve2"]
    assert {host.name for host in fleet.hosts} == {"eure-web-01", "eure-web-02"}


def test_a_guest_that_a_hypervisor_s_failure_left_half_made_stops_no_other_and_the_way_out_is_told(
    emulator: Emulator, tmp_path: Path
) -> None:
    config = {"lock": "clone", "description": " qmclone temporary file"}
    emulator.write("guests", "2001", row_of(2001, "pve1", config))

    outcome = provision(emulator, tmp_path, MACHINES[:2])

    assert list(outcome.failures) == ["eure-web-01"]
    assert "On pve1: `qm unlock 2001 && qm destroy 2001`" in str(outcome.failures["eure-web-01"])
    assert emulator.table("guests")["2001"]["config"] == config
    assert emulator.table("guests")["2002"]["status"] == "running"
