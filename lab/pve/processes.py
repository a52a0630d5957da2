# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that guest agents run: started, polled, and forgotten once their end was told."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from lab.guests.base import ExecResult


class Processes:
    """The commands running in guests, by vmid and process id."""

    def __init__(self) -> None:
        self._running: dict[tuple[int, int], asyncio.Task[ExecResult]] = {}
        self._last_pid = 500

    def start(self, vmid: int, work: Coroutine[Any, Any, ExecResult]) -> tuple[int, asyncio.Task[ExecResult]]:
        """Start a command and return its process id and the running work."""
        self._last_pid += 2
        task = asyncio.get_running_loop().create_task(work)
        self._running[vmid, self._last_pid] = task
        return self._last_pid, task

    def get(self, vmid: int, pid: int) -> asyncio.Task[ExecResult] | None:
        """The command of that process id, unless its end was told."""
        return self._running.get((vmid, pid))

    def forget(self, vmid: int, pid: int | None = None) -> None:
        """Drop one process, or every process of a guest that stopped."""
        for key in [key for key in self._running if key[0] == vmid and pid in (None, key[1])]:
            self._running.pop(key).cancel()
