# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Moving guests to other nodes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ServerError
from ..storage import config as storages
from ..storage import volumes
from ..tasks import TaskError
from . import guests, values
from .properties import Drive, human_size

if TYPE_CHECKING:
    from ..call import Call
    from ..tasks import TaskLog

MOVE_S = 1.0


def _volumes(row: guests.Row) -> dict[str, Drive]:
    config = row["config"]
    unused = sorted(key for key in config if key.startswith("unused"))
    drives = {key: Drive.parse(str(config[key])) for key in [*values.drive_keys(config), *unused]}
    return {key: drive for key, drive in drives.items() if drive.storage}


def _local(call: Call, row: guests.Row) -> dict[str, Drive]:
    return {
        key: drive
        for key, drive in _volumes(row).items()
        if not storages.is_shared(storages.get(call.cluster, drive.storage))
    }


def precondition(call: Call) -> dict[str, Any]:
    """What stands in the way of a move, node by node."""
    cluster, node = call.cluster, call.params["node"]
    row = guests.load(cluster, node, int(call.params["vmid"]))
    needed = {drive.storage for drive in _volumes(row).values()}
    allowed, refused = [], {}
    for name, data in cluster.nodes.items():
        if name == node or not data.get("online", True):
            continue
        missing = [s for s in sorted(needed) if not storages.available_on(storages.get(cluster, s), name)]
        if missing:
            refused[name] = {"unavailable_storages": missing}
        else:
            allowed.append(name)
    return {
        "running": int(guests.is_running(row)),
        "allowed_nodes": allowed,
        "not_allowed_nodes": refused,
        "local_disks": [_disk(call, key, drive) for key, drive in _local(call, row).items()],
        "local_resources": [],
        "mapped-resources": [],
        "mapped-resource-info": {},
    }


def _disk(call: Call, key: str, drive: Drive) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "drivename": key,
        "volid": drive.file,
        "cdrom": int(drive.is_cdrom),
        "is_attached": int(not key.startswith("unused")),
        "is_unused": int(key.startswith("unused")),
        "is_tpmstate": int(key.startswith("tpmstate")),
        "is_vmstate": 0,
        "replicate": 1,
        "shared": 0,
    }
    volume = volumes.find(call.cluster, call.params["node"], drive.file)
    if volume is not None and not drive.is_cdrom:
        entry["size"] = volume["size"]
    return entry


def migrate(call: Call) -> str:
    """Check the target and start the task."""
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    target, online = call.params["target"], bool(call.params.get("online"))
    if target == node:
        raise ApiError(400, "Parameter verification failed.\n", {"target": "target is local node."})
    if target not in cluster.nodes:
        raise ServerError(f"no such cluster node '{target}'")
    guests.root_only(call.identity, call.params, "force", "migration_type", "migration_network")
    row = guests.load(cluster, node, vmid)
    guests.check_lock(row)
    if guests.is_running(row):
        if not online:
            raise ServerError("can't migrate running VM without --online")
        if _local(call, row) and not call.params.get("with-local-disks"):
            raise ServerError("can't live migrate attached local disks without with-local-disks option")
    for drive in _volumes(row).values():
        storages.check_enabled(cluster, drive.storage, target)

    async def work(log: TaskLog) -> None:
        if online and not guests.is_running(guests.load(cluster, node, vmid)):
            log("VM isn't running. Doing offline migration instead.")
        async with cluster.locks.config(vmid, log=log):
            await _carry_out(call, target, log)

    return cluster.tasks.spawn(node, "qmigrate", str(vmid), call.identity, work)


async def _carry_out(call: Call, target: str, log: TaskLog) -> None:
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    row = guests.load(cluster, node, vmid)
    guests.check_lock(row)

    def say(text: str) -> None:
        log(f"{datetime.fromtimestamp(cluster.clock.now(), UTC):%Y-%m-%d %H:%M:%S} {text}")

    address = cluster.nodes[target].get("address", "127.0.0.1")
    say(f"starting migration of VM {vmid} to node '{target}' ({address})")
    begun = cluster.clock.now()
    guests.save(cluster, guests.with_config(row, lock="migrate"))
    try:
        await cluster.clock.sleep(MOVE_S)
        if not cluster.nodes[target].get("online", True):
            why = "Can't connect to destination address using public key"
            say(f"ERROR: migration aborted (duration 00:00:01): {why}")
            raise TaskError("migration aborted")
        _move_disks(call, row, target, say)
    except BaseException:
        guests.save(cluster, row)
        raise
    guests.save(cluster, row | {"node": target})
    seconds = int(cluster.clock.now() - begun)
    duration = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    say(f"migration finished successfully (duration {duration})")


def _move_disks(call: Call, row: guests.Row, target: str, say: volumes.Log) -> None:
    table = call.cluster.store.table("volumes")
    for key, drive in _local(call, row).items():
        volume = volumes.find(call.cluster, row["node"], drive.file)
        if volume is None or (drive.is_cdrom and not drive.is_cloudinit):
            continue
        kind = "attached" if not key.startswith("unused") else "referenced in config"
        say(f"found local disk '{drive.file}' ({kind})")
        say(f"copying local disk images: {human_size(volume['size'])}")
        del table[f"{row['node']}/{drive.file}"]
        volumes.put(call.cluster, target, volume | {"node": target})
