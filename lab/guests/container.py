# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine of the lab: a container that boots systemd, with cables of the lab's own networks."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .. import network, process
from ..errors import LabError
from ..podman import Podman
from .base import CloudInit, ExecResult, Nic
from .boot import prepare_script

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


LABELS = ("guest", "molecule")
"""What a machine is for: a guest of the emulated cluster, or the test of a role."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """What a machine is made of.

    ``image`` is a reference in the lab's store, ``data_disk`` as in `prepare_script`.
    """

    name: str
    image: str
    nics: tuple[Nic, ...] = ()
    cloudinit: CloudInit | None = None
    data_disk: int | None = None


def create_arguments(container: Container, *, open_files: int, label: str) -> list[str]:
    """The arguments of ``podman create``.

    The limits are given because the engine's own defaults may be above what this host lets it set.
    Privileged, since the engine's device filter needs a right that some hosts withhold; the image
    takes back what reaches the host's clock and modules.
    """
    return [
        "create",
        f"--name={container.name}",
        f"--hostname={container.name}",
        f"--label=renfort={label}",
        "--network=none",
        "--no-hosts",
        "--systemd=always",
        "--privileged",
        "--cgroupns=private",
        "--pids-limit=-1",
        f"--ulimit=nofile={open_files}:{open_files}",
        "--ulimit=nproc=10000:10000",
        "--stop-signal=SIGRTMIN+3",
        container.image,
        "/sbin/init",
    ]


def open_files_limit() -> int:
    """How many files a machine's processes may open: 20,000, or less where the host allows less."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 20000 if hard == resource.RLIM_INFINITY else min(20000, hard)


async def boot(podman: Podman, container: Container, *, label: str) -> int:
    """Start a machine, creating it when it does not exist; the pid of its init.

    Raises:
        LabError: the engine or the preparation refused; the half-started machine is stopped.
    """
    if (await podman.attempt("container", "exists", container.name)).code != 0:
        await podman.run(*create_arguments(container, open_files=open_files_limit(), label=label))
    await podman.run("init", container.name)
    try:
        pid = int((await podman.run("inspect", "--format={{.State.Pid}}", container.name)).text)
        await network.plug(container.name, pid, container.nics)
        script = prepare_script(container.cloudinit, container.nics, container.data_disk)
        ended = await process.attempt([*enter(pid), "/bin/sh"], stdin=script.encode())
        if ended.code != 0:
            raise LabError(f"Preparing the machine {container.name} failed: {ended.complaint}")
        await podman.run("start", container.name)
    except LabError:
        await podman.attempt("kill", container.name)
        raise
    return pid


def enter(pid: int) -> list[str]:
    """The command prefix that runs something inside a machine, as its root."""
    clean = ["env", "-i", "-C", "/", f"PATH={PATH}", "HOME=/root", "LANG=C.UTF-8"]
    return ["nsenter", f"--target={pid}", "--all", *clean]


async def execute(pid: int, argv: Sequence[str], stdin: bytes = b"") -> ExecResult:
    """Run a command inside a machine and wait for its end; 127 when there is no such command."""
    ended = await process.attempt([*enter(pid), *argv], stdin=stdin)
    return ExecResult(exitcode=ended.code, stdout=ended.stdout, stderr=ended.stderr)


def is_up(pid: int) -> bool:
    """Whether a machine has booted far enough to be worked with: it runs and has its host keys."""
    root = Path(f"/proc/{pid}/root")
    return (root / "run/dbus/system_bus_socket").exists() and (
        root / "etc/ssh/ssh_host_ed25519_key.pub"
    ).exists()
