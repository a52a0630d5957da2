# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests of the emulator as real Debian machines: one container each."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..errors import LabError
from ..images.build import find_images
from ..podman import Podman
from .base import BackendError, ExecResult, GuestInterface, GuestSpec, Usage
from .container import LABELS, Container, boot, execute, is_up
from .disks import plug_script
from .memo import SpecMemo
from .meter import Meter, cpu_seconds, memory_bytes, network_bytes, started_at

PREFIX = "renfort-"
"""Containers of guests are called ``renfort-<vmid>``."""

LABEL = LABELS[0]
SNAPSHOTS = "localhost/renfort-disk"
"""Where the content of a guest's disk goes while it is cloned."""

REBOOTED = 129
"""How a container ends when its init asks the kernel for a reboot: by SIGHUP."""

WATCH_SECONDS = 1.0
STOP_SECONDS = 10.0


class PodmanBackend:
    """Implements `GuestBackend` with podman, several guests side by side."""

    def __init__(self, *, parallel: int = 4) -> None:
        self._podman = Podman(parallel=parallel)
        self._booting = asyncio.Semaphore(parallel)
        self._guards: dict[int, asyncio.Lock] = {}
        self._specs = SpecMemo()
        self._images: dict[str, str] = {}
        self._pids: dict[int, int] | None = None
        self._answering: dict[int, int] = {}
        self._looking = asyncio.Lock()
        self._meter = Meter()
        self._watch: asyncio.Task[None] | None = None

    async def start(self, spec: GuestSpec) -> None:
        """Boot the guest; one that runs already is left as it is."""
        async with self._guarded(spec.vmid) as pids, self._booting:
            if alive(pids.get(spec.vmid, 0)):
                return
            container = Container(
                name=_name(spec.vmid),
                image=await self._reference(spec),
                nics=spec.nics,
                cloudinit=spec.cloudinit,
                data_disk=spec.data_disk,
            )
            pids[spec.vmid] = await boot(self._podman, container, label=LABEL)
            self._specs.keep(spec)

    async def stop(self, vmid: int) -> None:
        """Cut the power."""
        async with self._guarded(vmid) as pids:
            self._specs.drop(vmid)
            if pid := pids.pop(vmid, 0):
                await self._podman.attempt("kill", _name(vmid))
                await _gone(pid, STOP_SECONDS)

    async def shutdown(self, vmid: int, timeout_s: float) -> bool:
        """Ask systemd to power off; False when it has not done so in time."""
        async with self._guarded(vmid) as pids:
            pid = pids.get(vmid, 0)
            if not alive(pid):
                pids.pop(vmid, None)
                return True
            await self._podman.run("kill", "--signal=SIGRTMIN+3", _name(vmid))
            if not await _gone(pid, timeout_s):
                return False
            self._specs.drop(vmid)
            pids.pop(vmid, None)
            return True

    async def pause(self, vmid: int) -> None:
        """Freeze every process of the guest."""
        async with self._guarded(vmid):
            await self._podman.run("pause", _name(vmid))

    async def resume(self, vmid: int) -> None:
        """Undo `pause`."""
        async with self._guarded(vmid):
            await self._podman.run("unpause", _name(vmid))

    async def fit_disk(self, vmid: int, size: int) -> None:
        """Attach the loop device of the guest's data disk, or let it and the file behind it grow."""
        async with self._guarded(vmid) as pids:
            pid = pids.get(vmid, 0)
            if not alive(pid):
                raise BackendError(f"guest {vmid} is not running")
            ended = await execute(pid, ["/bin/sh"], plug_script(size).encode())
            if ended.exitcode != 0:
                complaint = ended.stderr.decode(errors="replace").strip()
                raise BackendError(f"guest {vmid} does not take its data disk: {complaint}")
            if spec := self._specs.of(vmid):
                self._specs.keep(replace(spec, data_disk=size))

    async def destroy(self, vmid: int) -> None:
        """Remove the guest and its content."""
        async with self._guarded(vmid) as pids:
            self._specs.drop(vmid)
            pids.pop(vmid, None)
            self._meter.forget(vmid)
            await self._podman.run("rm", "--force", "--time=0", "--ignore", "--volumes", _name(vmid))
            await self._podman.attempt("rmi", f"{SNAPSHOTS}:{vmid}")
        self._guards.pop(vmid, None)

    async def clone(self, source: int, target: int) -> None:
        """Keep the source's present disk as the image from which the target will be created."""
        async with self._guarded(source):
            if (await self._podman.attempt("container", "exists", _name(source))).code == 0:
                await self._podman.run("commit", "--quiet", _name(source), f"{SNAPSHOTS}:{target}")

    async def running(self) -> set[int]:
        """The vmids that run now."""
        return {vmid for vmid, pid in (await self._known()).items() if alive(pid)}

    async def usage(self, vmid: int) -> Usage:
        """Seconds since the start, share of the host's one core, bytes."""
        pid = await self._pid(vmid)
        received, sent = network_bytes(pid)
        return Usage(
            uptime=max(0.0, time.time() - started_at(pid)),
            cpu=self._meter.share(vmid, cpu_seconds(pid)),
            memory=memory_bytes(pid),
            netin=received,
            netout=sent,
        )

    async def agent_ping(self, vmid: int) -> bool:
        """Whether the guest has booted far enough to execute commands; from then on it goes on answering."""
        pid = (await self._known()).get(vmid, 0)
        if not alive(pid):
            self._answering.pop(vmid, None)
            return False
        if self._answering.get(vmid) != pid and is_up(pid):
            self._answering[vmid] = pid
        return self._answering.get(vmid) == pid

    async def agent_exec(self, vmid: int, argv: list[str], stdin: bytes = b"") -> ExecResult:
        """Execute a command in the guest as root and wait for its end."""
        pid = await self._pid(vmid)
        try:
            return await execute(pid, argv, stdin)
        except LabError as error:
            raise BackendError(str(error)) from error

    async def agent_interfaces(self, vmid: int) -> list[GuestInterface]:
        """The guest's links and addresses."""
        ended = await self.agent_exec(vmid, ["ip", "-json", "addr", "show"])
        if ended.exitcode != 0:
            raise BackendError(f"guest {vmid} does not list its links: {ended.stderr.decode().strip()}")
        return [
            GuestInterface(
                name=link["ifname"],
                mac=link.get("address", ""),
                addresses=tuple(f"{at['local']}/{at['prefixlen']}" for at in link.get("addr_info", [])),
            )
            for link in json.loads(ended.stdout)
        ]

    async def agent_osinfo(self, vmid: int) -> dict[str, Any]:
        """The keys of the agent's guest-get-osinfo."""
        script = (
            "cat /etc/os-release; echo KERNEL_RELEASE=$(uname -r);"
            " echo KERNEL_VERSION=$(uname -v); echo MACHINE=$(uname -m)"
        )
        ended = await self.agent_exec(vmid, ["sh", "-c", script])
        return osinfo(ended.stdout.decode())

    async def close(self) -> None:
        """Stop watching; guests keep running."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)

    @asynccontextmanager
    async def _guarded(self, vmid: int) -> AsyncIterator[dict[int, int]]:
        """One operation at a time on a guest; the lab's failures as the emulator's."""
        async with self._guards.setdefault(vmid, asyncio.Lock()):
            try:
                yield await self._known()
            except LabError as error:
                raise BackendError(str(error)) from error

    async def _known(self) -> dict[int, int]:
        """The pid of every guest that was found or started, by vmid."""
        async with self._looking:
            if self._pids is None:
                found = await self._podman.containers(PREFIX, running=True)
                self._pids = {int(name.removeprefix(PREFIX)): pid for name, pid in found.items()}
                self._watch = asyncio.create_task(self._boot_again())
            return self._pids

    async def _pid(self, vmid: int) -> int:
        pid = (await self._known()).get(vmid, 0)
        if not alive(pid):
            raise BackendError(f"guest {vmid} is not running")
        return pid

    async def _reference(self, spec: GuestSpec) -> str:
        """The image to create a guest from: its own cloned disk, or the machine image of its template."""
        own = f"{SNAPSHOTS}:{spec.vmid}"
        if (await self._podman.attempt("image", "exists", own)).code == 0:
            return own
        if spec.image not in self._images:
            self._images |= await find_images(self._podman, [spec.image])
        return self._images[spec.image]

    async def _boot_again(self) -> None:
        """Boot guests again that ended because they rebooted themselves."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            for vmid, pid in list((await self._known()).items()):
                spec = self._specs.of(vmid)
                guard = self._guards.get(vmid)
                if spec is None or alive(pid) or (guard is not None and guard.locked()):
                    continue
                try:
                    ended = await self._podman.attempt("inspect", "--format={{.State.ExitCode}}", _name(vmid))
                    if ended.text == str(REBOOTED):
                        await self.start(spec)
                    else:
                        self._specs.drop(vmid)
                except BackendError:
                    # It stays off, which is what the cluster then reports.
                    self._specs.drop(vmid)


def _name(vmid: int) -> str:
    return f"{PREFIX}{vmid}"


def alive(pid: int) -> bool:
    """Whether this pid still is a machine's init."""
    try:
        return pid > 0 and Path(f"/proc/{pid}/comm").read_text().strip() in ("systemd", "init")
    except (FileNotFoundError, ProcessLookupError):
        return False


async def _gone(pid: int, timeout_s: float) -> bool:
    """Wait until a machine has ended; False when it has not in time."""
    deadline = time.monotonic() + timeout_s
    while alive(pid):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.05)
    return True


def osinfo(text: str) -> dict[str, Any]:
    """guest-get-osinfo's keys from ``os-release`` followed by three lines about the kernel."""
    named = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    found = {key: value.strip('"') for key, value in named.items()}
    return {
        "id": found.get("ID", ""),
        "name": found.get("NAME", ""),
        "pretty-name": found.get("PRETTY_NAME", ""),
        "version": found.get("VERSION", ""),
        "version-id": found.get("VERSION_ID", ""),
        "kernel-release": found.get("KERNEL_RELEASE", ""),
        "kernel-version": found.get("KERNEL_VERSION", ""),
        "machine": found.get("MACHINE", ""),
    }
