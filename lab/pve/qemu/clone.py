# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloning guests, in full or linked to a template."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ServerError
from ..locks import CLONE_TIMEOUT_S
from ..storage import config as storages
from ..storage import volumes
from ..tasks import TaskError
from . import create, disks, guests, permissions, values
from .properties import Drive, is_drive

if TYPE_CHECKING:
    from ..call import Call
    from ..tasks import TaskLog

PREPARE_S = 0.1
TEMPORARY = " qmclone temporary file"
_NOT_COPIED = frozenset(("parent", "snaptime", "vmstate", "snapstate", "lock", "template", "digest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a clone will be: its configuration so far and the drives still to copy."""

    config: dict[str, Any]
    drives: dict[str, Drive]
    full: bool
    image: str


def _target(call: Call) -> str:
    """The node on which the clone will be, which must exist."""
    target = str(call.params.get("target", ""))
    if target and target not in call.cluster.store.table("nodes"):
        raise ServerError(f"no such cluster node '{target}'")
    return target or str(call.params["node"])


def _check_storage_parameter(call: Call, target: str) -> None:
    storage = call.params.get("storage")
    if not storage:
        return
    row = storages.check_enabled(call.cluster, storage, call.params["node"])
    if target != call.params["node"]:
        storages.check_enabled(call.cluster, storage, target)
        if not storages.is_shared(row):
            raise ServerError(f"can't clone to non-shared storage '{storage}'")


def _check_access(call: Call, config: dict[str, Any]) -> bool:
    """Check the storages and bridges; tells whether every disk is on shared storage."""
    cluster, identity, shared = call.cluster, call.identity, True
    for key in values.drive_keys(config):
        drive = Drive.parse(str(config[key]))
        if drive.is_cdrom and not drive.is_cloudinit:
            if drive.storage:
                shared = shared and storages.is_shared(storages.get(cluster, drive.storage))
            continue
        if not drive.storage:
            shared = False
            continue
        row = storages.get(cluster, drive.storage)
        shared = shared and storages.is_shared(row)
        target = str(call.params.get("storage") or drive.storage)
        cluster.access.check(identity, f"/storage/{target}", ["Datastore.AllocateSpace"])
        permissions.check_holds_images(cluster, target)
    permissions.check_bridges(cluster, identity, config)
    return shared


def _plan(call: Call, target: str) -> Plan:
    cluster, params = call.cluster, call.params
    row = guests.load(cluster, params["node"], int(params["vmid"]))
    create.check_pool(call)
    guests.check_lock(row)
    snapname = params.get("snapname")
    if snapname and snapname not in row["snapshots"]:
        raise ServerError(f"snapshot '{snapname}' does not exist")
    full = bool(params.get("full", not guests.is_template(row)))
    for name in ("storage", "format"):
        if params.get(name) and not full:
            raise ServerError(f"parameter '{name}' not allowed for linked clones")
    old = row["snapshots"][snapname] if snapname else row["config"]
    shared = _check_access(call, old)
    if target != params["node"] and not shared:
        raise ServerError(f"can't clone VM to node '{target}' (VM uses local storage)")
    newid = int(params["newid"])
    taken = guests.anywhere(cluster, newid)
    if taken is not None and taken["node"] == params["node"]:
        raise ServerError(f"unable to create VM {newid}: config file already exists")
    config, drives = _copied(old, full)
    return Plan(config=config, drives=drives, full=full, image=row["image"])


def _copied(old: dict[str, Any], full: bool) -> tuple[dict[str, Any], dict[str, Drive]]:
    config: dict[str, Any] = {}
    drives: dict[str, Drive] = {}
    for key, value in old.items():
        if key in _NOT_COPIED or key.startswith("unused"):
            continue
        if key.startswith("net") and key[3:].isdigit():
            config[key] = values.complete_net(str(value), renew=True)
        elif is_drive(key):
            drive = Drive.parse(str(value))
            if drive.is_cdrom and not drive.is_cloudinit:
                config[key] = value
                continue
            if not full and not drive.is_cloudinit and not disks.can_link(drive):
                raise ServerError(f"Linked clone feature is not supported for '{drive.file}' ({key})")
            drives[key] = drive
        else:
            config[key] = value
    return config, drives


async def clone(call: Call) -> str:
    """Check the call and start the task; returns its UPID."""
    cluster, params = call.cluster, call.params
    node, vmid, newid = params["node"], int(params["vmid"]), int(params["newid"])
    create.check_pool(call)
    target = _target(call)
    _check_storage_parameter(call, target)
    running = guests.is_running(guests.locate(cluster, node, vmid))
    _plan(call, target)

    async def work(log: TaskLog) -> None:
        async with (
            cluster.locks.config(vmid, CLONE_TIMEOUT_S, shared=not running, log=log),
            cluster.locks.config(newid, CLONE_TIMEOUT_S, log=log),
        ):
            await _carry_out(call, target, log)

    return cluster.tasks.spawn(node, "qmclone", str(vmid), call.identity, work)


async def _carry_out(call: Call, target: str, log: TaskLog) -> None:
    cluster, params = call.cluster, call.params
    node, vmid, newid = params["node"], int(params["vmid"]), int(params["newid"])
    plan = _plan(call, target)
    if guests.anywhere(cluster, newid) is not None:
        file = f"/etc/pve/nodes/{node}/qemu-server/{newid}.conf"
        raise TaskError(f"close (rename) atomic file '{file}' failed: File exists")
    guests.save(cluster, guests.row_of(newid, node, {"lock": "clone", "description": TEMPORARY}))
    made: list[str] = []
    try:
        await cluster.clock.sleep(PREPARE_S)
        config = await _copy_drives(call, plan, made, log)
        await cluster.backend.clone(vmid, newid)
    except BaseException as error:
        place = disks.Place(cluster=cluster, node=node, vmid=newid)
        await disks.free_all(place, made)
        guests.drop(cluster, newid)
        if isinstance(error, ApiError):
            raise TaskError(f"clone failed: {error.message.strip()}") from error
        raise
    del config["lock"]
    guests.save(cluster, guests.row_of(newid, target, config, image=plan.image))
    create.join_pool(call, str(params.get("pool", "")), newid)


async def _copy_drives(call: Call, plan: Plan, made: list[str], log: TaskLog) -> dict[str, Any]:
    cluster, params, newid = call.cluster, call.params, int(call.params["newid"])
    place = disks.Place(cluster=cluster, node=params["node"], vmid=newid, log=log)
    limit = float(params.get("bwlimit", 0)) * 1024 or disks.COPY_BYTES_PER_S
    config = _identity(call, plan.config)
    for key in sorted(plan.drives):
        drive = plan.drives[key]
        if plan.full or drive.is_cloudinit:
            ready = await disks.copy(
                place,
                key,
                drive,
                made,
                storage=str(params.get("storage", "")),
                fmt=str(params.get("format", "")),
                bytes_per_s=limit,
            )
        else:
            ready = await disks.link(place, key, drive, made)
        config[key] = str(ready)
        guests.save(cluster, guests.row_of(newid, params["node"], dict(config), image=plan.image))
    return config


def _identity(call: Call, config: dict[str, Any]) -> dict[str, Any]:
    params = call.params
    old_name = config.get("name") or params["vmid"]
    config = config | {
        "lock": "clone",
        "name": params.get("name") or f"Copy-of-VM-{old_name}",
        "smbios1": values.renew_smbios(str(config.get("smbios1", ""))),
    }
    if "vmgenid" in config:
        config["vmgenid"] = values.new_uuid()
    if params.get("description"):
        config["description"] = params["description"]
    return config


def linked_clone_of(row: guests.Row, cluster: Any) -> str:
    """A template's disk on which a clone stands, empty for none."""
    for key in values.drive_keys(row["config"]):
        drive = Drive.parse(str(row["config"][key]))
        if (
            drive.storage
            and disks.can_link(drive)
            and volumes.linked_clones(cluster, row["node"], drive.file)
        ):
            return drive.file
    return ""
