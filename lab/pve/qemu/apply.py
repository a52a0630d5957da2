# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making pending values live: all of them on a guest that is off, some on one that runs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..storage import volumes
from . import guests
from .disks import Place, release
from .permissions import is_cloudinit_option
from .properties import Drive, is_drive

if TYPE_CHECKING:
    from ..cluster import Cluster

_ALWAYS_LIVE = frozenset(
    (
        "description",
        "hookscript",
        "lock",
        "migrate_downtime",
        "migrate_speed",
        "name",
        "onboot",
        "protection",
        "shares",
        "startup",
        "tags",
        "vmstatestorage",
    )
)
_DEFAULT_HOTPLUG = frozenset(("network", "disk", "usb"))


async def apply_pending(cluster: Cluster, row: guests.Row, log: volumes.Log) -> guests.Row:
    """Apply every pending value and deletion."""
    return await _apply(cluster, row, list(row["pending_delete"]), list(row["pending"]), log)


async def hotplug(cluster: Cluster, row: guests.Row, log: volumes.Log) -> guests.Row:
    """Apply the pending values that a running guest takes."""
    deletions = [key for key in row["pending_delete"] if is_live(row["config"], key)]
    changes = [key for key in row["pending"] if is_live(row["config"], key)]
    return await _apply(cluster, row, deletions, changes, log)


def is_live(config: dict[str, Any], key: str) -> bool:
    """Whether a running guest takes a change of the key at once."""
    features = hotplug_features(config)
    if key in _ALWAYS_LIVE or (is_cloudinit_option(key) and key != "cicustom"):
        return True
    if re.match(r"^net\d+$", key):
        return "network" in features
    if re.match(r"^(?:scsi|virtio)\d+$", key):
        return "disk" in features
    if re.match(r"^(?:ide|sata)\d+$", key):
        return Drive.parse(str(config.get(key, ""))).is_cdrom
    if re.match(r"^usb\d+$", key):
        return "usb" in features
    if key == "vcpus":
        return "cpu" in features
    return key == "memory" and "memory" in features


def hotplug_features(config: dict[str, Any]) -> frozenset[str]:
    """The features that ``hotplug`` switches on."""
    text = str(config.get("hotplug", "1"))
    if text == "0":
        return frozenset()
    if text == "1":
        return _DEFAULT_HOTPLUG
    return frozenset(text.split(","))


async def _apply(
    cluster: Cluster, row: guests.Row, deletions: list[str], changes: list[str], log: volumes.Log
) -> guests.Row:
    if not deletions and not changes:
        return row
    place = Place(cluster=cluster, node=row["node"], vmid=row["vmid"], log=log)
    config, pending = dict(row["config"]), dict(row["pending"])
    for key in deletions:
        old = config.pop(key, None)
        if old is not None and is_drive(key):
            await _detach(place, config, Drive.parse(str(old)), force=_forced(row, key))
    for key in changes:
        old, new = config.get(key), pending.pop(key)
        config[key] = new
        if old is not None and is_drive(key) and Drive.parse(str(old)).file != Drive.parse(str(new)).file:
            await release(place, config, Drive.parse(str(old)))
    kept = [key for key in row["pending_delete"] if key not in deletions]
    return guests.save(cluster, row | {"config": config, "pending": pending, "pending_delete": kept})


def _forced(row: guests.Row, key: str) -> bool:
    return key in row.get("forced_delete", [])


async def _detach(place: Place, config: dict[str, Any], drive: Drive, *, force: bool) -> None:
    if force and drive.storage and not (drive.is_cdrom and not drive.is_cloudinit):
        await volumes.free(place.cluster, place.node, drive.file, place.log)
    else:
        await release(place, config, drive)
