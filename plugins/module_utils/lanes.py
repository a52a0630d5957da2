# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many steps may use one thing at once: a storage, a template, a hypervisor. Learnt, and pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Lane = tuple[str, str]
"""The kind of a thing and its name, such as ``("storage", "vmdata")``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Width:
    """How wide a kind of lane is: at first, and at most. One that is not ``learning`` stays as it is."""

    first: int
    most: int
    learning: bool = True

    @classmethod
    def fixed(cls, width: int) -> Width:
        """Return a width that never changes."""
        return cls(first=width, most=width, learning=False)


@dataclass(slots=True)
class _State:
    width: float
    used: int = 0
    cut_at: int = 0


class Lanes:
    """The lanes by kind and name, each made when it is first entered.

    A lane that goes well is widened by one each time that as many steps as it is wide went well; one that
    was found busy is halved, once for all the steps that were already under way: additive increase and
    multiplicative decrease, as TCP learns the width of a path.
    """

    def __init__(self, widths: Mapping[str, Width]) -> None:
        self._widths = widths
        self._states: dict[Lane, _State] = {}
        self._entered = 0

    def enter(self, lanes: Iterable[Lane]) -> int:
        """Take a place in every one of the lanes, or in none of them when one is full.

        Returns:
            A ticket above 0, for `busy`; 0 when there was no place.
        """
        wanted = [self._state(lane) for lane in lanes]
        if any(state.used >= int(state.width) for state in wanted):
            return 0
        for state in wanted:
            state.used += 1
        self._entered += 1
        return self._entered

    def leave(self, lanes: Iterable[Lane]) -> None:
        """Give the places back."""
        for lane in lanes:
            self._state(lane).used -= 1

    def went_well(self, lanes: Iterable[Lane]) -> None:
        """Learn that a step met no busy lock."""
        for lane in lanes:
            state, width = self._state(lane), self._widths[lane[0]]
            if width.learning:
                state.width = min(float(width.most), state.width + 1 / state.width)

    def busy(self, lane: Lane, ticket: int) -> bool:
        """Learn that a step met a busy lock; True if that made the lane narrower.

        Steps that entered before the last cut speak of the width before it and change nothing.
        """
        state, width = self._state(lane), self._widths[lane[0]]
        if not width.learning or ticket <= state.cut_at or state.width <= 1:
            return False
        state.width = max(1.0, float(int(state.width) // 2))
        state.cut_at = self._entered
        return True

    def width(self, lane: Lane) -> int:
        """Return how many may use the lane now."""
        return int(self._state(lane).width)

    def _state(self, lane: Lane) -> _State:
        state = self._states.get(lane)
        if state is None:
            state = self._states[lane] = _State(width=float(self._widths[lane[0]].first))
        return state
