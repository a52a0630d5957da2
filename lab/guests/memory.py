# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests that exist in memory only: ten thousand of them cost nothing."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
import struct
import time
from dataclasses import dataclass, field, replace
from typing import Any

from .base import BackendError, ExecResult, GuestInterface, GuestSpec, Usage

_RELEASES = {"debian-12": ("12", "bookworm"), "debian-13": ("13", "trixie")}
_MISSING = "No such file or directory"


@dataclass(slots=True)
class _Guest:
    spec: GuestSpec
    started: float
    paused: bool = False
    files: dict[str, bytes] = field(default_factory=dict)


class MemoryBackend:
    """Plays guests without running anything.

    A guest whose spec names an image has an operating system, with an agent that answers ``boot_s``
    seconds after the start; one without an image sits at its empty disk and answers nothing. Commands
    succeed and print nothing, save the few that read and write files.
    """

    def __init__(self, *, boot_s: float = 0.0) -> None:
        self._boot_s = boot_s
        self._running: dict[int, _Guest] = {}
        self._files: dict[int, dict[str, bytes]] = {}

    def _guest(self, vmid: int) -> _Guest:
        guest = self._running.get(vmid)
        if guest is None:
            raise BackendError(f"guest {vmid} does not run")
        return guest

    async def start(self, spec: GuestSpec) -> None:
        """Boot the guest."""
        files = self._files.setdefault(spec.vmid, {})
        for name in [name for name in files if name.startswith("/run/")]:
            del files[name]
        files |= {key: value for key, value in _initial_files(spec).items() if key not in files}
        files["/etc/hostname"] = f"{_hostname(spec)}\n".encode()
        self._running[spec.vmid] = _Guest(spec=spec, started=time.monotonic(), files=files)

    async def stop(self, vmid: int) -> None:
        """Cut the power."""
        self._running.pop(vmid, None)

    async def shutdown(self, vmid: int, timeout_s: float) -> bool:
        """Power off; a guest without an operating system does not react."""
        guest = self._running.get(vmid)
        if guest is not None and not guest.spec.image:
            await asyncio.sleep(timeout_s)
            return False
        self._running.pop(vmid, None)
        return True

    async def pause(self, vmid: int) -> None:
        """Freeze the guest."""
        self._guest(vmid).paused = True

    async def resume(self, vmid: int) -> None:
        """Undo `pause`."""
        self._guest(vmid).paused = False

    async def fit_disk(self, vmid: int, size: int) -> None:
        """Note how large the data disk is now."""
        guest = self._guest(vmid)
        guest.spec = replace(guest.spec, data_disk=size)

    def data_disk(self, vmid: int) -> int:
        """The size of a running guest's data disk in bytes, 0 without one."""
        return self._guest(vmid).spec.data_disk

    async def destroy(self, vmid: int) -> None:
        """Remove the guest."""
        self._running.pop(vmid, None)
        self._files.pop(vmid, None)

    async def clone(self, source: int, target: int) -> None:
        """Copy the source's files, if it ever ran."""
        if source in self._files:
            self._files[target] = dict(self._files[source])

    async def running(self) -> set[int]:
        """The vmids that run."""
        return set(self._running)

    async def usage(self, vmid: int) -> Usage:
        """Figures of an idle guest."""
        guest = self._guest(vmid)
        uptime = time.monotonic() - guest.started
        memory = guest.spec.memory_mib * 1024**2 * 3 // 10
        return Usage(
            uptime=uptime, cpu=0.01, memory=memory, netin=int(uptime * 200), netout=int(uptime * 150)
        )

    async def agent_ping(self, vmid: int) -> bool:
        """Whether the guest's operating system is up."""
        guest = self._running.get(vmid)
        if guest is None or guest.paused or not guest.spec.image:
            return False
        return time.monotonic() - guest.started >= self._boot_s

    async def agent_exec(self, vmid: int, argv: list[str], stdin: bytes = b"") -> ExecResult:
        """Pretend to execute: reading, writing and echoing have their effect, the rest succeeds."""
        files = self._guest(vmid).files
        name = argv[0].rpartition("/")[2]
        if " " in argv[0] or argv[0] == "/nope":
            raise BackendError(f"Failed to execute child process “{argv[0]}” ({_MISSING})")
        if name == "cat":
            return _cat(files, [word for word in argv[1:] if word != "--"], stdin)
        if name == "echo":
            return ExecResult(exitcode=0, stdout=f"{' '.join(argv[1:])}\n".encode())
        if name in {"sh", "bash"} and len(argv) > 2:
            return _shell(files, argv, stdin)
        if name == "chpasswd":
            known = _users(files)
            return ExecResult(exitcode=0 if stdin.decode().partition(":")[0] in known else 1)
        if name == "sleep" and len(argv) == 2:
            await asyncio.sleep(float(argv[1]))
        return ExecResult(exitcode=0)

    async def agent_interfaces(self, vmid: int) -> list[GuestInterface]:
        """Loopback and one link for every card."""
        guest = self._guest(vmid)
        links = [GuestInterface(name="lo", mac="00:00:00:00:00:00", addresses=("127.0.0.1/8", "::1/128"))]
        ipconfigs = guest.spec.cloudinit.ipconfigs if guest.spec.cloudinit else ()
        for number, nic in enumerate(guest.spec.nics):
            text = ipconfigs[number] if number < len(ipconfigs) else ""
            addresses = tuple(address for address in (_address(text), _link_local(nic.mac)) if address)
            links.append(GuestInterface(name=f"eth{number}", mac=nic.mac.lower(), addresses=addresses))
        return links

    async def agent_osinfo(self, vmid: int) -> dict[str, Any]:
        """The operating system that the image's name stands for."""
        number, word = _RELEASES.get(self._guest(vmid).spec.image, ("13", "trixie"))
        return {
            "id": "debian",
            "name": "Debian GNU/Linux",
            "version": f"{number} ({word})",
            "version-id": number,
            "pretty-name": f"Debian GNU/Linux {number} ({word})",
            "machine": "x86_64",
            "kernel-release": "6.12.0-renfort-amd64",
            "kernel-version": "#1 SMP",
        }

    async def close(self) -> None:
        """Nothing is held."""


def _hostname(spec: GuestSpec) -> str:
    return (spec.cloudinit.hostname if spec.cloudinit else "") or spec.name


def _initial_files(spec: GuestSpec) -> dict[str, bytes]:
    number, word = _RELEASES.get(spec.image, ("13", "trixie"))
    user = spec.cloudinit.user if spec.cloudinit else "debian"
    release = f'PRETTY_NAME="Debian GNU/Linux {number} ({word})"\nID=debian\nVERSION_ID="{number}"\n'
    return {
        "/etc/os-release": release.encode(),
        "/etc/passwd": f"root:x:0:0::/root:/bin/bash\n{user}:x:1000:1000::/home/{user}:/bin/bash\n".encode(),
        "/etc/ssh/ssh_host_ed25519_key.pub": _host_key(spec).encode(),
    }


def _host_key(spec: GuestSpec) -> str:
    """A public key that is the guest's own and stays the same over restarts."""
    kind = b"ssh-ed25519"
    point = hashlib.sha256(f"renfort memory guest {spec.vmid}".encode()).digest()
    blob = struct.pack(">I", len(kind)) + kind + struct.pack(">I", len(point)) + point
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} root@{_hostname(spec)}\n"


def _matching(files: dict[str, bytes], pattern: str) -> list[str]:
    if not pattern.endswith("*") and "*" not in pattern:
        return [pattern]
    head, _, tail = pattern.partition("*")
    return sorted(name for name in files if name.startswith(head) and name.endswith(tail)) or [pattern]


def _cat(files: dict[str, bytes], names: list[str], stdin: bytes) -> ExecResult:
    if not names:
        return ExecResult(exitcode=0, stdout=stdin)
    out, errors = b"", ""
    for name in names:
        if name in files:
            out += files[name]
        else:
            errors += f"cat: {name}: {_MISSING}\n"
    return ExecResult(exitcode=1 if errors else 0, stdout=out, stderr=errors.encode())


def _shell(files: dict[str, bytes], argv: list[str], stdin: bytes) -> ExecResult:
    """The few things a script can do here: write to a file, print, exit, have cloud-init forget."""
    script = argv[2].strip()
    if script.startswith("cat >") and len(argv) > 4:
        files[argv[4]] = stdin
        return ExecResult(exitcode=0)
    if "cloud-init clean" in script:
        files.pop("/run/cloud-init/result.json", None)
    for word, path in re.findall(r"echo (\S+) > (/\S+)", script):
        files[path] = f"{word}\n".encode()
    out, err, code = b"", b"", 0
    for command in script.split(";"):
        words = command.split()
        to_err = ">&2" in words
        words = [word for word in words if ">" not in word]
        if words[:1] == ["exit"]:
            return ExecResult(exitcode=int(words[1] if len(words) > 1 else 0), stdout=out, stderr=err)
        if words[:1] == ["echo"]:
            line = f"{' '.join(words[1:])}\n".encode()
            out, err = (out, err + line) if to_err else (out + line, err)
        if words[:1] == ["cat"]:
            done = _cat(files, [name for word in words[1:] for name in _matching(files, word)], stdin)
            out, err, code = out + done.stdout, err + done.stderr, done.exitcode
    return ExecResult(exitcode=code, stdout=out, stderr=err)


def _users(files: dict[str, bytes]) -> set[str]:
    return {line.partition(":")[0] for line in files.get("/etc/passwd", b"").decode().splitlines()}


def _address(ipconfig: str) -> str:
    values = dict(part.partition("=")[::2] for part in ipconfig.split(","))
    address = values.get("ip", "")
    return "" if address in {"", "dhcp"} else address


def _link_local(mac: str) -> str:
    octets = [int(part, 16) for part in mac.split(":")] if mac.count(":") == 5 else []
    if not octets:
        return ""
    octets[0] ^= 2
    host = [*octets[:3], 0xFF, 0xFE, *octets[3:]]
    groups = [f"{host[i] << 8 | host[i + 1]:x}" for i in range(0, 8, 2)]
    return f"fe80::{':'.join(groups)}/64"
