# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface between the emulator and whatever plays the guests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


class BackendError(Exception):
    """A guest could not do what was asked; the text is shown in the task's log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nic:
    """A network card: its MAC address and the hypervisor's bridge it is plugged into."""

    mac: str
    bridge: str
    mtu: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudInit:
    """What the cloud-init drive of a guest says.

    ``ipconfigs[i]`` belongs to ``nics[i]`` and reads as in Proxmox: ``ip=10.0.0.2/24,gw=10.0.0.1``.
    ``ssh_keys`` are decoded public keys, one a line of ``authorized_keys``.
    """

    user: str = "debian"
    password_hash: str = ""
    ssh_keys: tuple[str, ...] = ()
    hostname: str = ""
    ipconfigs: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    searchdomain: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSpec:
    """All that a back end needs to boot a guest. Memory in MiB.

    ``image`` names the disk's content: the machine image that the template was made from. ``data_disk``
    is the size of the data disk in bytes, 0 without one.
    """

    vmid: int
    name: str
    node: str
    image: str
    cores: int = 1
    memory_mib: int = 512
    nics: tuple[Nic, ...] = ()
    cloudinit: CloudInit | None = None
    data_disk: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecResult:
    """The end of a command that ran inside a guest."""

    exitcode: int
    stdout: bytes = b""
    stderr: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a running guest uses: seconds since its start, share of its cores, bytes."""

    uptime: float = 0.0
    cpu: float = 0.0
    memory: int = 0
    netin: int = 0
    netout: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestInterface:
    """A link as the guest sees it; ``addresses`` are ``address/prefix`` strings."""

    name: str
    mac: str
    addresses: tuple[str, ...] = field(default=())


class GuestBackend(Protocol):
    """Every method may take time; each raises `BackendError` with one readable line.

    A guest is known by its vmid. ``start`` creates what is missing, so that a guest whose
    content was lost boots again from its image; ``destroy`` of an unknown vmid is no error.
    """

    async def start(self, spec: GuestSpec) -> None:
        """Boot the guest, returning when it runs (its services may still be starting)."""

    async def stop(self, vmid: int) -> None:
        """Cut the power."""

    async def shutdown(self, vmid: int, timeout_s: float) -> bool:
        """Ask the guest to power off; False when it has not done so in time."""

    async def pause(self, vmid: int) -> None:
        """Freeze every process of the guest."""

    async def resume(self, vmid: int) -> None:
        """Undo `pause`."""

    async def fit_disk(self, vmid: int, size: int) -> None:
        """Give a guest that runs its data disk of so many bytes, or let it grow to them."""

    async def destroy(self, vmid: int) -> None:
        """Remove the guest and its content."""

    async def clone(self, source: int, target: int) -> None:
        """Give the target guest its own copy of the source's present disk content, if it has any."""

    async def running(self) -> set[int]:
        """The vmids that run now, whoever started them."""

    async def usage(self, vmid: int) -> Usage:
        """What the guest uses now."""

    async def agent_ping(self, vmid: int) -> bool:
        """Whether commands can be executed inside the guest."""

    async def agent_exec(self, vmid: int, argv: list[str], stdin: bytes = b"") -> ExecResult:
        """Execute a command in the guest as root and wait for its end."""

    async def agent_interfaces(self, vmid: int) -> list[GuestInterface]:
        """The guest's links and addresses."""

    async def agent_osinfo(self, vmid: int) -> dict[str, Any]:
        """The keys of the agent's guest-get-osinfo."""

    async def close(self) -> None:
        """Release what the back end holds; guests keep running."""
