# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removing guests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ServerError
from ..storage import config as storages
from ..storage import volumes
from ..tasks import TaskError
from . import guests, values
from .clone import linked_clone_of
from .properties import Drive

if TYPE_CHECKING:
    from ..call import Call
    from ..cluster import Cluster
    from ..tasks import TaskLog


def destroy(call: Call) -> str:
    """Check the call and start the task; returns its UPID."""
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    guests.root_only(call.identity, call.params, "skiplock")
    row = guests.load(cluster, node, vmid)
    guests.check_protection(row, f"can't remove VM {vmid}")
    if guests.is_running(row):
        raise ServerError(f"VM {vmid} is running - destroy failed")

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            await _carry_out(call, guests.load(cluster, node, vmid), log)

    return cluster.tasks.spawn(node, "qmdestroy", str(vmid), call.identity, work)


async def _carry_out(call: Call, row: guests.Row, log: TaskLog) -> None:
    cluster, vmid = call.cluster, row["vmid"]
    guests.check_protection(row, f"can't remove VM {vmid}")
    if not call.params.get("skiplock") and row["config"].get("lock") != "suspended":
        guests.check_lock(row)
    if guests.is_running(row):
        raise TaskError(f"VM {vmid} is running - destroy failed")
    base = linked_clone_of(row, cluster)
    if base:
        raise TaskError(f"base volume '{base}' is still in use by linked cloned")
    for volid in owned_volumes(row):
        await volumes.free(cluster, row["node"], volid, log)
    if call.params.get("destroy-unreferenced-disks"):
        await _free_strays(cluster, row, log)
    await cluster.backend.destroy(vmid)
    forget_member(cluster, vmid)
    if call.params.get("purge"):
        log(f"purging VM {vmid} from related configurations..")
    guests.drop(cluster, vmid)


def owned_volumes(row: guests.Row) -> list[str]:
    """The volumes which the configuration, its snapshots included, refers to and the guest owns."""
    found: dict[str, None] = {}
    for config in [row["config"], *row["snapshots"].values()]:
        keys = [*values.drive_keys(config), *sorted(key for key in config if key.startswith("unused"))]
        keys += ["vmstate"] if "vmstate" in config else []
        for key in keys:
            drive = Drive.parse(str(config[key]))
            if drive.storage and volumes.owner(drive.volname) == row["vmid"]:
                found[drive.file] = None
    return list(found)


async def _free_strays(cluster: Cluster, row: guests.Row, log: TaskLog) -> None:
    for name, storage in cluster.store.table("storages").items():
        if storage.get("disable") or not storages.available_on(storage, row["node"]):
            continue
        for volume in volumes.on_storage(cluster, row["node"], name):
            if volume["vmid"] == row["vmid"]:
                await volumes.free(cluster, row["node"], volume["volid"], log)


def forget_member(cluster: Cluster, vmid: int) -> None:
    """Take the guest out of its pool and out of the access list."""
    pools = cluster.store.table("pools")
    for name, pool in list(pools.items()):
        if vmid in pool.get("vms", []):
            pools[name] = pool | {"vms": [member for member in pool["vms"] if member != vmid]}
    access = cluster.store.table("acl")
    if f"/vms/{vmid}" in access:
        del access[f"/vms/{vmid}"]
