# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making, attaching, copying and dropping the disks of guests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ServerError
from ..storage import config as storages
from ..storage import volumes
from .properties import Drive, format_size, human_size
from .values import drive_keys

if TYPE_CHECKING:
    from ..cluster import Cluster

CLOUDINIT_SIZE = 4 * 1024**2
EFI_SIZE = 528 * 1024
FOREIGN_IMAGE_SIZE = 1200 * 1024**2
TPM_SIZE = 4 * 1024**2
COPY_BYTES_PER_S = 2 * 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where disks are made, for whom, and who reads about it."""

    cluster: Cluster
    node: str
    vmid: int
    log: volumes.Log = volumes.no_log


async def make(place: Place, settings: Mapping[str, Any], made: list[str]) -> dict[str, str]:
    """Make or check the drives among the settings and return their final values.

    The volids that were made are added to ``made`` as soon as they exist, so that the caller can
    remove them when a later drive fails.
    """
    return {
        key: str(await _make_one(place, key, Drive.parse(str(settings[key])), made))
        for key in drive_keys(settings)
    }


def check_one_cloudinit(settings: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Refuse a second cloud-init drive."""
    for key in drive_keys(settings):
        if Drive.parse(str(settings[key])).volname != "cloudinit":
            continue
        for other in drive_keys(present):
            if other != key and Drive.parse(str(present[other])).is_cloudinit:
                raise ServerError(f"{key} - cloud-init drive is already attached at '{other}'")


async def _make_one(place: Place, key: str, drive: Drive, made: list[str]) -> Drive:
    if drive.volname == "cloudinit":
        return await _make_cloudinit(place, key, drive, made)
    if drive.new_disk and not drive.is_cdrom:
        return await _make_disk(place, key, drive, made)
    if drive.file in {"none", "cdrom", ""} or drive.file.startswith("/"):
        return drive
    volume = volumes.find(place.cluster, place.node, drive.file)
    if volume is None:
        storages.check_enabled(place.cluster, drive.storage, place.node)
        raise ServerError(f"volume '{drive.file}' does not exist")
    if drive.is_cloudinit:
        return drive
    size = volume["size"] + -volume["size"] % 512
    return drive.with_options(size=format_size(size))


async def _make_cloudinit(place: Place, key: str, drive: Drive, made: list[str]) -> Drive:
    row = storages.check_enabled(place.cluster, drive.storage, place.node)
    in_files = storages.is_file_based(row)
    fmt = drive.options.get("format", "qcow2" if in_files else "raw")
    suffix = "" if fmt == "raw" else f".{fmt}"
    stem = f"vm-{place.vmid}-cloudinit{suffix}"
    name = f"{place.vmid}/{stem}" if in_files else f"vm-{place.vmid}-cloudinit"
    volid = await volumes.alloc(
        place.cluster,
        place.node,
        drive.storage,
        place.vmid,
        CLOUDINIT_SIZE,
        fmt=fmt,
        name=name,
        log=place.log,
    )
    made.append(volid)
    ready = Drive(file=volid, options={**drive.options, "media": "cdrom"}).with_options(format=None)
    place.log(f"{key}: successfully created disk '{ready}'")
    return ready


async def _make_disk(place: Place, key: str, drive: Drive, made: list[str]) -> Drive:
    assert drive.new_disk is not None
    storage, gib = drive.new_disk
    source = drive.options.get("import-from", "")
    fmt = drive.options.get("format", "")
    if source:
        volid, size = await _import(place, key, source, storage, fmt, made)
    else:
        size = {"efidisk0": EFI_SIZE, "tpmstate0": TPM_SIZE}.get(key, int(gib * 1024**3))
        volid = await volumes.alloc(
            place.cluster, place.node, storage, place.vmid, size, fmt=fmt, log=place.log
        )
        made.append(volid)
        if key == "efidisk0":
            transferred(place.log, size)
    options = drive.with_options(**{"import-from": None, "format": None}).options
    ready = Drive(file=volid, options={**options, "size": format_size(size)})
    place.log(f"{key}: successfully created disk '{ready}'")
    return ready


async def _import(
    place: Place, key: str, source: str, storage: str, fmt: str, made: list[str]
) -> tuple[str, int]:
    if source.startswith("/"):
        size = data = FOREIGN_IMAGE_SIZE
    else:
        volume = volumes.find(place.cluster, place.node, source)
        if volume is None:
            place.log(f"failed to stat '{volumes.path(place.cluster, source)}'")
            raise ServerError(f"cannot import from '{source}' - could not get size of {source}")
        size, data = int(volume.get("disk") or volume["size"]), volume["used"]
        if volumes.owner(volumes.split(source)[1]):
            place.log(f"create full clone of drive {key} ({source})")
    volid = await volumes.alloc(place.cluster, place.node, storage, place.vmid, size, fmt=fmt, log=place.log)
    made.append(volid)
    await copy_time(place, size, data)
    volumes.fill(place.cluster, place.node, volid, data)
    return volid, size


async def copy_time(place: Place, size: int, data: int, bytes_per_s: float = COPY_BYTES_PER_S) -> None:
    """Take the time that copying takes, saying so in the log. Holes cost nothing.

    Args:
        place: whose disk it is.
        size: the disk's length.
        data: how much of it is not holes.
        bytes_per_s: the speed.
    """
    steps = 80 if data > 64 * 1024**2 else 1
    place.log(f"transferred 0.0 B of {human_size(size)} (0.00%)")
    for step in range(1, steps):
        await place.cluster.clock.sleep(data / bytes_per_s / steps)
        done = size * step // steps
        place.log(f"transferred {human_size(done)} of {human_size(size)} ({done / size:.2%})")
    await place.cluster.clock.sleep(data / bytes_per_s / steps)
    for _ in range(2):
        place.log(f"transferred {human_size(size)} of {human_size(size)} (100.00%)")


def transferred(log: volumes.Log, size: int) -> None:
    """The lines about a copy that takes no time."""
    log(f"transferred 0.0 B of {human_size(size)} (0.00%)")
    for _ in range(2):
        log(f"transferred {human_size(size)} of {human_size(size)} (100.00%)")


async def copy(
    place: Place,
    key: str,
    drive: Drive,
    made: list[str],
    *,
    storage: str = "",
    fmt: str = "",
    bytes_per_s: float = COPY_BYTES_PER_S,
) -> Drive:
    """Make the place's guest its own full copy of a drive; see `make` about ``made``."""
    cluster = place.cluster
    place.log(f"create full clone of drive {key} ({drive.file})")
    volume = volumes.find(cluster, place.node, drive.file)
    if volume is None:
        raise ServerError(f"volume '{drive.file}' does not exist")
    target = storage or drive.storage
    if drive.is_cloudinit:
        fresh = Drive(file=f"{target}:cloudinit", options=drive.options)
        silent = Place(cluster=cluster, node=place.node, vmid=place.vmid, log=_only_formatting(place.log))
        ready = await _make_cloudinit(silent, key, fresh, made)
        return ready.with_options(size=format_size(CLOUDINIT_SIZE))
    wanted = fmt or (volume["format"] if target == drive.storage else "")
    if not storages.is_file_based(storages.get(cluster, target)):
        wanted = "raw"
    volid = await volumes.alloc(
        cluster, place.node, target, place.vmid, volume["size"], fmt=wanted, log=place.log
    )
    made.append(volid)
    await copy_time(place, volume["size"], volume["used"], bytes_per_s)
    volumes.fill(cluster, place.node, volid, volume["used"])
    return Drive(file=volid, options={**drive.options, "size": format_size(volume["size"])})


def _only_formatting(log: volumes.Log) -> volumes.Log:
    def pass_on(line: str) -> None:
        if "successfully created" not in line:
            log(line)

    return pass_on


async def link(place: Place, key: str, drive: Drive, made: list[str]) -> Drive:
    """Make the place's guest a disk that stands on a template's."""
    place.log(f"create linked clone of drive {key} ({drive.file})")
    volid = await volumes.link(place.cluster, place.node, drive.file, place.vmid, place.log)
    made.append(volid)
    return Drive(file=volid, options=drive.options)


def can_link(drive: Drive) -> bool:
    """Whether linked clones can stand on the drive."""
    return volumes.is_base(drive.volname)


def can_snapshot(cluster: Cluster, node: str, drive: Drive) -> bool:
    """Whether the drive's volume can hold snapshots."""
    row = storages.get(cluster, drive.storage)
    if not storages.is_file_based(row):
        return row["type"] in {"lvmthin", "zfspool", "rbd"}
    volume = volumes.find(cluster, node, drive.file)
    return volume is not None and volume["format"] == "qcow2"


async def release(place: Place, config: dict[str, Any], drive: Drive) -> None:
    """Turn a drive that was taken off a guest into ``unusedN``, or drop it when it is cloud-init's."""
    if drive.is_cloudinit:
        await volumes.free(place.cluster, place.node, drive.file, place.log)
        return
    if drive.is_cdrom or not drive.storage or volumes.owner(drive.volname) != place.vmid:
        return
    in_use = [Drive.parse(str(value)).file for key, value in config.items() if _holds_volume(key)]
    if drive.file in in_use:
        return
    number = next(n for n in range(256) if f"unused{n}" not in config)
    config[f"unused{number}"] = drive.file


def _holds_volume(key: str) -> bool:
    return bool(drive_keys({key: ""})) or key.startswith("unused")


async def free_all(place: Place, volids: list[str]) -> None:
    """Remove volumes after a failure, silently."""
    for volid in volids:
        await volumes.free(place.cluster, place.node, volid)
