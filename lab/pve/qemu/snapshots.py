# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of guests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ServerError
from ..tasks import TaskError
from . import disks, guests, power, values, vmstate
from .properties import Drive

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..tasks import TaskLog

_META = frozenset(("snaptime", "description", "parent", "lock", "digest", *vmstate.KEYS))
SNAPSHOT_S = 0.5


def _place(call: Call) -> tuple[str, int]:
    return call.params["node"], int(call.params["vmid"])


def entries(row: guests.Row) -> list[dict[str, Any]]:
    """The list of snapshots, with the present state at its end."""
    found = []
    for name, snapshot in row["snapshots"].items():
        entry = {
            "name": name,
            "description": snapshot.get("description", ""),
            "snaptime": snapshot["snaptime"],
        }
        entry["vmstate"] = 1 if snapshot.get("vmstate") else 0
        if snapshot.get("parent"):
            entry["parent"] = snapshot["parent"]
        found.append(entry)
    current: dict[str, Any] = {
        "name": "current",
        "description": "You are here!",
        "digest": guests.digest(row),
        "running": int(guests.is_running(row)),
    }
    if row["config"].get("parent"):
        current["parent"] = row["config"]["parent"]
    return [*found, current]


def get(row: guests.Row, name: str) -> dict[str, Any]:
    """A snapshot's configuration, or the complaint."""
    if name not in row["snapshots"]:
        raise ServerError(f"snapshot '{name}' does not exist")
    snapshot: dict[str, Any] = row["snapshots"][name]
    return snapshot


def create(call: Call) -> str:
    """Check the name and start the task."""
    cluster, (node, vmid), name = call.cluster, _place(call), call.params["snapname"]
    if name == "current" or name.lower() == "pending":
        raise ServerError(f"unable to use snapshot name '{name.lower()}' (reserved name)")
    guests.load(cluster, node, vmid)

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            await _create(call, guests.load(cluster, node, vmid), log)

    return cluster.tasks.spawn(node, "qmsnapshot", str(vmid), call.identity, work)


async def _create(call: Call, row: guests.Row, log: TaskLog) -> None:
    cluster, name = call.cluster, call.params["snapname"]
    if guests.is_template(row):
        raise TaskError("you can't take a snapshot if it's a template")
    guests.check_lock(row)
    if name in row["snapshots"]:
        raise TaskError(f"snapshot name '{name}' already used")
    drives = {key: Drive.parse(str(row["config"][key])) for key in values.drive_keys(row["config"])}
    taken = {key: drive for key, drive in drives.items() if not drive.is_cdrom}
    if not all(disks.can_snapshot(cluster, row["node"], drive) for drive in taken.values()):
        raise TaskError("snapshot feature is not available")
    state = {}
    if call.params.get("vmstate") and guests.is_running(row):
        state = await vmstate.save(cluster, row, name, log)
    for key, drive in taken.items():
        log(f"snapshotting 'drive-{key}' ({drive.file})")
    await cluster.clock.sleep(SNAPSHOT_S)
    snapshot = {key: value for key, value in row["config"].items() if not _is_kept_apart(key)} | state
    snapshot["snaptime"] = int(cluster.clock.now())
    if call.params.get("description"):
        snapshot["description"] = call.params["description"]
    if row["config"].get("parent"):
        snapshot["parent"] = row["config"]["parent"]
    changed = guests.with_config(row, parent=name)
    guests.save(cluster, changed | {"snapshots": row["snapshots"] | {name: snapshot}})


def _is_kept_apart(key: str) -> bool:
    """Whether a key belongs to the guest or the snapshot alone and is not copied between them."""
    return key in _META or key.startswith("unused")


def describe(call: Call) -> None:
    """Change a snapshot's description."""
    row = guests.load(call.cluster, *_place(call))
    name = call.params["snapname"]
    snapshot = get(row, name)
    if "description" in call.params:
        snapshot = snapshot | {"description": call.params["description"]}
    guests.save(call.cluster, row | {"snapshots": row["snapshots"] | {name: snapshot}})


def delete(call: Call) -> str:
    """Start the task that forgets a snapshot."""
    cluster, (node, vmid), name = call.cluster, _place(call), call.params["snapname"]

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            row = guests.load(cluster, node, vmid)
            guests.check_lock(row)
            gone = get(row, name)
            await vmstate.forget(cluster, node, gone, log)
            await cluster.clock.sleep(SNAPSHOT_S)
            guests.save(cluster, _without(row, name, gone.get("parent")))

    return cluster.tasks.spawn(node, "qmdelsnapshot", str(vmid), call.identity, work)


def _without(row: guests.Row, name: str, parent: str | None) -> guests.Row:
    """The row without a snapshot, whose children become its parent's."""
    kept = {}
    for other, snapshot in row["snapshots"].items():
        if other == name:
            continue
        if snapshot.get("parent") == name:
            snapshot = {key: value for key, value in snapshot.items() if key != "parent"}
            snapshot |= {"parent": parent} if parent else {}
        kept[other] = snapshot
    if row["config"].get("parent") == name:
        row = guests.with_config(row, parent=parent)
    return row | {"snapshots": kept}


def rollback(call: Call) -> str:
    """Start the task that brings a snapshot back."""
    cluster, (node, vmid), name = call.cluster, _place(call), call.params["snapname"]

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            row = guests.load(cluster, node, vmid)
            guests.check_lock(row)
            await _rollback(cluster, row, name)
            if call.params.get("start") or row["snapshots"][name].get("vmstate"):
                await power.start(cluster, node, vmid, log)

    return cluster.tasks.spawn(node, "qmrollback", str(vmid), call.identity, work)


async def _rollback(cluster: Cluster, row: guests.Row, name: str) -> None:
    snapshot = get(row, name)
    if guests.is_running(row):
        await cluster.backend.stop(row["vmid"])
        row = power.stopped(cluster, row)
    await cluster.clock.sleep(SNAPSHOT_S)
    config = {key: value for key, value in snapshot.items() if not _is_kept_apart(key)}
    if row["config"].get("description"):
        config["description"] = row["config"]["description"]
    kept = {key: value for key, value in row["config"].items() if key.startswith("unused")}
    config = config | kept | {"parent": name}
    guests.save(cluster, row | {"config": config, "pending": {}, "pending_delete": []})
