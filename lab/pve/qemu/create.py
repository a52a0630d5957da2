# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Making a guest."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ForbiddenError, ServerError
from ..locks import CLONE_TIMEOUT_S
from ..storage import volumes
from . import credentials, disks, firstboot, guests, permissions, power, values
from .properties import Drive

if TYPE_CHECKING:
    from ..call import Call
    from ..tasks import TaskLog

_NOT_CONFIG = frozenset(
    (
        "node",
        "vmid",
        "pool",
        "storage",
        "start",
        "archive",
        "force",
        "unique",
        "bwlimit",
        "live-restore",
        "skiplock",
        "import-working-storage",
    )
)


def check_pool(call: Call) -> str:
    """The pool that the call names, which must exist; empty for none."""
    pool = str(call.params.get("pool", ""))
    if pool and pool not in call.cluster.store.table("pools"):
        raise ForbiddenError(f"Permission check failed (pool '{pool}' does not exist)")
    return pool


def join_pool(call: Call, pool: str, vmid: int) -> None:
    """Make the guest a member of the pool."""
    if not pool:
        return
    table = call.cluster.store.table("pools")
    row = table[pool]
    table[pool] = row | {"vms": [*row.get("vms", []), vmid]}


def normalise(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they are written: passwords hashed, keys checked, cards completed."""
    settings = dict(settings)
    if "cipassword" in settings:
        settings["cipassword"] = credentials.hash_password(str(settings["cipassword"]))
    if settings.get("sshkeys"):
        credentials.check_keys(str(settings["sshkeys"]))
    if "cdrom" in settings:
        settings["ide2"] = f"{settings.pop('cdrom')},media=cdrom"
    for key, value in settings.items():
        if key.startswith("net") and key[3:].isdigit():
            settings[key] = values.complete_net(str(value))
    return settings


def _check(call: Call, vmid: int, settings: dict[str, Any]) -> str:
    cluster, identity = call.cluster, call.identity
    guests.root_only(identity, call.params, "skiplock")
    pool = check_pool(call)
    allowed = cluster.access.has(identity, f"/vms/{vmid}", ["VM.Allocate"])
    if not allowed and not (pool and cluster.access.has(identity, f"/pool/{pool}", ["VM.Allocate"])):
        raise ForbiddenError("Permission check failed")
    if "archive" in call.params:
        raise ServerError(f"unable to restore VM {vmid} - volume '{call.params['archive']}' does not exist")
    permissions.check_storage(cluster, identity, vmid, settings)
    permissions.check_modify(cluster, identity, vmid, pool, settings)
    permissions.check_real_devices(identity, settings, "set")
    permissions.check_bridges(cluster, identity, settings)
    check_script(settings)
    return pool


def check_script(settings: dict[str, Any]) -> None:
    """Refuse a hook script: no storage of the lab holds any."""
    script = settings.get("hookscript")
    if script:
        raise ApiError(
            400, "Parameter verification failed.\n", {"hookscript": f"script '{script}' does not exist\n"}
        )


async def create(call: Call) -> str:
    """Check the call, reserve the vmid and start the task; returns its UPID."""
    node, vmid = call.params["node"], int(call.params["vmid"])
    settings = normalise({k: v for k, v in call.params.items() if k not in _NOT_CONFIG})
    pool = _check(call, vmid, settings)
    taken = guests.anywhere(call.cluster, vmid)
    if taken is not None:
        raise ServerError(f"unable to create VM {vmid} - VM {vmid} already exists on node '{taken['node']}'")
    guests.save(call.cluster, guests.row_of(vmid, node, {"lock": "create"}))

    async def work(log: TaskLog) -> None:
        async with call.cluster.locks.config(vmid, CLONE_TIMEOUT_S, log=log):
            await _write(call, vmid, settings, log)
            join_pool(call, pool, vmid)
        if call.params.get("start"):
            log("Execute autostart")
            power.spawn_start(call.cluster, node, vmid, call.identity)

    return call.cluster.tasks.spawn(node, "qmcreate", str(vmid), call.identity, work)


async def _write(call: Call, vmid: int, settings: dict[str, Any], log: TaskLog) -> None:
    cluster, node = call.cluster, call.params["node"]
    place = disks.Place(cluster=cluster, node=node, vmid=vmid, log=log)
    made: list[str] = []
    image = _image(call, settings)
    try:
        config = {key: value for key, value in settings.items() if value != ""}
        disks.check_one_cloudinit(settings, settings)
        config |= await disks.make(place, settings, made)
    except BaseException as error:
        await disks.free_all(place, made)
        guests.drop(cluster, vmid)
        if isinstance(error, ApiError):
            raise ServerError(f"unable to create VM {vmid} - {error.message.strip()}") from error
        raise
    config.setdefault("boot", values.default_boot(config))
    config.setdefault("smbios1", f"uuid={values.new_uuid()}")
    if config.get("vmgenid", "1") == "1":
        config["vmgenid"] = values.new_uuid()
    config["meta"] = values.meta(cluster.clock.now())
    guests.save(cluster, guests.row_of(vmid, node, config, image=image))


def _image(call: Call, settings: dict[str, Any]) -> str:
    """The content of the guest whose disk is imported, if any."""
    for key in values.drive_keys(settings):
        source = Drive.parse(str(settings[key])).options.get("import-from", "")
        if source.startswith("/"):
            return PurePosixPath(source).stem
        volume = volumes.find(call.cluster, call.params["node"], source) if source else None
        if volume is not None and volume.get("machine"):
            return firstboot.without_agent(str(volume["machine"]))
        name = source.partition(":")[2].rpartition("/")[2]
        parts = name.split("-")
        if len(parts) > 1 and parts[1].isdigit():
            row = guests.anywhere(call.cluster, int(parts[1]))
            if row is not None:
                return str(row["image"])
    return ""
