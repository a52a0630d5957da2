# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab.py down`: nothing of the lab stays on the host but the images, and these when asked to."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
from pathlib import Path

from .. import machines, network, process
from ..guests.container import LABELS
from ..guests.podman import SNAPSHOTS
from ..host import require_host
from ..mail import process as mail
from ..paths import PODMAN, cache_dir, run_dir
from ..podman import Podman
from . import emulator
from .datacentre import load_datacentre
from .outside import sink
from .seeding import Report
from .state import DATACENTRE, State

GUESTS, TESTS = LABELS


def remove_lab(state: State, report: Report, *, everything: bool = False, purge: bool = False) -> list[str]:
    """Remove the lab; what is left of it, in words (nothing, unless something holds on).

    Args:
        state: the lab's files, which go too, its logs excepted.
        report: receives progress.
        everything: also the machines on which roles are being tested.
        purge: also the machine images.
    """
    require_host()
    if emulator.stop(state):
        report("emulator: stopped")
    if mail.stop(sink(state, load_datacentre(DATACENTRE))):
        report("mail: stopped")
    return asyncio.run(_remove(state, report, everything=everything or purge, purge=purge))


async def _remove(state: State, report: Report, *, everything: bool, purge: bool) -> list[str]:
    podman = Podman()
    await _remove_containers(podman, report, [GUESTS, TESTS] if everything else [GUESTS])
    await _remove_disks(podman)
    bridges = [*load_datacentre(DATACENTRE).bridges, *([machines.BRIDGE] if everything else [])]
    tests = await podman.containers()
    with network.exclusive():
        await network.unplug_all_but(tests)
        await network.bridges_down(bridges)
    if purge:
        await podman.run("rmi", "--all", "--force")
        report("images: removed")
    if not tests:
        await _end_engine()
    if purge and not tests:
        shutil.rmtree(cache_dir() / "containers", ignore_errors=True)
    _remove_files(state)
    return await left_behind(tests)


async def _remove_containers(podman: Podman, report: Report, labels: list[str]) -> None:
    for label in labels:
        chosen = ["--all", "--filter", f"label=renfort={label}", "--format", "{{.Names}}"]
        names = (await podman.run("ps", *chosen)).text.split()
        if names:
            await podman.run("rm", "--force", "--time=0", "--volumes", *names)
            report(f"machines: {len(names)} removed")


async def _remove_disks(podman: Podman) -> None:
    """Remove what was kept of disks for their clones: a later guest of the same id would boot from it."""
    chosen = ["--filter", f"reference={SNAPSHOTS}", "--format", "{{.Repository}}:{{.Tag}}"]
    kept = (await podman.run("images", *chosen)).text.split()
    if kept:
        await podman.run("rmi", "--force", *kept)
        await podman.run("image", "prune", "--force")


async def _end_engine() -> None:
    """End orphans of an earlier holder, the holder itself, and mounts that podman leaves on the host."""
    for pid in _monitors():
        os.kill(pid, signal.SIGKILL)
    await process.run([str(PODMAN), "lab-holder", "stop"])
    for point in reversed(_mounts()):
        await process.run(["umount", point])
    shutil.rmtree(run_dir(), ignore_errors=True)


def _remove_files(state: State) -> None:
    shutil.rmtree(run_dir() / "guests", ignore_errors=True)
    if not state.folder.exists():
        return
    for path in state.folder.iterdir():
        if path != state.log.parent:
            shutil.rmtree(path) if path.is_dir() else path.unlink()


async def left_behind(tests: dict[str, int]) -> list[str]:
    """What of the lab is still on this host, apart from machines that test roles and their network."""
    found = [] if tests else await network.leftovers()
    if not tests:
        found += [f"process {pid} (container monitor)" for pid in _monitors()]
        found += [f"mount {point}" for point in _mounts()]
        if (await process.attempt([str(PODMAN), "lab-holder", "pid"])).code == 0:
            found.append("mount namespace of the holder")
        # Asking for the holder makes its folder.
        shutil.rmtree(run_dir(), ignore_errors=True)
    return found


def _monitors() -> list[int]:
    """The pids of container monitors that work on the lab's store."""
    store = str(cache_dir() / "containers").encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if words[0].endswith(b"conmon") and any(store in word for word in words):
            found.append(int(folder.name))
    return found


def _mounts() -> list[str]:
    """Mount points of the host below the lab's store and run folder."""
    below = (f"{cache_dir() / 'containers'}/", f"{run_dir()}/")
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    return [point for line in lines if (point := line.split()[4]).startswith(below)]
