# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The memory of a running guest, saved in a volume by snapshots and by suspending to disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..storage import config as storages
from ..storage import volumes
from . import guests, values
from .properties import Drive

if TYPE_CHECKING:
    from ..cluster import Cluster

KEYS = ("vmstate", "runningmachine", "runningcpu")
"""What a saved state adds to the configuration that it belongs to."""

_DRIVERS_MIB = 500
_CPUS = {
    "host": "host,+kvm_pv_eoi,+kvm_pv_unhalt",
    "kvm64": "kvm64,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+lahf_lm,+sep",
    "x86-64-v2-AES": ("qemu64,+aes,enforce,+kvm_pv_eoi,+kvm_pv_unhalt,+pni,+popcnt,+sse4.1,+sse4.2,+ssse3"),
}


def storage_for(cluster: Cluster, row: guests.Row, wanted: str = "") -> str:
    """Where the state goes: as asked, as configured, else beside the disks, shared storage first."""
    config = row["config"]
    given = wanted or str(config.get("vmstatestorage", ""))
    if given:
        return given
    found: dict[bool, str] = {}
    for key in values.drive_keys(config):
        name = Drive.parse(str(config[key])).storage
        if name:
            storage = storages.get(cluster, name)
            shared = storages.is_shared(storage)
            if shared not in found or storages.is_file_based(storage):
                found[shared] = name
    return found.get(True) or found.get(False) or "local"


async def save(
    cluster: Cluster, row: guests.Row, name: str, log: volumes.Log, *, storage: str = ""
) -> dict[str, Any]:
    """Write a running guest's memory; returns the keys that tell where it is."""
    target = storage_for(cluster, row, storage)
    vmid = row["vmid"]
    volume = f"vm-{vmid}-state-{name}"
    if storages.is_file_based(storages.get(cluster, target)):
        volume = f"{vmid}/{volume}.raw"
    # Twice the memory: what changes while the guest still runs is written again.
    size = (2 * values.memory_mib(row["config"]) + _DRIVERS_MIB) * 1024**2
    volid = await volumes.alloc(cluster, row["node"], target, vmid, size, fmt="raw", name=volume, log=log)
    log(f"saving VM state and RAM using storage '{target}'")
    cpu = str(row["config"].get("cpu", "kvm64")).split(",")[0].removeprefix("cputype=")
    machine = str(row["config"].get("machine", "")).split(",")[0]
    return {
        "vmstate": volid,
        "runningmachine": machine if "-i440fx-" in machine or "-q35-" in machine else values.MACHINE,
        "runningcpu": _CPUS.get(cpu, f"{cpu},enforce,+kvm_pv_eoi,+kvm_pv_unhalt"),
    }


async def forget(cluster: Cluster, node: str, config: dict[str, Any], log: volumes.Log) -> None:
    """Remove the volume of a saved state, if there is one."""
    if config.get("vmstate"):
        await volumes.free(cluster, node, str(config["vmstate"]), log)
