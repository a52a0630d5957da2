# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a provisioning is: a line for each guest that ends, and one for all phases now and then."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .core.errors import RenfortError
from .lanes import Lane

SUMMARY_S = 5.0
"""Seconds between two lines about all phases."""

ENOUGH = 3
"""So many guests must have passed a phase before its speed says anything about the others."""

STUCK_S = 30.0
"""After so many seconds in which nothing ended, that is told instead of a time."""


class Phase(StrEnum):
    """What happens to a guest, in this order."""

    CLONE = "clone"
    STOP = "shut down"
    CONFIGURE = "configure"
    START = "start"
    ANSWER = "answer"


@dataclass(slots=True)
class _Count:
    """A phase: how many guests go through it, how many have, and when the first came to it (seconds)."""

    total: int = 0
    done: int = 0
    began: float = 0.0
    entered: bool = False


@dataclass(slots=True)
class _Guest:
    began: float = 0.0
    left: list[Phase] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)


class Progress:
    """The observer of a provisioning.

    Args:
        expected: the phases that each guest goes through, by its name, in the order of their numbers.
        tell: receives each line.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        expected: Mapping[str, tuple[Phase, ...]],
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tell = tell
        self._clock = clock
        self._ended = 0
        self._guests = {name: _Guest(left=list(phases)) for name, phases in expected.items()}
        self._counts = {phase: _Count() for phase in Phase}
        for phases in expected.values():
            for phase in phases:
                self._counts[phase].total += 1
        self._told_at = self._moved_at = clock()

    def entered(self, name: str, phase: str) -> None:
        """A guest has come to a phase."""
        guest, count, now = self._guests[name], self._counts[Phase(phase)], self._clock()
        guest.began = now
        if phase in guest.left:
            guest.left.remove(Phase(phase))
        else:
            count.total += 1
        if not count.entered:
            count.entered, count.began = True, now

    def passed(self, name: str, phase: str) -> None:
        """A guest has a phase behind it."""
        guest, now = self._guests[name], self._clock()
        self._counts[Phase(phase)].done += 1
        self._moved_at = now
        guest.steps.append(f"{phase} {now - guest.began:.1f} s")

    def narrowed(self, lane: Lane, width: int) -> None:
        """A lane was found too wide."""
        kind, name = lane
        self._tell(f"The lock of {kind} {name} is busy: {width} at once from now on.")

    def ended(self, name: str, error: RenfortError | None) -> None:
        """A guest is done, or failed and goes through none of the phases that are left."""
        self._ended += 1
        guest = self._guests[name]
        what = f"FAILED: {error}" if error else ", ".join(guest.steps)
        self._tell(f"[{self._ended}/{len(self._guests)}] {name}: {what}")
        for phase in guest.left:
            self._counts[phase].total -= 1

    def tick(self) -> None:
        """Tell all phases if it is time."""
        now = self._clock()
        if now - self._told_at >= SUMMARY_S:
            self._told_at = now
            self._tell(f"   {self.summary()}")

    def summary(self) -> str:
        """Return how far each phase is, and the time that is left as far as it can be known."""
        counts = " · ".join(
            f"{phase} {count.done}/{count.total}" for phase, count in self._counts.items() if count.total
        )
        return f"{counts}; {self._left()}"

    def _left(self) -> str:
        """The time left is that of the slowest phase: the others go on beside it."""
        now = self._clock()
        if now - self._moved_at >= STUCK_S:
            return f"nothing ended for {now - self._moved_at:.0f} s"
        longest = 0.0
        for count in self._counts.values():
            if count.done >= count.total:
                continue
            if count.done < ENOUGH:
                return "the time left cannot be told yet"
            longest = max(longest, (count.total - count.done) * (now - count.began) / count.done)
        return f"about {_words(longest)} left"


def _words(seconds: float) -> str:
    """Return ``40 s``, ``3 min 20 s`` or ``1 h 10 min``."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
