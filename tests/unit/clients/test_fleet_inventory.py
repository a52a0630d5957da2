# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import (
    Fleet,
    InventoryError,
    fleet_from,
    groups_of,
    hostvars_of,
    refuse_empty,
)
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import guests_from, view_from


def row(vmid: int = 2001, **changes: Any) -> dict[str, Any]:
    """A row as a real server sends it, with all the counters that the inventory must not keep."""
    return {
        "id": f"qemu/{vmid}",
        "type": "qemu",
        "vmid": vmid,
        "name": "haut-rhin-web-01",
        "node": "pve2",
        "status": "running",
        "template": 0,
        "tags": "ip-10.83.10.11;renfort;tenant-haut_rhin;tier-web",
        "pool": "renfort",
        "cpu": 0.0377850677347084,
        "maxcpu": 2,
        "mem": 91582464,
        "maxmem": 2147483648,
        "disk": 0,
        "maxdisk": 8589934592,
        "uptime": 148,
        "netin": 6093,
        "netout": 8277,
        "diskread": 127551586,
        "diskwrite": 40660992,
    } | changes


def off_line_row(vmid: int = 2001, **changes: Any) -> dict[str, Any]:
    """A row of a guest whose hypervisor does not answer: no name, no size."""
    return {
        "id": f"qemu/{vmid}",
        "type": "qemu",
        "vmid": vmid,
        "node": "pve2",
        "status": "unknown",
        "tags": "ip-10.83.10.11;renfort;tenant-haut_rhin;tier-web",
    } | changes


def fleet(*rows: dict[str, Any], names: dict[str, str] | None = None) -> Fleet:
    return fleet_from(guests_from(rows), planned_names=names)


def test_tags_say_group_tenant_and_address() -> None:
    (host,) = fleet(row()).hosts

    assert groups_of(host) == ("fleet", "web", "tenant_haut_rhin", "hypervisor_pve2")
    assert hostvars_of(host, user="ops") == {
        "ansible_host": "10.83.10.11",
        "ansible_user": "ops",
        "renfort_vmid": 2001,
        "renfort_tier": "web",
        "renfort_tenant": "haut_rhin",
        "renfort_hypervisor": "pve2",
        "renfort_status": "running",
    }


def test_a_machine_of_all_tenants_is_in_no_tenant_s_group() -> None:
    (host,) = fleet(row(name="haproxy-01", tags="ip-10.83.0.11;renfort;tier-haproxy")).hosts

    assert groups_of(host) == ("fleet", "haproxy", "hypervisor_pve2")
    assert hostvars_of(host, user="ops")["renfort_tenant"] == ""


@pytest.mark.parametrize("joint", [";", ",", " ", ", "])
def test_tags_are_read_in_any_form_and_order(joint: str) -> None:
    tags = joint.join(["tier-web", "Renfort", "people-s-own", "tenant-eure", "ip-10.83.20.11"])

    (host,) = fleet(row(tags=tags)).hosts

    assert (host.tier, host.tenant, host.address) == ("web", "eure", "10.83.20.11")


@pytest.mark.parametrize(
    "other",
    [
        row(tags="tier-web;ip-10.0.0.1"),
        row(tags=" "),
        {key: value for key, value in row().items() if key != "tags"},
        row(template=1),
        row(type="lxc"),
    ],
    ids=["another team's", "empty tags", "no tags", "a template", "a container"],
)
def test_what_is_not_of_the_fleet_is_ignored(other: dict[str, Any]) -> None:
    assert fleet(other) == Fleet(hosts=())


def test_hosts_come_in_the_order_of_their_names_whatever_the_list_s_order() -> None:
    rows = [row(2003, name="b"), row(2001, name="c"), row(2002, name="a")]

    assert [host.name for host in fleet(*rows).hosts] == ["a", "b", "c"]
    assert fleet(*rows) == fleet(*reversed(rows))


def test_a_guest_of_an_off_line_hypervisor_keeps_its_planned_name_and_its_groups() -> None:
    found = fleet(off_line_row(), names={"10.83.10.11": "haut-rhin-web-01"})

    (host,) = found.hosts
    assert (host.name, host.status) == ("haut-rhin-web-01", "unknown")
    assert groups_of(host) == groups_of(fleet(row()).hosts[0])
    assert found.warnings == ()


def test_a_guest_whose_name_nobody_knows_stays_with_a_warning() -> None:
    found = fleet(off_line_row())

    assert [host.name for host in found.hosts] == ["haut-rhin-web-2001"]
    assert "2001" in found.warnings[0]
    assert "pve2" in found.warnings[0]


@pytest.mark.parametrize(
    ("tags", "lacking"),
    [
        ("renfort;tier-web", "ip-"),
        ("renfort;ip-10.0.0.1", "tier-"),
        ("renfort;tier-web;tier-cas;ip-10.0.0.1", "tier-"),
    ],
)
def test_a_guest_with_broken_tags_is_left_out_with_a_warning(tags: str, lacking: str) -> None:
    found = fleet(row(tags=tags), row(2002, name="haut-rhin-web-02"))

    assert [host.vmid for host in found.hosts] == [2002]
    assert "2001 haut-rhin-web-01 on pve2" in found.warnings[0]
    assert lacking in found.warnings[0]


def test_two_guests_of_one_name_are_refused() -> None:
    with pytest.raises(InventoryError, match=r"haut-rhin-web-01: 2001 on pve2 and 2002 on pve3"):
        fleet(row(2001), row(2002, node="pve3"))


def test_an_empty_fleet_is_refused_with_the_place_where_none_was_found() -> None:
    with pytest.raises(InventoryError, match=r"https://pve\.example:8006 shows no guest"):
        refuse_empty(fleet(row(tags="")), where="https://pve.example:8006")


def test_the_cluster_s_view_has_each_kind_with_its_units() -> None:
    view = view_from(
        [
            row(),
            {"type": "node", "node": "pve2", "status": "online", "maxcpu": 16, "maxmem": 68719476736},
            {"type": "node", "node": "pve1", "status": "offline"},
            {
                "type": "storage",
                "storage": "vmdata",
                "node": "pve1",
                "status": "available",
                "shared": 1,
                "plugintype": "nfs",
                "content": "images,iso",
                "maxdisk": 2147483648,
                "disk": 1048576,
            },
            {"type": "sdn", "sdn": "localnetwork", "node": "pve1", "status": "ok"},
        ]
    )

    assert [(node.name, node.online, node.cores, node.memory_mib) for node in view.hypervisors] == [
        ("pve1", False, 0, 0),
        ("pve2", True, 16, 65536),
    ]
    assert (view.guests[0].cores, view.guests[0].memory_mib) == (2, 2048)
    storage = view.storages[0]
    assert (storage.shared, storage.content, storage.size_mib, storage.used_mib) == (
        True,
        ("images", "iso"),
        2048,
        1,
    )
