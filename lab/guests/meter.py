# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a running machine uses, read from the kernel's files about its init: no process is started."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

PROC = Path("/proc")
CGROUP_ROOTS = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
"""Where version 2 control groups are mounted: alone, or beside version 1."""

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Meter:
    """Turns counters of processor time into shares of one core since the previous question."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last: dict[int, tuple[float, float]] = {}

    def share(self, key: int, cpu_seconds_used: float) -> float:
        """The share of one core used since the last call for this key; 0 the first time."""
        now = self._clock()
        before, used = self._last.get(key, (now, cpu_seconds_used))
        self._last[key] = (now, cpu_seconds_used)
        elapsed = now - before
        return max(0.0, (cpu_seconds_used - used) / elapsed) if elapsed > 0 else 0.0

    def forget(self, key: int) -> None:
        """Start again for this key."""
        self._last.pop(key, None)


def started_at(pid: int, proc: Path = PROC) -> float:
    """When a process started, in seconds since the epoch."""
    fields = (proc / str(pid) / "stat").read_text().rpartition(")")[2].split()
    boot = next(line for line in (proc / "stat").read_text().splitlines() if line.startswith("btime "))
    return int(boot.split()[1]) + int(fields[19]) / TICKS


def container_group(cgroup_text: str) -> str:
    """The container's control group, from the text of its init's ``/proc/<pid>/cgroup``; "" if none."""
    for line in cgroup_text.splitlines():
        if line.startswith("0::"):
            parts = line[3:].strip("/").split("/")
            for index, part in enumerate(parts):
                if part.startswith("libpod-"):
                    return "/".join(parts[: index + 1])
    return ""


def _group_folder(pid: int) -> Path | None:
    group = container_group((PROC / str(pid) / "cgroup").read_text())
    for root in CGROUP_ROOTS:
        if group and (root / group / "cpu.stat").exists():
            return root / group
    return None


def cpu_seconds(pid: int) -> float:
    """Processor time that the machine of this init has used."""
    folder = _group_folder(pid)
    if folder is None:
        return 0.0
    words = (folder / "cpu.stat").read_text().split()
    return int(words[words.index("usage_usec") + 1]) / 1e6


def memory_bytes(pid: int) -> int:
    """Memory that the machine uses: the kernel's figure, or else the sum over its processes."""
    folder = _group_folder(pid)
    if folder is None:
        return 0
    if (folder / "memory.current").exists():
        return int((folder / "memory.current").read_text())
    total = 0
    for file in folder.rglob("cgroup.procs"):
        for member in file.read_text().split():
            try:
                total += int((PROC / member / "statm").read_text().split()[1]) * PAGE
            except (FileNotFoundError, ProcessLookupError):
                continue
    return total


def network_bytes(pid: int) -> tuple[int, int]:
    """(received, sent) over all links but the loopback."""
    received = sent = 0
    for line in (PROC / str(pid) / "net/dev").read_text().splitlines()[2:]:
        name, _, rest = line.partition(":")
        if name.strip() != "lo":
            fields = rest.split()
            received += int(fields[0])
            sent += int(fields[8])
    return received, sent
