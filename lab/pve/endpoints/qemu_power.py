# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Power: start, stop, shut down, reboot, reset, suspend, resume."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from ..call import Call
from ..errors import ServerError
from ..qemu import guests, power
from ..registry import endpoint
from ..tasks import TaskLog

_PARTS = ("current", "start", "stop", "reset", "shutdown", "suspend", "reboot")
_STATUS = "/nodes/{node}/qemu/{vmid}/status"


def _place(call: Call) -> tuple[str, int]:
    return call.params["node"], int(call.params["vmid"])


def _spawn(call: Call, kind: str, work: Callable[[TaskLog], Awaitable[None]]) -> str:
    node, vmid = _place(call)
    return call.cluster.tasks.spawn(node, kind, str(vmid), call.identity, work)


@endpoint("GET", _STATUS)
async def index(call: Call) -> Any:
    """What can be asked and done about a guest's power."""
    return [
        {"subdir": name} for name in ["current", "start", "stop", "reset", "shutdown", "suspend", "reboot"]
    ]


@endpoint("POST", f"{_STATUS}/start")
async def start(call: Call) -> Any:
    """Start a guest."""
    guests.root_only(
        call.identity,
        call.params,
        "skiplock",
        "stateuri",
        "migratedfrom",
        "migration_type",
        "migration_network",
        "targetstorage",
        "force-cpu",
    )
    node, vmid = _place(call)
    return power.spawn_start(call.cluster, node, vmid, call.identity)


@endpoint("POST", f"{_STATUS}/stop")
async def stop(call: Call) -> Any:
    """Cut a guest's power."""
    guests.root_only(call.identity, call.params, "skiplock", "migratedfrom", "keepActive")
    node, vmid = _place(call)
    if call.params.get("overrule-shutdown"):
        _abort_shutdowns(call, vmid)

    async def work(log: TaskLog) -> None:
        await power.stop(call.cluster, node, vmid, log, skiplock=bool(call.params.get("skiplock")))

    return _spawn(call, "qmstop", work)


def _abort_shutdowns(call: Call, vmid: int) -> None:
    for row in list(call.cluster.tasks.newest_first()):
        if row["type"] == "qmshutdown" and row["id"] == str(vmid):
            call.cluster.tasks.abort(row["upid"])


@endpoint("POST", f"{_STATUS}/shutdown")
async def shutdown(call: Call) -> Any:
    """Ask a guest to power off."""
    guests.root_only(call.identity, call.params, "skiplock", "keepActive")
    node, vmid = _place(call)
    row = guests.anywhere(call.cluster, vmid)
    paused = row is not None and row["node"] == node and row["status"] == "paused"
    if paused and not call.params.get("forceStop"):
        raise ServerError("VM is paused - cannot shutdown")

    async def work(log: TaskLog) -> None:
        if paused:
            log("VM is paused - stop instead of shutdown")
            await power.stop(call.cluster, node, vmid, log)
        else:
            await power.shutdown(call.cluster, node, vmid, log, call.params)

    return _spawn(call, "qmshutdown", work)


@endpoint("POST", f"{_STATUS}/reboot")
async def reboot(call: Call) -> Any:
    """Shut a guest down and start it again."""
    row = power.require_running(call.cluster, *_place(call))
    if row["status"] == "paused":
        raise ServerError("VM is paused - cannot shutdown")

    async def work(log: TaskLog) -> None:
        await power.reboot(call, log)

    return _spawn(call, "qmreboot", work)


@endpoint("POST", f"{_STATUS}/reset")
async def reset(call: Call) -> Any:
    """Press a guest's reset button."""
    guests.root_only(call.identity, call.params, "skiplock")
    node, vmid = _place(call)
    power.require_running(call.cluster, node, vmid)

    async def work(log: TaskLog) -> None:
        await power.reset(call.cluster, node, vmid, log)

    return _spawn(call, "qmreset", work)


@endpoint("POST", f"{_STATUS}/suspend")
async def suspend(call: Call) -> Any:
    """Pause a guest, or write its memory to disk and switch it off."""
    guests.root_only(call.identity, call.params, "skiplock")
    node, vmid = _place(call)
    power.require_running(call.cluster, node, vmid)
    to_disk = bool(call.params.get("todisk"))
    if call.params.get("statestorage") and not to_disk:
        raise ServerError("cannot use 'statestorage' without 'todisk'")

    async def work(log: TaskLog) -> None:
        storage = str(call.params.get("statestorage", ""))
        await power.suspend(call.cluster, node, vmid, log, to_disk=to_disk, storage=storage)

    return _spawn(call, "qmsuspend" if to_disk else "qmpause", work)


@endpoint("POST", f"{_STATUS}/resume")
async def resume(call: Call) -> Any:
    """Let a paused or suspended guest go on."""
    guests.root_only(call.identity, call.params, "skiplock", "nocheck")
    node, vmid = _place(call)
    row = guests.locate(call.cluster, node, vmid)
    if row["config"].get("lock") != "suspended":
        power.require_running(call.cluster, node, vmid)

    async def work(log: TaskLog) -> None:
        await power.resume(call.cluster, node, vmid, log)

    return _spawn(call, "qmresume", work)
