# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for many tasks at once: one call about the whole cluster answers for all of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from .proxmox_errors import ProxmoxError, TaskTimeoutError

POLL_FIRST_S = 0.15
"""Seconds before a task is asked for; while none ends, every further pause is longer."""

POLL_GROWTH = 1.5
"""By what the pause between two questions grows."""

POLL_MAX_S = 2.0
"""The longest pause between two questions, in seconds."""


class Reader(Protocol):
    """The part of the client that the watch needs."""

    def get(self, path: str, *, doing: str, **params: Any) -> Any:
        """Read."""


class TaskWatch:
    """The tasks that threads wait for. One of the threads asks for all of them, in turn.

    The list of the cluster holds every task that runs, and the latest ones that ended on each node; a
    task that is not in it is asked for by itself.
    """

    def __init__(self, reader: Reader, sleep: Callable[[float], None]) -> None:
        self._reader = reader
        self._sleep = sleep
        self._changed = threading.Condition()
        self._ends: dict[str, str | None] = {}
        self._asking = False
        self._pause_s = POLL_FIRST_S

    def wait(self, upid: str, *, doing: str, timeout_s: float) -> str:
        """Return how a task ended: ``OK``, ``WARNINGS: n``, or the text of its error.

        Raises:
            TaskTimeoutError: it had not ended after ``timeout_s`` seconds.
            ProxmoxError: the text is no task's id, or the server cannot be asked.
        """
        if not upid.startswith("UPID:"):
            raise ProxmoxError(f"Could not {doing}: the server answered {upid!r} instead of a task's id.")
        deadline = time.monotonic() + timeout_s
        with self._changed:
            self._ends[upid] = None
            self._pause_s = POLL_FIRST_S
        try:
            while (end := self._look(upid, doing)) is None:
                if time.monotonic() >= deadline:
                    raise TaskTimeoutError(
                        f"Could not {doing}: the task had not ended after {timeout_s:.0f} s ({upid}).",
                        hint="It goes on at the hypervisor: see its log, and run again when it has ended.",
                    )
            return end
        finally:
            with self._changed:
                del self._ends[upid]

    def _look(self, upid: str, doing: str) -> str | None:
        """Return the task's end if it is known; else ask for all tasks, or wait for who asks now."""
        with self._changed:
            if self._ends[upid] is not None:
                return self._ends[upid]
            if self._asking:
                self._changed.wait(timeout=POLL_MAX_S)
                return self._ends[upid]
            self._asking = True
        try:
            self._ask(doing)
        finally:
            with self._changed:
                self._asking = False
                self._changed.notify_all()
        return self._ends[upid]

    def _ask(self, doing: str) -> None:
        with self._changed:
            pause, self._pause_s = self._pause_s, min(self._pause_s * POLL_GROWTH, POLL_MAX_S)
        self._sleep(pause)
        with self._changed:
            open_ones = [upid for upid, end in self._ends.items() if end is None]
        known = self._listed(doing) if len(open_ones) > 1 else {}
        for upid in open_ones:
            end = known[upid] if upid in known else self._own_end(upid, doing)
            if end is not None:
                self._end(upid, end)

    def _listed(self, doing: str) -> dict[str, str | None]:
        rows = self._reader.get("cluster/tasks", doing=f"{doing} (read the cluster's tasks)")
        return {str(row["upid"]): str(row.get("status", "")) if row.get("endtime") else None for row in rows}

    def _own_end(self, upid: str, doing: str) -> str | None:
        node = upid.split(":")[1]
        status = self._reader.get(f"nodes/{node}/tasks/{upid}/status", doing=f"{doing} (read its task)")
        return str(status.get("exitstatus", "")) if status.get("status") == "stopped" else None

    def _end(self, upid: str, end: str) -> None:
        with self._changed:
            if upid in self._ends:
                self._ends[upid] = end
            self._pause_s = POLL_FIRST_S
