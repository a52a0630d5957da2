# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.provision_check import (
    Places,
    check_places,
    kind_problem,
)
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import (
    ClusterView,
    guests_from,
    view_from,
)

GIB = 1024**3

NONE = Places(refused={}, skipped={})

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
    assert check_places([MACHINE], view({"vmid": 1, "maxmem": 6 * GIB})) == NONE


def test_memory_of_guests_that_came_after_the_plan_counts_even_if_they_are_stopped() -> None:
    places = check_places([MACHINE], view({"vmid": 1, "maxmem": 7 * GIB, "status": "stopped"}))

    assert "pve1 lacks 1024 MiB" in str(places.refused["eure-web-02"])


def test_templates_take_no_memory() -> None:
    assert check_places([MACHINE], view({"vmid": 9000, "maxmem": 8 * GIB, "template": 1})) == NONE


def test_new_machines_are_counted_together() -> None:
    others = [replace(MACHINE, name=f"m{number}", vmid=number) for number in range(3000, 3005)]

    assert list(check_places(others, view()).refused) == ["m3004"]


def test_a_machine_that_exists_needs_no_further_memory() -> None:
    existing = {"vmid": 2003, "maxmem": 2 * GIB, "name": "eure-web-02"}

    assert check_places([MACHINE], view(existing, {"vmid": 1, "maxmem": 6 * GIB})) == NONE


def test_an_off_line_hypervisor_skips_only_its_own_machines() -> None:
    places = check_places(
        [MACHINE, replace(MACHINE, name="other", hypervisor="pve9")], view(status="offline")
    )

    assert places.skipped == {"eure-web-02": "pve1 is off-line"}
    assert "the cluster has no hypervisor pve9" in str(places.refused["other"])


def test_memory_that_the_token_may_not_see_is_not_taken_for_none() -> None:
    blind = view_from([{"type": "node", "node": "pve1", "status": "online"}])

    with pytest.raises(RenfortError, match=r"Sys\.Audit on /nodes"):
        check_places([MACHINE], blind)


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"type": "lxc"}, "is a container"),
        ({"type": "qemu", "template": 1}, "is a template"),
        ({"type": "qemu"}, ""),
    ],
)
def test_only_a_virtual_machine_that_is_no_template_may_be_a_machine(
    row: dict[str, Any], problem: str
) -> None:
    (guest,) = guests_from([{"vmid": 2003, "node": "pve1", **row}])

    assert kind_problem(guest) == problem
