# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disks of a guest beside those that are planned: what is added, what grows, what is left. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from .core.machine import Machine
from .provision_changes import Change
from .provision_values import DATA_DISK, GIB, boot_disk, bytes_of, drive_of, hotplug_of, is_cdrom, storage_of
from .proxmox_errors import ProxmoxError


class SlotTakenError(ProxmoxError):
    """The slot of the data disk holds something else: nothing was touched."""


def refuse_taken_slot(machine: Machine, config: Mapping[str, object]) -> None:
    """Raise `SlotTakenError` where the planned data disk's slot holds the system, or no disk at all."""
    taken = is_cdrom(config.get(DATA_DISK)) or boot_disk(config)[0] == DATA_DISK
    if machine.data_disk_gib and taken:
        raise SlotTakenError(
            f"The data disk of {machine.name} ({machine.vmid}) has no place: its slot {DATA_DISK} holds "
            f"{drive_of(config.get(DATA_DISK))['volume']}.",
            hint=f"Keep {DATA_DISK} free in the template {machine.template}: the system belongs on scsi0, "
            "the cloud-init drive on ide2.",
        )


def data_disk(config: Mapping[str, object]) -> dict[str, str]:
    """Return the options of the guest's data disk, empty when it has none."""
    if is_cdrom(config.get(DATA_DISK)) or boot_disk(config)[0] == DATA_DISK:
        return {}
    return drive_of(config.get(DATA_DISK))


def missing_disk(machine: Machine, config: Mapping[str, object]) -> tuple[Change, ...]:
    """Return the planned data disk that is not there; a running guest takes it if that is allowed."""
    if not machine.data_disk_gib or data_disk(config):
        return ()
    change = Change(
        key=DATA_DISK,
        before="",
        after=f"{machine.data_disk_gib}G on {machine.storage}",
        value=f"{machine.storage}:{machine.data_disk_gib},discard=on",
        restarts="disk" not in hotplug_of(config),
    )
    return (change,)


def growing_disks(
    machine: Machine, config: Mapping[str, object], live: Mapping[str, object]
) -> tuple[Change, ...]:
    """Return the disks that are smaller than planned; one that waits for the next start grows after it."""
    key, system = boot_disk(config)
    disks = [(key, system, machine.disk_gib)] if key else []
    if DATA_DISK not in live:
        disks.append((DATA_DISK, data_disk(config), machine.data_disk_gib))
    found = [
        Change(key=key, before=disk["size"], after=f"{planned}G", value=f"{planned}G")
        for key, disk, planned in disks
        if 0 < bytes_of(disk.get("size", "")) < planned * GIB
    ]
    return tuple(found)


def disk_notes(machine: Machine, config: Mapping[str, object]) -> list[str]:
    """Return what is not as planned and left as it is: disks never shrink, move or go."""
    notes = _notes("its disk", boot_disk(config)[1], machine.disk_gib, machine.storage)
    data = data_disk(config)
    if data and not machine.data_disk_gib:
        size = data.get("size", "unknown size")
        return [*notes, f"its data disk of {size} ({DATA_DISK}) is not in the plan: left as it is"]
    return [*notes, *_notes("its data disk", data, machine.data_disk_gib, machine.storage)]


def _notes(which: str, disk: Mapping[str, str], planned_gib: int, storage: str) -> list[str]:
    notes: list[str] = []
    if bytes_of(disk.get("size", "")) > planned_gib * GIB:
        notes.append(
            f"{which} of {disk['size']} is larger than the planned {planned_gib}G: disks never shrink"
        )
    if storage_of(disk) and storage_of(disk) != storage:
        notes.append(f"{which} is on {storage_of(disk)}, the plan says {storage}: left where it is")
    return notes
