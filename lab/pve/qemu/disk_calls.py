# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls about one disk: resize, move, detach; and turning a guest into a template."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ServerError
from ..storage import config as storages
from ..storage import volumes
from ..tasks import TaskError
from . import data_disk, disks, guests, permissions, values
from .properties import Drive, format_size, parse_size

if TYPE_CHECKING:
    from ..call import Call
    from ..tasks import TaskLog

_SIZE = re.compile(r"^(\+?)(\d+(?:\.\d+)?)([KMGT]?)$")


def _place(call: Call) -> tuple[str, int]:
    return call.params["node"], int(call.params["vmid"])


def resize(call: Call) -> str:
    """Start the task that grows a disk; everything else is found out in it."""
    guests.root_only(call.identity, call.params, "skiplock")
    cluster, (node, vmid) = call.cluster, _place(call)

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            await _resize(call, log)

    return cluster.tasks.spawn(node, "resize", str(vmid), call.identity, work)


async def _resize(call: Call, log: TaskLog) -> None:
    cluster, (node, vmid), key = call.cluster, _place(call), call.params["disk"]
    row = guests.load(cluster, node, vmid)
    guests.check_digest(row, call.params.get("digest"))
    if not call.params.get("skiplock"):
        guests.check_lock(row)
    if key not in row["config"]:
        raise TaskError(f"disk '{key}' does not exist")
    drive = Drive.parse(str(row["config"][key]))
    if drive.is_cdrom:
        raise TaskError("you can't resize a cdrom")
    cluster.access.check(call.identity, f"/storage/{drive.storage}", ["Datastore.AllocateSpace"])
    volume = volumes.find(cluster, node, drive.file)
    if volume is None:
        raise TaskError(f"Size of volume {drive.file} not available")
    size = _new_size(str(call.params["size"]), volume["size"])
    if size < volume["size"]:
        raise TaskError("shrinking disks is not supported")
    if size == volume["size"]:
        return
    volumes.check_room(cluster, node, drive.storage, size - volume["size"])
    if not guests.is_running(row):
        _resize_file(cluster, drive, volume, size, log)
    grown = guests.with_config(row, **{key: str(drive.with_options(size=format_size(size)))})
    await data_disk.fit(cluster, grown, data_disk.size_of(row["config"]))
    volumes.put(cluster, node, volumes.of_size(cluster, volume, size))
    guests.save(cluster, grown)


def _new_size(text: str, present: int) -> int:
    match = _SIZE.match(text)
    if match is None:
        raise TaskError("invalid size")
    size = parse_size(match[2] + match[3])
    return present + size if match[1] else size


def _resize_file(cluster: Any, drive: Drive, volume: dict[str, Any], size: int, log: TaskLog) -> None:
    if volumes.is_base(drive.volname) and storages.is_file_based(storages.get(cluster, drive.storage)):
        file = volumes.path(cluster, drive.file)
        refused = f"Could not open '{file}'"
        log(f"qemu-img: {refused}: {refused}: Operation not permitted")
        command = f"/usr/bin/qemu-img resize -f {volume['format']} {file} {size}"
        raise TaskError(f"command '{command}' failed: exit code 1")
    log("Image resized.")


def unlink(call: Call) -> dict[str, Any]:
    """The parameters of the configuration change that ``unlink`` stands for."""
    params = {"delete": call.params["idlist"], "node": call.params["node"], "vmid": call.params["vmid"]}
    return params | ({"force": 1} if call.params.get("force") else {})


def template(call: Call) -> str:
    """Check the guest and start the task that turns it into a template."""
    cluster, (node, vmid) = call.cluster, _place(call)
    row = guests.load(cluster, node, vmid)
    _check_template(row, call.params.get("disk"))

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            row = guests.load(cluster, node, vmid)
            _check_template(row, call.params.get("disk"))
            _make_template(cluster, row, call.params.get("disk"))

    return cluster.tasks.spawn(node, "qmtemplate", str(vmid), call.identity, work)


def _check_template(row: guests.Row, disk: str | None) -> None:
    guests.check_lock(row)
    if row["snapshots"]:
        raise ServerError("unable to create template, because VM contains snapshots")
    if guests.is_template(row) and not disk:
        raise ServerError("you can't convert a template to a template")
    if guests.is_running(row):
        raise ServerError("you can't convert a VM to template if VM is running")


def _make_template(cluster: Any, row: guests.Row, only: str | None) -> None:
    config = row["config"] | {"template": 1}
    for key in values.drive_keys(config):
        drive = Drive.parse(str(config[key]))
        if drive.is_cdrom or not drive.storage or (only and key != only) or volumes.is_base(drive.volname):
            continue
        head, _, name = drive.file.rpartition("/") if "/" in drive.volname else drive.file.rpartition(":")
        joint = "/" if "/" in drive.volname else ":"
        renamed = f"{head}{joint}{name.replace('vm-', 'base-', 1)}"
        volumes.rename(cluster, row["node"], drive.file, renamed)
        config[key] = str(Drive(file=renamed, options=drive.options))
    guests.save(cluster, row | {"config": config})


def move(call: Call) -> str:
    """Check the call and start the task that moves a disk to another storage or format."""
    cluster, (node, vmid), key = call.cluster, _place(call), call.params["disk"]
    storage = call.params.get("storage")
    if call.params.get("target-vmid"):
        raise ServerError("giving a disk to another VM is a call that the lab does not play")
    if not storage:
        text = "both 'storage' and 'target-vmid' missing, either needs to be set"
        raise ApiError(400, "Parameter verification failed.\n", {"target-vmid": text, "storage": text})
    cluster.access.check(call.identity, f"/storage/{storage}", ["Datastore.AllocateSpace"])
    permissions.check_holds_images(cluster, storage)
    _movable(call, guests.load(cluster, node, vmid))

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            row = guests.load(cluster, node, vmid)
            drive = _movable(call, row)
            place = disks.Place(cluster=cluster, node=node, vmid=vmid, log=log)
            moved = await _copied(place, key, drive, storage=storage, fmt=str(call.params.get("format", "")))
            config = row["config"] | {key: str(moved)}
            if call.params.get("delete"):
                await volumes.free(cluster, node, drive.file, log)
            else:
                await disks.release(place, config, drive)
            guests.save(cluster, row | {"config": config})

    return cluster.tasks.spawn(node, "qmmove", str(vmid), call.identity, work)


async def _copied(place: disks.Place, key: str, drive: Drive, storage: str, fmt: str) -> Drive:
    """A copy of the drive; an interrupted one leaves nothing behind."""
    made: list[str] = []
    try:
        return await disks.copy(place, key, drive, made, storage=storage, fmt=fmt)
    except BaseException:
        await disks.free_all(place, made)
        raise


def _movable(call: Call, row: guests.Row) -> Drive:
    key, storage, fmt = call.params["disk"], call.params["storage"], call.params.get("format")
    guests.check_lock(row)
    guests.check_digest(row, call.params.get("digest"))
    if key not in row["config"]:
        raise ServerError(f"disk '{key}' does not exist")
    drive = Drive.parse(str(row["config"][key]))
    if drive.is_cdrom and not drive.is_cloudinit:
        raise ServerError("you can't move a cdrom")
    volume = volumes.find(call.cluster, row["node"], drive.file)
    present = volume["format"] if volume else None
    if drive.storage == storage and (not fmt or fmt == present):
        raise ServerError("you can't move to the same storage with same format")
    if call.params.get("delete") and guests.in_snapshot(row, drive.file):
        raise ServerError("you can't move a disk with snapshots and delete the source")
    return drive


def features(call: Call) -> dict[str, Any]:
    """Whether the guest's disks can be snapshotted, cloned linked or copied."""
    cluster, (node, vmid) = call.cluster, _place(call)
    row, feature = guests.load(cluster, node, vmid), call.params["feature"]
    snapname = call.params.get("snapname")
    if snapname and snapname not in row["snapshots"]:
        raise ServerError(f"snapshot '{snapname}' does not exist")
    drives = [Drive.parse(str(row["config"][key])) for key in values.drive_keys(row["config"])]
    volumes_in_use = [drive for drive in drives if not drive.is_cdrom]
    has = {
        "snapshot": all(disks.can_snapshot(cluster, node, drive) for drive in volumes_in_use),
        "clone": all(disks.can_link(drive) for drive in volumes_in_use),
        "copy": True,
    }[feature]
    shared = all(
        storages.is_shared(storages.get(cluster, drive.storage)) for drive in drives if drive.storage
    )
    nodes = [name for name, data in cluster.nodes.items() if data.get("online", True)] if shared else [node]
    return {"hasFeature": int(has), "nodes": nodes}
