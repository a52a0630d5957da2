# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changing a guest's configuration."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ServerError
from ..schema import default_schema
from ..storage import volumes
from . import create, data_disk, disks, guests, permissions, values
from .apply import apply_pending, hotplug
from .properties import Drive, is_drive

if TYPE_CHECKING:
    from ..call import Call
    from ..tasks import TaskLog

_NOT_CONFIG = frozenset(
    (
        "node",
        "vmid",
        "delete",
        "revert",
        "digest",
        "force",
        "skiplock",
        "background_delay",
        "import-working-storage",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a call wants changed, checked as far as it can be without the guest."""

    settings: dict[str, Any]
    delete: tuple[str, ...] = ()
    revert: tuple[str, ...] = ()
    force: bool = False
    skiplock: bool = False
    digest: str | None = None
    spoken: tuple[str, ...] = field(default=())

    @property
    def summary(self) -> str:
        """The options as the task's log repeats them."""
        return " ".join(self.spoken)


def _wrong(key: str, text: str) -> ApiError:
    return ApiError(400, "Parameter verification failed.\n", {key: text})


def read(call: Call) -> Change:
    """Check the call's parameters and the caller's privileges."""
    params = call.params
    raw = {key: value for key, value in params.items() if key not in _NOT_CONFIG}
    if not raw and not params.get("delete") and not params.get("revert"):
        raise ServerError("no options specified")
    guests.root_only(call.identity, params, "skiplock")
    known = default_schema().options("/nodes/{node}/qemu/{vmid}/config", "PUT") - _NOT_CONFIG
    revert = _names(params, "revert", raw, known)
    delete = _names(params, "delete", raw, known)
    for name in delete:
        if name in revert:
            raise _wrong("delete", f"you can't use '-delete {name}' and '-revert {name}' at the same time")
    spoken = [f"-{key} {'<hidden>' if key == 'cipassword' else value}" for key, value in raw.items()]
    spoken += [f"-{key} {params[key]}" for key in ("delete", "revert") if params.get(key)]
    settings = create.normalise(raw)
    create.check_script(settings)
    _check_privileges(call, settings, delete)
    return Change(
        settings=settings,
        delete=tuple(delete),
        revert=tuple(revert),
        force=bool(params.get("force")),
        skiplock=bool(params.get("skiplock")),
        digest=params.get("digest"),
        spoken=tuple(spoken),
    )


def _names(params: dict[str, Any], which: str, settings: dict[str, Any], known: frozenset[str]) -> list[str]:
    names = ["ide2" if name == "cdrom" else name for name in values.split_list(str(params.get(which, "")))]
    for name in names:
        if name in settings:
            flag = f"-delete {name}'" if which == "delete" else f"'-revert {name}'"
            raise _wrong("delete", f"you can't use '-{name}' and {flag} at the same time")
        if name not in known:
            raise _wrong(which, f"unknown option '{name}'")
    return names


def _check_privileges(call: Call, settings: dict[str, Any], delete: list[str]) -> None:
    cluster, identity, vmid = call.cluster, call.identity, int(call.params["vmid"])
    permissions.check_modify(cluster, identity, vmid, "", delete)
    permissions.check_modify(cluster, identity, vmid, "", settings)
    permissions.check_storage(cluster, identity, vmid, settings)
    permissions.check_bridges(cluster, identity, settings)
    permissions.check_real_devices(identity, settings)


async def update(call: Call, *, asynchronous: bool) -> str | None:
    """Carry the change out; returns a UPID when a task does it."""
    change = read(call)
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(cluster.locks.config(vmid))
        row = guests.load(cluster, node, vmid)
        guests.check_digest(row, change.digest)
        if not change.skiplock:
            guests.check_lock(row)
        _check_balloon(row, change.settings)
        if not asynchronous:
            await _carry_out(call, change, volumes.no_log)
            return None

        async def work(log: TaskLog) -> None:
            log(f"update VM {vmid}: {change.summary}")
            await _carry_out(call, change, log)

        upid = cluster.tasks.spawn(node, "qmconfig", str(vmid), call.identity, work, stack.pop_all())
    return await _background(call, upid)


async def _background(call: Call, upid: str) -> str | None:
    """Wait as long as the caller wished; None when the task ended well meanwhile."""
    tasks, left = call.cluster.tasks, float(call.params.get("background_delay", 0))
    while left > 0 and tasks.running(upid):
        await call.cluster.clock.sleep(0.1)
        left -= 0.1
    done = call.params.get("background_delay") and not tasks.running(upid)
    return None if done and tasks.status(upid) == "OK" else upid


def _check_balloon(row: guests.Row, settings: dict[str, Any]) -> None:
    if "memory" not in settings and "balloon" not in settings:
        return
    merged = row["config"] | row["pending"] | settings
    if int(merged.get("balloon", 0)) > values.memory_mib(merged):
        raise ServerError("balloon value too large (must be smaller than assigned memory)")


async def _carry_out(call: Call, change: Change, log: volumes.Log) -> None:
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    row = guests.load(cluster, node, vmid)
    settings, delete = dict(change.settings), list(change.delete)
    for key in change.revert:
        if key in row["config"]:
            settings[key] = row["config"][key]
        elif key in row["pending"]:
            delete.append(key)
    for key in delete:
        await _delete(call, key, change.force, log)
    for key, value in settings.items():
        await _set(call, key, value, log)
    row = _drop_what_is_no_change(guests.load(cluster, node, vmid))
    guests.save(cluster, row)
    if guests.is_running(row):
        before = data_disk.size_of(row["config"])
        await data_disk.fit(cluster, await hotplug(cluster, row, log), before)
    else:
        await apply_pending(cluster, row, log)


def _drop_what_is_no_change(row: guests.Row) -> guests.Row:
    config = row["config"]
    pending = {
        key: value for key, value in row["pending"].items() if key not in config or config[key] != value
    }
    emptied = {key for key, value in pending.items() if key == "description" and value == ""}
    delete = [key for key in [*row["pending_delete"], *emptied] if key in config]
    return row | {
        "pending": {key: value for key, value in pending.items() if key not in emptied},
        "pending_delete": delete,
    }


async def _delete(call: Call, key: str, force: bool, log: volumes.Log) -> None:
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    row = guests.load(cluster, node, vmid)
    value = row["config"].get(key, row["pending"].get(key))
    if value is None:
        return
    pending = {name: text for name, text in row["pending"].items() if name != key}
    order = values.boot_devices(row["config"])
    if order and key in order and key not in row["pending"]:
        pending["boot"] = values.print_boot(device for device in order if device != key)
    row = row | {"pending": pending}
    if key.startswith("unused"):
        guests.check_protection(row, f"can't remove unused disk '{value}'")
        cluster.access.check_vm(call.identity, vmid, None, ["VM.Config.Disk"])
        if guests.in_snapshot(row, str(value)):
            raise ServerError(f"unable to delete '{value}' - volume is still in use (snapshot?)")
        await volumes.free(cluster, node, str(value).partition(",")[0], log)
        guests.save(cluster, guests.with_config(row, **{key: None}))
        return
    if is_drive(key):
        guests.check_protection(row, f"can't remove drive '{key}'")
        cluster.access.check_vm(call.identity, vmid, None, [_drive_privilege(str(value))])
    if key == "tags":
        permissions.check_tags(cluster, call.identity, vmid, str(value), "")
    if key.startswith(("serial", "usb", "hostpci")):
        permissions.check_real_devices(call.identity, {key: value})
    if key.startswith("net"):
        permissions.check_bridges(cluster, call.identity, {key: value})
    forced = [*row.get("forced_delete", []), key] if force else row.get("forced_delete", [])
    wanted = row | {"pending_delete": [*row["pending_delete"], key], "forced_delete": forced}
    guests.save(cluster, wanted)


def _drive_privilege(value: str) -> str:
    return "VM.Config.CDROM" if Drive.parse(value).is_cdrom else "VM.Config.Disk"


async def _set(call: Call, key: str, value: Any, log: volumes.Log) -> None:
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    row = guests.load(cluster, node, vmid)
    pending = dict(row["pending"])
    if pending.get(key) == value:
        return
    if is_drive(key):
        cluster.access.check_vm(call.identity, vmid, None, [_drive_privilege(str(value))])
        if key in row["config"]:
            cluster.access.check_vm(call.identity, vmid, None, [_drive_privilege(str(row["config"][key]))])
        disks.check_one_cloudinit({key: value}, row["config"])
        place = disks.Place(cluster=cluster, node=node, vmid=vmid, log=log)
        pending |= await disks.make(place, {key: value}, [])
        row = guests.load(cluster, node, vmid)
        order = values.boot_devices(row["config"])
        drive = Drive.parse(pending[key])
        if order is not None and drive.is_cdrom and not drive.is_cloudinit and key not in order:
            pending["boot"] = values.print_boot([*order, key])
    elif key == "tags":
        permissions.check_tags(cluster, call.identity, vmid, str(row["config"].get("tags", "")), str(value))
        pending[key] = values.normalise_tags(str(value)) or " "
    elif key == "vmgenid" and value == "1":
        pending[key] = values.new_uuid()
    else:
        if key == "boot":
            row = _check_boot(row, str(value))
        pending[key] = value
    kept = [name for name in row["pending_delete"] if name != key]
    guests.save(cluster, row | {"pending": pending, "pending_delete": kept})


def _check_boot(row: guests.Row, value: str) -> guests.Row:
    """Refuse unknown devices; a list of devices drives the old ``bootdisk`` out."""
    devices = values.boot_devices({"boot": value})
    for device in devices or []:
        if device not in row["config"] and device not in row["pending"]:
            raise ServerError(f"invalid bootorder: device '{device}' does not exist'")
    if devices is None or "bootdisk" not in row["config"]:
        return row
    return row | {"pending_delete": [*row["pending_delete"], "bootdisk"]}
