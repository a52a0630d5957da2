# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated clusters with guests, and readings of the inventory whose copies are in one folder."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import Fleet
from ansible_collections.ent.renfort.plugins.module_utils.inventory.options import settings_of
from ansible_collections.ent.renfort.plugins.module_utils.inventory.reading import read_fleet
from lab.pve.qemu.guests import row_of
from tests.unit.clients.emulator import SECRET, Emulator

NODES = ("pve1", "pve2", "pve3", "pve4")


def fill(emulator: Emulator, names: list[str], *, first: int = 2001) -> None:
    """Give a cluster these guests, whose tier is the second part of their names."""
    for number, name in enumerate(names):
        tags = f"ip-10.83.{first // 1000}.{number + 1};renfort;tier-{name.split('-')[1]}"
        config = {"name": name, "memory": "2048", "cores": 2, "tags": tags}
        row = row_of(first + number, NODES[number % 4], config, image="debian-13")
        emulator.write("guests", str(first + number), row)


class Reader:
    """Reads inventories whose copies are in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"

    def __call__(self, *emulators: Emulator, use_cache: bool = True, **options: Any) -> Fleet:
        config = {"plugin": "ent.renfort.fleet", "state_dir": "state", **options}
        if emulators:
            config = {**self.of(emulators[0]), **config}
        settings = settings_of(config, file="x.fleet.yml", folder=self.folder, environment={})
        return read_fleet(settings, use_cache=use_cache)

    @staticmethod
    def of(emulator: Emulator, **changes: Any) -> dict[str, Any]:
        """The options of one cluster."""
        there = emulator.settings()
        return {
            "api_host": f"127.0.0.1:{there.port}",
            "api_user": there.user,
            "api_token_id": there.token_id,
            "api_token_secret": SECRET,
            "ca_file": there.ca_file,
        } | changes

    def copies(self) -> list[Path]:
        return sorted(self.state.glob("cluster-*.json"))

    def age_copies(self, hours: float) -> None:
        for path in self.copies():
            data = json.loads(path.read_text())
            path.write_text(json.dumps(data | {"taken": time.time() - hours * 3600}))


def names(fleet: Fleet) -> list[str]:
    return [host.name for host in fleet.hosts]


def two(read: Reader, nord: Emulator, sud: Emulator) -> dict[str, Any]:
    return {"clusters": [{"name": "nord", **read.of(nord)}, {"name": "sud", **read.of(sud)}]}


def planned(vmids: range) -> str:
    machine = {
        "tier": "web",
        "tenant": "eure",
        "hypervisor": "pve1",
        "template": 9000,
        "cores": 2,
        "memory_mib": 2048,
        "disk_gib": 8,
        "storage": "vmdata",
        "bridge": "vmbr2",
        "gateway": "10.83.2.254",
        "nameservers": [],
        "pool": "renfort",
        "reason": "demand",
    }
    machines = [
        machine | {"vmid": vmid, "name": f"eure-web-{vmid}", "address": f"10.83.2.{vmid - 2000}/24"}
        for vmid in vmids
    ]
    return json.dumps({"renfort_fleet": {"version": 1, "machines": machines, "shortages": []}})
