# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Worker tasks: they are started, take time, write a log and end well or badly."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import AsyncExitStack
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any, Protocol

from lab.guests.base import BackendError

from .call import Identity
from .errors import ApiError, ForbiddenError, ServerError
from .upid import Upid

INTERRUPTED = "received interrupt"
UNEXPECTED = "unexpected status"
KEEP_FINISHED = 5000
SHORTEST_S = 0.15
"""No worker comes and goes in less time: a caller that looks at once finds it running."""
CROWD = 3
"""So many workers started within `SHORTEST_S` on one node are a crowd."""
LOST_EVERY = 75
"""Of so many workers started in a crowd, one goes unseen: 4 of 300 on a real server."""

TASK_FAULT: ContextVar[str] = ContextVar("TASK_FAULT", default="")
"""The text with which the tasks started in this context fail; empty for none."""

Row = dict[str, Any]
Work = Callable[["TaskLog"], Awaitable[None]]


class TaskError(Exception):
    """A task ends with this text as its exit status."""


class Clock(Protocol):
    """The part of the clock that tasks need."""

    def now(self) -> float:
        """Epoch seconds."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many emulated seconds."""


@dataclass(slots=True)
class TaskLog:
    """What a running task writes its progress to; calling it adds a line."""

    lines: list[str]
    warnings: int = 0

    def __call__(self, line: str) -> None:
        """Add a line."""
        self.lines.append(line)

    def warn(self, text: str) -> None:
        """Add a warning: the task will end with ``WARNINGS: n``."""
        self.warnings += 1
        self.lines.append(f"WARN: {text}")


class Tasks:
    """The tasks of all nodes. Rows are plain dicts and outlive the process.

    A row: upid, node, pid, pstart, starttime, type, id, user, token, endtime (None while it runs),
    status (exit status, empty while it runs), log (lines).
    """

    def __init__(self, rows: MutableMapping[str, Row], clock: Clock) -> None:
        self._rows = rows
        self._clock = clock
        self._boot = clock.now() - 3600.0
        self._running: dict[str, asyncio.Task[None]] = {}
        self._waiting: set[asyncio.Task[None]] = set()
        self._aborted: set[str] = set()
        self._starts: dict[str, deque[float]] = {}
        self._crowded = 0
        self._pid = max((row["pid"] for row in rows.values()), default=1000)
        self._end_what_a_crash_cut()

    def _end_what_a_crash_cut(self) -> None:
        for upid, row in list(self._rows.items()):
            if row["endtime"] is None:
                self._rows[upid] = row | {"endtime": int(self._clock.now()), "status": UNEXPECTED}

    def spawn(
        self,
        node: str,
        kind: str,
        ident: str,
        identity: Identity,
        work: Work,
        held: AsyncExitStack | None = None,
    ) -> str:
        """Start a task and return its UPID; ``kind`` is qmstart, ``ident`` mostly the vmid.

        ``held`` are the locks which the caller took for the task: they are released at its end.

        Raises:
            ServerError: the worker's start went unseen in a crowd of them; it works all the same.
        """
        name = self._start(node, kind, ident, identity, work, held)
        if self._unseen(node):
            raise ServerError("got no worker upid - start worker failed")
        return name

    def _unseen(self, node: str) -> bool:
        now, starts = self._clock.now(), self._starts.setdefault(node, deque(maxlen=CROWD))
        starts.append(now)
        if len(starts) < CROWD or now - starts[0] > SHORTEST_S:
            return False
        self._crowded += 1
        return self._crowded % LOST_EVERY == 0

    def _start(
        self,
        node: str,
        kind: str,
        ident: str,
        identity: Identity,
        work: Work,
        held: AsyncExitStack | None = None,
    ) -> str:
        self._pid += 1
        now = self._clock.now()
        upid = Upid(
            node=node,
            pid=self._pid,
            pstart=int((now - self._boot) * 100) & 0xFFFFFFFF,
            starttime=int(now),
            type=kind,
            id=ident,
            authid=identity.authid,
        )
        name = str(upid)
        log = TaskLog([])
        self._rows[name] = _new_row(upid, log)
        task = asyncio.get_running_loop().create_task(self._run(name, log, work, held))
        self._running[name] = task
        task.add_done_callback(lambda _: self._running.pop(name, None))
        return name

    async def _run(self, name: str, log: TaskLog, work: Work, held: AsyncExitStack | None) -> None:
        begun = self._clock.now()
        async with held or AsyncExitStack():
            status = await self._status(name, log, work)
        if name not in self._aborted:
            await self._clock.sleep(begun + SHORTEST_S - self._clock.now())
        if status == "OK" and log.warnings:
            status = f"WARNINGS: {log.warnings}"
        log(_last_line(status))
        self._rows[name] = self._rows[name] | {
            "endtime": int(self._clock.now()),
            "status": status,
            "log": log.lines,
        }
        self._forget_oldest()

    async def _status(self, name: str, log: TaskLog, work: Work) -> str:
        try:
            if TASK_FAULT.get():
                raise TaskError(TASK_FAULT.get())
            await work(log)
        except asyncio.CancelledError:
            if name not in self._aborted:
                raise
            return INTERRUPTED
        except (TaskError, ApiError, BackendError) as error:
            return _exit_text(error)
        except Exception as error:  # A worker that dies must end its task, whatever it died of.
            return f"{type(error).__name__}: {error}"
        return "OK"

    def _forget_oldest(self) -> None:
        excess = len(self._rows) - KEEP_FINISHED
        if excess > 0:
            ended = (name for name in self._rows if name not in self._running)
            for name in list(islice(ended, excess)):
                del self._rows[name]

    def abort(self, name: str) -> None:
        """Interrupt a task; nothing happens to one that has ended."""
        task = self._running.get(name)
        if task is not None:
            self._aborted.add(name)
            task.cancel()

    def running(self, name: str) -> bool:
        """Whether the task is at work."""
        return name in self._running

    def status(self, name: str) -> str:
        """The task's exit status, empty while it runs."""
        return str(self._rows[name]["status"])

    async def wait(self, name: str) -> str:
        """Wait for the task's end and return its exit status."""
        task = self._running.get(name)
        if task is not None:
            await asyncio.wait({task})
        return self.status(name)

    def get(self, name: str) -> Row | None:
        """A task's row."""
        return self._rows.get(name)

    def newest_first(self) -> Iterator[Row]:
        """All tasks, the latest started first."""
        return iter(sorted(self._rows.values(), key=lambda row: (-row["starttime"], -row["pid"])))

    def later(self, delay_s: float, node: str, kind: str, ident: str, work: Work) -> None:
        """Start a task of root's own after a while."""

        async def wait_and_spawn() -> None:
            await self._clock.sleep(delay_s)
            self._start(node, kind, ident, Identity(user="root@pam"), work)

        waiting = asyncio.get_running_loop().create_task(wait_and_spawn())
        self._waiting.add(waiting)
        waiting.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """Cut the running tasks as a crash would."""
        running = [*self._running.values(), *self._waiting]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def _new_row(upid: Upid, log: TaskLog) -> Row:
    return {
        "upid": str(upid),
        "node": upid.node,
        "pid": upid.pid,
        "pstart": upid.pstart,
        "starttime": upid.starttime,
        "type": upid.type,
        "id": upid.id,
        "user": upid.user,
        "token": upid.token,
        "endtime": None,
        "status": "",
        "log": log.lines,
    }


def _exit_text(error: Exception) -> str:
    text = str(error).strip()
    if isinstance(error, ForbiddenError):
        return f"403 {text}"
    return text or "unknown error"


def _last_line(status: str) -> str:
    if status == "OK":
        return "TASK OK"
    if status.startswith("WARNINGS: "):
        return f"TASK {status}"
    return f"TASK ERROR: {status}"
