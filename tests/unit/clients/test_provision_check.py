# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.provision_check import check_places
from ansible_collections.ent.renfort.plugins.module_utils.provision_decide import StrangerError
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import ClusterView, view_from

GIB = 1024**3

MACHINE = Machine(
    name="eure-web-02",
    vmid=2003,
    tier="web",
    tenant="eure",
    hypervisor="pve1",
    template=9000,
    cores=2,
    memory_mib=2048,
    disk_gib=8,
    storage="vmdata",
    bridge="vmbr2",
    address="10.83.20.12/24",
    gateway="10.83.20.1",
    nameservers=("10.83.20.1",),
    pool="renfort",
    reason="demand",
)


def view(*guests: dict[str, Any], status: str = "online") -> ClusterView:
    """A hypervisor of 8 GiB with these guests."""
    node = {"type": "node", "node": "pve1", "status": status, "maxcpu": 4, "maxmem": 8 * GIB}
    return view_from([node, *({"type": "qemu", "node": "pve1", **guest} for guest in guests)])


def test_a_machine_that_fits_is_not_refused() -> None:
    assert check_places([MACHINE], view({"vmid": 1, "maxmem": 6 * GIB})) == {}


def test_memory_of_guests_that_came_after_the_plan_counts_even_if_they_are_stopped() -> None:
    refused = check_places([MACHINE], view({"vmid": 1, "maxmem": 7 * GIB, "status": "stopped"}))

    assert "pve1 lacks 1024 MiB" in str(refused["eure-web-02"])


def test_templates_take_no_memory() -> None:
    assert check_places([MACHINE], view({"vmid": 9000, "maxmem": 8 * GIB, "template": 1})) == {}


def test_new_machines_are_counted_together() -> None:
    others = [replace(MACHINE, name=f"m{number}", vmid=number) for number in range(3000, 3005)]

    assert list(check_places(others, view())) == ["m3004"]


def test_a_machine_that_exists_needs_no_further_memory() -> None:
    existing = {"vmid": 2003, "maxmem": 2 * GIB, "name": "eure-web-02"}

    assert check_places([MACHINE], view(existing, {"vmid": 1, "maxmem": 6 * GIB})) == {}


def test_an_off_line_hypervisor_stops_only_its_own_machines() -> None:
    refused = check_places(
        [MACHINE, replace(MACHINE, name="other", hypervisor="pve9")], view(status="offline")
    )

    assert "pve1 is off-line" in str(refused["eure-web-02"])
    assert "the cluster has no hypervisor pve9" in str(refused["other"])


def test_memory_that_the_token_may_not_see_is_not_taken_for_none() -> None:
    blind = view_from([{"type": "node", "node": "pve1", "status": "online"}])

    with pytest.raises(RenfortError, match=r"Sys\.Audit on /nodes"):
        check_places([MACHINE], blind)


@pytest.mark.parametrize(
    ("guest", "words"),
    [
        ({"vmid": 2003, "type": "lxc", "name": "box"}, "box on pve1 bears it and is a container"),
        ({"vmid": 2003, "template": 1, "name": "golden"}, "golden on pve1 bears it and is a template"),
    ],
)
def test_an_id_of_another_kind_of_guest_stops_everything(guest: dict[str, Any], words: str) -> None:
    with pytest.raises(StrangerError, match=words):
        check_places([MACHINE], view(guest))
