# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Live progress of a playbook: a moving line on a terminal, plain lines everywhere else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console
from rich.status import Status

from .outcome import Outcome, TaskCount, failure_line

STILL_RUNNING_S = 15.0
"""Seconds after which a task that says nothing is mentioned again where there is no terminal."""


class Progress:
    """Turns ansible-runner's events into lines, and keeps the outcome.

    Args:
        console: where the lines go.
        clock: monotonic seconds.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic) -> None:
        self.outcome = Outcome()
        self._console = console
        self._clock = clock
        self._started = self._mentioned = clock()
        self._task = ""
        self._count = TaskCount()
        self._told: set[str] = set()
        self._prelude: list[str] | None = []
        self._lock = threading.RLock()
        self._status: Status | None = console.status("starting") if console.is_terminal else None

    def __enter__(self) -> Progress:
        if self._status:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._end_task()
            if self._status:
                self._status.stop()

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take one event; always True, which tells ansible-runner to keep it in its artifacts."""
        handler = self._HANDLERS.get(event["event"])
        if handler:
            with self._lock:
                handler(self, {"text": event.get("stdout", ""), **event.get("event_data", {})})
        return True

    def tick(self) -> None:
        """Show that time passes; to be called a few times a second."""
        with self._lock:
            now = self._clock()
            if self._status:
                self._status.update(f"{self._stamp()} {self._task} {self._count}")
            elif self._task and now - self._mentioned >= STILL_RUNNING_S:
                self._say(f"   {self._task}: still running, {str(self._count) or 'no host done yet'}")

    @property
    def prelude(self) -> list[str]:
        """What was said before the first play, held back until it starts; empty from then on."""
        return self._prelude or []

    def _play(self, data: Mapping[str, Any]) -> None:
        prelude, self._prelude = self.prelude, None
        for text in prelude:
            self._say(text)
        self._end_task()
        self._say(f"── {data['play']}", style="bold")

    def _begin_task(self, data: Mapping[str, Any]) -> None:
        self._end_task()
        self._task = data["task"]
        self._mentioned = self._clock()

    def _end_task(self) -> None:
        """Tell how the task went; one that ran on no host, such as a flush of handlers, is left out."""
        if self._task and str(self._count):
            self._say(f"   {self._task}: {self._count}", style="yellow" if self._count.changed else "")
        self._task, self._count, self._told = "", TaskCount(), set()

    def _ok(self, data: Mapping[str, Any]) -> None:
        result = data.get("res", {})
        if result.get("changed"):
            self._count.changed += 1
        else:
            self._count.ok += 1
        if data.get("task_action", "").endswith("debug"):
            message = result.get("msg", [])
            for line in [message] if isinstance(message, str) else message:
                self._say(f"   {line}")

    def _skipped(self, _data: Mapping[str, Any]) -> None:
        self._count.skipped += 1

    def _failed(self, data: Mapping[str, Any]) -> None:
        if data.get("ignore_errors"):
            return
        self._count.failed += 1
        if data["host"] not in self._told:
            self._item_failed(data)

    def _item_failed(self, data: Mapping[str, Any]) -> None:
        """Tell a failed item of a loop at once; the loop's own failure adds nothing to it."""
        self._told.add(data["host"])
        self.outcome.impossible |= data.get("res", {}).get("impossible") is True
        self.fail(failure_line(data))

    def fail(self, line: str) -> None:
        """Tell a failure, once, and keep it."""
        self.outcome.failures.append(line)
        self._say(f"FAILED {line}", style="red")

    def _text(self, data: Mapping[str, Any]) -> None:
        text = data["text"].rstrip()
        if not text:
            return
        if self._prelude is not None:
            self._prelude.append(text)
        else:
            self._say(text)

    def _stats(self, data: Mapping[str, Any]) -> None:
        self._end_task()
        self.outcome.add_stats(data)

    def _say(self, text: str, style: str = "") -> None:
        self._mentioned = self._clock()
        self._console.print(
            f"{self._stamp()} {text}", style=style, markup=False, highlight=False, soft_wrap=True
        )

    def _stamp(self) -> str:
        minutes, seconds = divmod(int(self._clock() - self._started), 60)
        return f"{minutes:2d}:{seconds:02d}"

    _HANDLERS: Mapping[str, Callable[[Progress, Mapping[str, Any]], None]] = {
        "playbook_on_play_start": _play,
        "playbook_on_task_start": _begin_task,
        "playbook_on_handler_task_start": _begin_task,
        "runner_on_ok": _ok,
        "runner_on_skipped": _skipped,
        "runner_on_failed": _failed,
        "runner_on_unreachable": _failed,
        "runner_item_on_failed": _item_failed,
        "runner_on_file_diff": _text,
        "verbose": _text,
        "warning": _text,
        "error": _text,
        "playbook_on_stats": _stats,
    }
