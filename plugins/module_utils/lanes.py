# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many steps may use one thing at once: a storage, a template, a hypervisor. Learnt, and pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Lane = tuple[str, str]
"""The kind of a thing and its name, such as ``("storage", "vmdata")``."""


BETTER = 1.1
"""By so much more must pass through a wider lane for the width to be worth it."""

PATIENCE = 8
"""After so many measurements at the best width, a wider one is tried again: times change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """How wide a kind of lane is: at first, and at most. One whose bounds are the same never changes."""

    first: int
    most: int

    @classmethod
    def fixed(cls, width: int) -> Width:
        """Return a width that never changes."""
        return cls(first=width, most=width)

    @property
    def learns(self) -> bool:
        """Whether it may change at all."""
        return self.first != self.most


@dataclass(slots=True, kw_only=True)
class _Lane:
    """A lane, and what was measured since its width last changed.

    ``rate`` is how many steps a second pass through it at its ``best`` width, ``mark`` the last ticket
    that was given out at another width.
    """

    width: int
    most: int
    used: int = 0
    mark: int = 0
    passed: int = 0
    seconds: float = 0.0
    best: int = 0
    rate: float = 0.0
    patience: int = 0

    def set_width(self, width: int, mark: int) -> None:
        """Change the width and measure anew; steps that are under way count for nothing."""
        self.width, self.mark = width, mark
        self.passed, self.seconds = 0, 0.0

    def measured(self, mark: int) -> None:
        """Draw the conclusion from enough steps at this width."""
        rate = self.width * self.passed / max(self.seconds, 1e-9)
        if not self.best or (self.width > self.best and rate > BETTER * self.rate):
            self.best, self.rate, self.patience = self.width, rate, 0
        elif self.width > self.best:
            self.patience = PATIENCE
            self.set_width(self.best, mark)
            return
        else:
            self.rate = rate
        self.patience -= 1
        wider = min(self.most, max(self.width + 1, self.width * 3 // 2))
        self.set_width(wider if self.patience <= 0 else self.width, mark)


class Lanes:
    """The lanes by kind and name, each made when it is first entered.

    How wide a lane is best is learnt by trying: it is widened as long as more steps a second pass through
    it, since one that is held up by a lock is only filled up by more of them. One whose lock is so busy
    that a step gave up is halved, and is not widened as far again.
    """

    def __init__(self, widths: Mapping[str, Width]) -> None:
        self._widths = widths
        self._lanes: dict[Lane, _Lane] = {}
        self._entered = 0

    def enter(self, lanes: Iterable[Lane]) -> int:
        """Take a place in every one of the lanes, or in none of them when one is full.

        Returns:
            A ticket above 0, for `went_well` and `busy`; 0 when there was no place.
        """
        wanted = [self._lane(lane) for lane in lanes]
        if any(lane.used >= lane.width for lane in wanted):
            return 0
        for lane in wanted:
            lane.used += 1
        self._entered += 1
        return self._entered

    def leave(self, lanes: Iterable[Lane]) -> None:
        """Give the places back."""
        for lane in lanes:
            self._lane(lane).used -= 1

    def went_well(self, lanes: Iterable[Lane], ticket: int, seconds: float) -> None:
        """Learn that a step passed, and how many seconds that took."""
        for name in lanes:
            lane = self._lane(name)
            if not self._widths[name[0]].learns or ticket <= lane.mark:
                continue
            lane.passed += 1
            lane.seconds += seconds
            if lane.passed >= max(4, 2 * lane.width):
                lane.measured(self._entered)

    def busy(self, name: Lane, ticket: int) -> bool:
        """Learn that a step gave up at a busy lock; True if that made the lane narrower.

        Steps that entered before the width last changed say nothing about the width that it has now.
        """
        lane = self._lane(name)
        if not self._widths[name[0]].learns or ticket <= lane.mark or lane.width <= 1:
            return False
        lane.most = lane.width - 1
        lane.best, lane.rate = 0, 0.0
        lane.set_width(max(1, lane.width // 2), self._entered)
        return True

    def width(self, name: Lane) -> int:
        """Return how many may use the lane now."""
        return self._lane(name).width

    def _lane(self, name: Lane) -> _Lane:
        lane = self._lanes.get(name)
        if lane is None:
            width = self._widths[name[0]]
            lane = self._lanes[name] = _Lane(width=width.first, most=width.most)
        return lane
