# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where marks stand in a figure. Every position is in percent of the figure's width, so figures stretch."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A part of a bar: what it shows, where it begins and how wide it is."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """An interval on an axis, and the value in it that counts."""

    x: float
    width: float
    mid: float
    chosen: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of an axis."""

    x: float
    label: str


def place(value: float, full: float) -> float:
    """Return where a value stands on an axis that ends at ``full``; never outside of it."""
    return round(min(max(value / full, 0.0), 1.0) * 100, 3) if full > 0 else 0.0


def stack(parts: Sequence[tuple[str, float]], full: float) -> tuple[Segment, ...]:
    """Lay parts side by side.

    Args:
        parts: what each part shows, and its value; those of nothing are left out.
        full: the value at the figure's right edge; what goes beyond it is cut off.
    """
    found: list[Segment] = []
    reached = 0.0
    for kind, value in parts:
        start, end = place(reached, full), place(reached + max(value, 0.0), full)
        reached += max(value, 0.0)
        if end > start:
            found.append(Segment(kind=kind, x=start, width=round(end - start, 3)))
    return tuple(found)


def interval(low: float, mid: float, high: float, *, chosen: float, full: float) -> Range:
    """Return where an interval stands on an axis that ends at ``full``."""
    start, end = place(low, full), place(high, full)
    return Range(x=start, width=round(end - start, 3), mid=place(mid, full), chosen=place(chosen, full))


def round_up(value: float) -> float:
    """Return the end of an axis that holds a value: a round number, not much larger."""
    if value <= 0:
        return 1.0
    step = _step(value, 4)
    return math.ceil(round(value / step, 9)) * step


def ticks(full: float, wanted: int = 4) -> tuple[float, ...]:
    """Return round numbers from 0 to the axis's end, about as many as wanted."""
    step = _step(full, wanted)
    return tuple(step * number for number in range(math.floor(round(full / step, 9)) + 1))


def _step(full: float, wanted: int) -> float:
    size = 10.0 ** math.floor(math.log10(full / wanted))
    return next(size * step for step in _STEPS if size * step * wanted >= full * (1 - 1e-9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """An axis of days between two positions of a figure."""

    first: date
    last: date
    start: float
    end: float

    def at(self, iso: str) -> float:
        """Return where a day (ISO) stands."""
        days = (self.last - self.first).days
        part = (date.fromisoformat(iso) - self.first).days / days if days else 0.5
        return round(self.start + part * (self.end - self.start), 3)


def calendar(days: Sequence[str], *, start: float, end: float) -> Calendar:
    """Return an axis on which all days (ISO) have some room around them."""
    dates = sorted(date.fromisoformat(day) for day in days)
    margin = timedelta(days=max((dates[-1] - dates[0]).days // 12, 7))
    return Calendar(first=dates[0] - margin, last=dates[-1] + margin, start=start, end=end)


def marked_days(axis: Calendar, most: int) -> tuple[date, ...]:
    """Return the days to mark on an axis: the first ones of months, or Mondays when it is short.

    Every second, third, … of them when there would be too many.
    """
    every = [axis.first + timedelta(days=number) for number in range((axis.last - axis.first).days + 1)]
    found = [day for day in every if day.day == 1]
    if len(found) < 2:
        found = [day for day in every if day.weekday() == 0]
    return tuple(found[:: max(math.ceil(len(found) / most), 1)])
