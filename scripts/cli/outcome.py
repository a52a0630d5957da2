# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a playbook run came to, gathered from ansible-runner's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_IMPOSSIBLE = 3
EXIT_INTERRUPTED = 130


@dataclass(slots=True)
class TaskCount:
    """How many hosts ended a task in which way."""

    ok: int = 0
    changed: int = 0
    skipped: int = 0
    failed: int = 0

    def __str__(self) -> str:
        counts = {"ok": self.ok, "changed": self.changed, "failed": self.failed, "skipped": self.skipped}
        return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


@dataclass(slots=True)
class Outcome:
    """The whole run: its status, changes per host, and each failure as one line.

    ``impossible`` tells that a task's inputs were right and what was asked cannot be done.
    """

    status: str = "starting"
    impossible: bool = False
    changed: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def changes(self) -> int:
        """Tasks that changed something, over all hosts."""
        return sum(self.changed.values())

    @property
    def exit_code(self) -> int:
        """0 when all went well, 130 when a person stopped it, 3 when it cannot be done, 1 otherwise."""
        if self.status == "successful":
            return EXIT_OK
        if self.impossible:
            return EXIT_IMPOSSIBLE
        return EXIT_INTERRUPTED if self.status == "canceled" else EXIT_FAILED

    def add_stats(self, stats: Mapping[str, Any]) -> None:
        """Take over the changes per host of the statistics event."""
        self.changed = {host: count for host, count in stats.get("changed", {}).items() if count}


def failure_line(data: Mapping[str, Any]) -> str:
    """One line for a failed or unreachable host: host, task, message."""
    result = data.get("res", {})
    message = str(result.get("msg") or result.get("stderr") or result.get("stdout") or "no message")
    return f"{data.get('host', '?')}: {data.get('task', '?')}: {' '.join(message.split())}"
