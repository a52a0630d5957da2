# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the nodes last told the cluster about their guests: late by up to ten seconds."""

from __future__ import annotations

from typing import Any, Protocol

PERIOD_S = 10.0


class Clock(Protocol):
    """The part of the clock that reports need."""

    def now(self) -> float:
        """Epoch seconds."""


class Reports:
    """The state of guests as of the last report of their node.

    A report is due every ``PERIOD_S``. Nothing is copied when it is due: only the state that a guest
    had before its first change since then is kept.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._before: dict[int, tuple[int, dict[str, Any] | None]] = {}

    def _period(self) -> int:
        return int(self._clock.now() // PERIOD_S)

    def changing(self, vmid: int, row: dict[str, Any] | None) -> None:
        """Say that a guest changes; ``row`` is its state until now, None when it did not exist."""
        period = self._period()
        known = self._before.get(vmid)
        if known is None or known[0] != period:
            self._before[vmid] = (period, row)

    def last(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The guest's state as last reported; None when it never was."""
        known = self._before.get(row["vmid"])
        if known is None or known[0] != self._period():
            return row
        return known[1]
