# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Starting, stopping and pausing guests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lab.guests.base import BackendError

from ..errors import ServerError
from ..tasks import TaskError
from . import firstboot, guests, spec, values, vmstate
from .apply import apply_pending
from .properties import Net

if TYPE_CHECKING:
    from ..call import Call, Identity
    from ..cluster import Cluster
    from ..tasks import TaskLog

SHUTDOWN_TIMEOUT_S = 60.0
START_S = 0.8
REBOOT_PAUSE_S = 3.0


def spawn_start(cluster: Cluster, node: str, vmid: int, identity: Identity) -> str:
    """Start the task that starts the guest."""

    async def work(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            await start(cluster, node, vmid, log)

    return cluster.tasks.spawn(node, "qmstart", str(vmid), identity, work)


async def start(cluster: Cluster, node: str, vmid: int, log: TaskLog) -> None:
    """Start a guest whose lock is held."""
    row = guests.load(cluster, node, vmid)
    if guests.is_template(row):
        raise TaskError("you can't start a vm if it's a template")
    suspended = row["config"].get("lock") == "suspended"
    if not suspended:
        guests.check_lock(row)
    if guests.is_running(row):
        raise TaskError(f"VM {vmid} already running")
    if suspended:
        log("Resuming suspended VM")
    row = await apply_pending(cluster, row, log)
    _check_cpus(cluster, row)
    if spec.has_cloudinit(row["config"]):
        log("generating cloud-init ISO")
    if row["config"].get("bios") == "ovmf" and "efidisk0" not in row["config"]:
        log.warn("no efidisk configured! Using temporary efivars disk.")
    _check_bridges(cluster, row, log)
    await cluster.clock.sleep(START_S)
    try:
        await cluster.backend.start(spec.build(cluster, row))
    except BackendError as error:
        log(str(error))
        raise TaskError("start failed: QEMU exited with code 1") from error
    running = {"status": "running", "started": cluster.clock.now(), "pid": 2000 + vmid, "image": row["image"]}
    row = guests.save(cluster, row | running)
    firstboot.boot(cluster, row)
    if suspended:
        log("Resumed VM, removing state")
        await vmstate.forget(cluster, node, row["config"], log)
        guests.save(cluster, guests.with_config(row, lock=None, **dict.fromkeys(vmstate.KEYS)))


def _check_cpus(cluster: Cluster, row: guests.Row) -> None:
    """A guest may not have more processors than its node."""
    config, allowed = row["config"], cluster.node(row["node"])["cores"]
    if int(config.get("cores", 1)) * int(config.get("sockets", 1)) > allowed:
        raise TaskError(f"MAX {allowed} vcpus allowed per VM on this node")


def _check_bridges(cluster: Cluster, row: guests.Row, log: TaskLog) -> None:
    for key in sorted(key for key in row["config"] if key.startswith("net") and key[3:].isdigit()):
        bridge = Net.parse(str(row["config"][key])).bridge
        if bridge and not has_bridge(cluster, row["node"], bridge):
            tap = f"tap{row['vmid']}i{key[3:]}"
            vhost = ",vhost=on" if row["config"].get("kvm", 1) else ""
            script = "/usr/libexec/qemu-server/pve-bridge"
            log(f"bridge '{bridge}' does not exist")
            log(
                f"kvm: -netdev type=tap,id={key},ifname={tap},script={script},downscript={script}down"
                f"{vhost}: network script {script} failed with status 512"
            )
            raise TaskError("start failed: QEMU exited with code 1")


def has_bridge(cluster: Cluster, node: str, bridge: str) -> bool:
    """Whether the node has that bridge in service."""
    rows = cluster.store.table("network").values()
    return any(row["node"] == node and row["iface"] == bridge for row in rows)


def stopped(cluster: Cluster, row: guests.Row) -> guests.Row:
    """Write that the guest is off."""
    cluster.processes.forget(row["vmid"])
    return guests.save(cluster, row | {"status": "stopped", "started": None, "pid": 0})


async def stop(cluster: Cluster, node: str, vmid: int, log: TaskLog, *, skiplock: bool = False) -> None:
    """Cut the power of a guest; nothing happens to one that is off."""
    async with cluster.locks.config(vmid, log=log):
        row = guests.locate(cluster, node, vmid)
        if not guests.is_running(row):
            return
        if not skiplock:
            guests.check_lock(row)
        await cluster.clock.sleep(0.3)
        await cluster.backend.stop(vmid)
        await apply_pending(cluster, stopped(cluster, row), log)


async def shutdown(cluster: Cluster, node: str, vmid: int, log: TaskLog, params: dict[str, Any]) -> None:
    """Ask a guest to power off, and cut its power when that was asked for and it does not."""
    async with cluster.locks.config(vmid, log=log):
        row = guests.locate(cluster, node, vmid)
        if not guests.is_running(row):
            return
        if not params.get("skiplock"):
            guests.check_lock(row)
        await _power_down(cluster, row, log, params)
        await apply_pending(cluster, stopped(cluster, guests.load(cluster, node, vmid)), log)


async def _power_down(cluster: Cluster, row: guests.Row, log: TaskLog, params: dict[str, Any]) -> None:
    vmid = row["vmid"]
    if values.agent_enabled(row["config"]) and not await cluster.backend.agent_ping(vmid):
        log(f"QEMU Guest Agent is not running - VM {vmid} qmp command 'guest-ping' failed - got timeout")
    timeout = params.get("timeout")
    wait = SHUTDOWN_TIMEOUT_S if timeout is None else float(timeout)
    if await cluster.backend.shutdown(vmid, wait / cluster.clock.speed):
        return
    if not params.get("forceStop"):
        raise TaskError("VM quit/powerdown failed - got timeout")
    log("VM still running - terminating now with SIGTERM")
    await cluster.backend.stop(vmid)


async def reboot(call: Call, log: TaskLog) -> None:
    """Shut a guest down; the node starts it again a moment after the task has ended."""
    cluster, node, vmid = call.cluster, call.params["node"], int(call.params["vmid"])
    await shutdown(cluster, node, vmid, log, call.params)

    async def again(log: TaskLog) -> None:
        async with cluster.locks.config(vmid, log=log):
            await start(cluster, node, vmid, log)

    cluster.tasks.later(REBOOT_PAUSE_S, node, "qmstart", str(vmid), again)


def require_running(cluster: Cluster, node: str, vmid: int) -> guests.Row:
    """The row of a guest that runs, or the complaint."""
    row = guests.locate(cluster, node, vmid)
    if not guests.is_running(row):
        raise ServerError(f"VM {vmid} not running")
    return row


async def revive(cluster: Cluster) -> None:
    """Bring back the guests of a back end that ended with the emulator.

    Real guests go on running while the API is away, so those that ran are running again.
    """
    alive = await cluster.backend.running()
    for row in list(cluster.store.table("guests").values()):
        if guests.is_running(row) and row["vmid"] not in alive:
            await cluster.backend.start(spec.build(cluster, row))
            if row["status"] == "paused":
                await cluster.backend.pause(row["vmid"])


async def reconcile(cluster: Cluster) -> None:
    """After the emulator's own start: a guest runs exactly when the back end says so."""
    alive = await cluster.backend.running()
    for row in list(cluster.store.table("guests").values()):
        if guests.is_running(row) and row["vmid"] not in alive:
            stopped(cluster, row)
        elif not guests.is_running(row) and row["vmid"] in alive:
            guests.save(cluster, row | {"status": "running", "started": cluster.clock.now()})


async def reset(cluster: Cluster, node: str, vmid: int, log: TaskLog) -> None:
    """Restart the guest's machine without asking it."""
    async with cluster.locks.config(vmid, log=log):
        row = guests.load(cluster, node, vmid)
        guests.check_lock(row)
        await cluster.backend.stop(vmid)
        cluster.processes.forget(vmid)
        await cluster.backend.start(spec.build(cluster, row))


async def suspend(
    cluster: Cluster, node: str, vmid: int, log: TaskLog, *, to_disk: bool, storage: str = ""
) -> None:
    """Freeze a guest; with ``to_disk`` its memory is saved, and it is switched off and locked."""
    async with cluster.locks.config(vmid, log=log):
        row = guests.load(cluster, node, vmid)
        guests.check_lock(row)
        if to_disk:
            name = f"suspend-{datetime.fromtimestamp(cluster.clock.now(), UTC):%Y-%m-%d}"
            state = await vmstate.save(cluster, row, name, log, storage=storage)
            await cluster.backend.stop(vmid)
            stopped(cluster, guests.with_config(row, lock="suspended", **state))
        else:
            await cluster.backend.pause(vmid)
            guests.save(cluster, row | {"status": "paused"})


async def resume(cluster: Cluster, node: str, vmid: int, log: TaskLog) -> None:
    """Let a frozen or suspended guest go on."""
    async with cluster.locks.config(vmid, log=log):
        row = guests.load(cluster, node, vmid)
        if row["config"].get("lock") == "suspended":
            await start(cluster, node, vmid, log)
            return
        guests.check_lock(row)
        if row["status"] == "paused":
            await cluster.backend.resume(vmid)
            guests.save(cluster, row | {"status": "running"})
