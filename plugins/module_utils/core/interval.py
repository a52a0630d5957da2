# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities that are not known exactly: low, mid and high, computed with together.

Interval arithmetic for quantities of 0 or more: sums and products take the ends as they are, a
quotient divides its low end by the high end of the divisor and its high end by the low one (Moore,
Interval Analysis, 1966). The middle is computed with the middles.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction


class Level(StrEnum):
    """Which end of an interval a plan is sized for."""

    LOW = "low"
    MID = "mid"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A quantity of 0 or more between two ends, with the value held most likely."""

    low: Fraction
    mid: Fraction
    high: Fraction

    @classmethod
    def exactly(cls, value: Fraction | int) -> Interval:
        """Return the interval of a quantity that is known."""
        exact = Fraction(value)
        return cls(low=exact, mid=exact, high=exact)

    @property
    def is_exact(self) -> bool:
        """Whether the quantity is known."""
        return self.low == self.mid == self.high

    def at(self, level: Level) -> Fraction:
        """Return one end, or the middle."""
        return {Level.LOW: self.low, Level.MID: self.mid, Level.HIGH: self.high}[level]

    def __add__(self, other: Interval) -> Interval:
        return Interval(low=self.low + other.low, mid=self.mid + other.mid, high=self.high + other.high)

    def __mul__(self, other: Interval | Fraction | int) -> Interval:
        by = other if isinstance(other, Interval) else Interval.exactly(other)
        return Interval(low=self.low * by.low, mid=self.mid * by.mid, high=self.high * by.high)

    def __truediv__(self, other: Interval | Fraction | int) -> Interval:
        by = other if isinstance(other, Interval) else Interval.exactly(other)
        return Interval(low=self.low / by.high, mid=self.mid / by.mid, high=self.high / by.low)


NOTHING = Interval.exactly(0)
"""No quantity at all."""
