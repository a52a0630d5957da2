# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory takes from the plan and the stock, and what it keeps of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import inputs
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError
from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import (
    InventoryError,
    fleet_from,
    groups_of,
    host_of_server,
    hostvars_of,
    merged,
)
from ansible_collections.ent.renfort.plugins.module_utils.inventory.servers import Files, read_files
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import guests_from

ROOT = Path(__file__).resolve().parents[3]

STOCK: dict[str, Any] = {
    "guests": {
        "storage": "vmdata",
        "pool": "renfort",
        "template": 9000,
        "vmids": {"first": 200, "last": 999},
    },
    "hypervisors": {
        "pve1": {"site": "nord", "rack": "r1", "cores": 16, "memory_mib": 65536, "bridges": ["vmbr0"]},
        "pve2": {"rack": "r2", "cores": 16, "memory_mib": 65536, "bridges": ["vmbr0"]},
    },
}

FORM = {"cores": 16, "memory_mib": 65536}


def server(name: str, state: str, machine: str = "", **changes: Any) -> dict[str, Any]:
    use = {"name": name, "site": "nord", "rack": "r1", "state": state, "reason": "demand"}
    carried = {"machine": machine, "tier": "database", "tenant": "eure"}
    carried |= {"address": "10.83.20.9/24", "gateway": "10.83.20.1"}
    since = {} if state == "racked" else {"since": "2026-11-25T10:00:00Z"}
    return use | since | (carried if machine else {}) | changes


class Folder:
    """A plan, a stock, and where what is kept of them lies."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.state = path / "state"

    def plan(self, *servers: dict[str, Any]) -> None:
        empty = {"machines": [], "shortages": [], "served": [], "stages": [], "orders": []}
        document = {"version": 3, **empty, "servers": list(servers)}
        self._write("plan.yml", {"renfort_fleet": document})

    def stock(self, **servers: dict[str, Any]) -> None:
        self._write("stock.yml", {"renfort_stock": STOCK | {"servers": servers}})

    def read(self) -> Files:
        stock = self.path / "stock.yml"
        return read_files(self.path / "plan.yml", stock if stock.exists() else None, self.state)

    def _write(self, name: str, data: dict[str, Any]) -> None:
        (self.path / name).write_text(json.dumps(data))


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_a_server_is_in_the_inventory_from_when_it_is_enrolled(folder: Folder) -> None:
    states = ("racked", "powered", "enrolled", "in_service")
    folder.plan(
        *(
            server(f"shelf-{state.replace('_', '-')}", state, f"eure-database-{number}")
            | {"address": f"10.83.20.{number}/24"}
            for number, state in enumerate(states, start=1)
        )
    )

    found = [(host.name, host.state, host.address) for host in folder.read().hosts]

    assert found == [
        ("eure-database-3", "enrolled", "10.83.20.3"),
        ("eure-database-4", "in_service", "10.83.20.4"),
    ]


def test_a_physical_machine_is_in_the_groups_that_a_guest_would_be_in(folder: Folder) -> None:
    folder.plan(server("shelf-01", "in_service", "eure-database-01"))

    (found,) = folder.read().hosts

    host = host_of_server(found)
    assert groups_of(host) == ("fleet", "database", "tenant_eure", "site_nord", "rack_nord_r1")
    assert hostvars_of(host, user="ops") == {
        "ansible_host": "10.83.20.9",
        "ansible_user": "ops",
        "renfort_rack": "r1",
        "renfort_server": "shelf-01",
        "renfort_status": "in_service",
        "renfort_tenant": "eure",
        "renfort_tier": "database",
    }


def test_a_server_of_the_stock_in_service_is_a_host(folder: Folder) -> None:
    carries = {"tier": "database", "tenant": "eure", "address": "10.83.20.9"}
    folder.stock(**{"db-01": FORM | {"carries": carries}, "db-02": FORM})

    (host,) = folder.read().hosts

    assert (host.name, host.server, host.state) == ("db-01", "db-01", "in_service")


@pytest.mark.parametrize("state", ["racked", "powered", "in_service"])
def test_a_machine_keeps_its_name_when_its_server_is_entered_as_in_service(
    folder: Folder, state: str
) -> None:
    carries = {"tier": "database", "tenant": "eure", "address": "10.83.20.9"}
    folder.plan(server("shelf-01", state, "eure-database-01"))
    folder.stock(**{"shelf-01": FORM | {"carries": carries}})
    assert [host.name for host in folder.read().hosts] == ["eure-database-01"]

    folder.plan()
    folder.stock(**{"shelf-01": FORM | {"carries": carries | {"machine": "eure-database-01"}}})
    assert [(host.name, host.server) for host in folder.read().hosts] == [("eure-database-01", "shelf-01")]


def test_guests_are_in_the_rack_of_their_hypervisor(folder: Folder) -> None:
    folder.stock()
    folder.plan({key: value for key, value in server("s-01", "racked", rack="r9").items() if key != "site"})
    rows = [
        {"type": "qemu", "vmid": number, "name": f"web-{number}", "node": node, "status": "running"}
        | {"tags": f"renfort;tier-web;ip-10.0.0.{number}"}
        for number, node in enumerate(("pve1", "pve2", "s-01", "pve9"))
    ]

    fleet = fleet_from(guests_from(rows), places=folder.read().places)

    assert [groups_of(host)[3:] for host in fleet.hosts] == [
        ("site_nord", "rack_nord_r1"),
        ("rack_r2",),
        ("rack_r9",),
        (),
    ]


def test_a_server_with_the_name_of_a_guest_is_refused(folder: Folder) -> None:
    folder.plan(server("shelf-01", "in_service", "eure-database-01"))
    row = {"type": "qemu", "vmid": 7, "name": "eure-database-01", "node": "pve1", "status": "running"}
    fleet = fleet_from(guests_from([row | {"tags": "renfort;tier-web;ip-10.0.0.1"}]))

    with pytest.raises(InventoryError, match="named eure-database-01: 7 on pve1 and the server shelf-01"):
        merged([*fleet.hosts, *map(host_of_server, folder.read().hosts)])


def test_a_machine_with_the_name_of_a_group_is_refused() -> None:
    row = {"type": "qemu", "vmid": 7, "name": "fleet", "node": "pve1", "status": "running"}

    with pytest.raises(InventoryError, match=r"machine fleet \(7 on pve1\) has the name of a group"):
        fleet_from(guests_from([row | {"tags": "renfort;tier-web;ip-10.0.0.1"}]))


def test_a_plan_need_not_exist_and_a_stock_must(folder: Folder) -> None:
    assert folder.read() == Files()
    with pytest.raises(InputError, match=r"stock\.yml: cannot be read: No such file"):
        read_files(None, folder.path / "stock.yml", folder.state)


def test_a_wrong_plan_is_refused_with_its_key(folder: Folder) -> None:
    folder.plan(server("shelf-01", "asleep"))

    with pytest.raises(InputError, match=r"plan\.yml: renfort_fleet\.servers\[0\]\.state"):
        folder.read()


def test_a_plan_is_only_read_again_when_its_content_changes(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.plan(server("shelf-01", "enrolled", "eure-database-01"))
    first = folder.read()
    monkeypatch.setattr(inputs, "load_plan", None)

    assert folder.read() == first
    folder.plan(server("shelf-01", "racked", "eure-database-01"))
    with pytest.raises(TypeError, match="not callable"):
        folder.read()


def test_what_was_kept_and_is_damaged_is_made_again(folder: Folder) -> None:
    folder.plan(server("shelf-01", "enrolled", "eure-database-01"))
    first = folder.read()
    (kept,) = folder.state.glob("plan-*.json")
    whole = json.loads(kept.read_text())

    for damaged in ({"hosts": [{}]}, {"names": None}, {"places": {"pve1": 1}}, {"content": "another"}):
        kept.write_text(json.dumps(whole | damaged))
        assert folder.read() == first
    kept.write_text("{")
    assert folder.read() == first
    assert json.loads(kept.read_text()) == whole


def test_the_example_s_servers_in_service_are_all_there(tmp_path: Path) -> None:
    folder = ROOT / "inventories/example/group_vars/all"

    found = read_files(folder / "fleet.yml", folder / "stock.yml", tmp_path)

    stock = inputs.read_document(folder / "stock.yml", "renfort_stock")
    assert isinstance(stock, dict)
    carriers = {name for name, item in stock["servers"].items() if "carries" in item}
    assert carriers
    assert {host.server for host in found.hosts} == carriers
    assert read_files(folder / "fleet.yml", folder / "stock.yml", tmp_path) == found
