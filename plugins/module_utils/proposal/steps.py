# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic from a tenant's own figure to the quantities, factor by factor, as core.demand has it.

A step takes every factor at the level of demand that the plan is sized for. What is divided by is taken at
the other end, as interval arithmetic does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ..core.interval import Level
from ..core.model import FigureKind, Unit
from ..core.report_views import TenantView

FIGURE, SCHOOL_FIGURE, STAFF, ACCOUNTS = "figure", "figure_of_a_school", "staff", "accounts"
"""What a step can start from besides the result of an earlier one: values of the tenant."""

DAY, SURGE_DAY, NORMAL = "visits_per_day", "surge_visits_per_day", "normal_visits_per_second"
"""Results on the way that are no quantity of their own."""

BASES: Mapping[Unit, Unit] = {
    Unit.REQUESTS: Unit.VISITS,
    Unit.CONNECTIONS: Unit.VISITS,
    Unit.CONNECTION_MEMORY: Unit.CONNECTIONS,
    Unit.HANDSHAKES: Unit.VISITS,
    Unit.LOGINS: Unit.VISITS,
    Unit.MESSAGES: Unit.VISITS,
    Unit.MAIL: Unit.MESSAGES,
    Unit.DATABASE_CONNECTIONS: Unit.REQUESTS,
    Unit.IO: Unit.REQUESTS,
}
"""What each quantity is computed from; visits, sessions and values of the tenant come first."""

_FACTORS: Mapping[Unit, tuple[str, ...]] = {
    Unit.REQUESTS: ("pages_per_visit", "surge_pages", "requests_per_page"),
    Unit.CONNECTIONS: ("pages_per_visit", "surge_pages", "connection_seconds"),
    Unit.CONNECTION_MEMORY: ("connection_kib", "÷ 1024"),
    Unit.HANDSHAKES: ("handshakes_per_visit",),
    Unit.LOGINS: ("logins_per_visit",),
    Unit.MESSAGES: ("messages_per_visit",),
    Unit.MAIL: ("mail_kib_per_message",),
    Unit.DATABASE_CONNECTIONS: ("database_milliseconds_per_request", "÷ 1000"),
    Unit.IO: ("io_per_request",),
}
_OTHER_END = {Level.LOW: Level.HIGH, Level.MID: Level.MID, Level.HIGH: Level.LOW}
_OVER = "÷ "


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """What is multiplied with, or divided by: as it is shown, and what that stands for.

    ``minutes`` and ``surge`` tell how the length of a visit in seconds comes about.
    """

    name: str
    shown: float
    over: bool = False
    minutes: float = 0.0
    surge: float = 1.0

    @property
    def value(self) -> float:
        """The factor as a number."""
        return self.shown / 100 if self.name == "busiest_hour_percent" else self.shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the arithmetic: ``start``, times and over the factors, gives the result ``name``."""

    name: str
    start: str
    value: float
    factors: tuple[Factor, ...] = ()

    @property
    def result(self) -> float:
        """What the line comes to."""
        result = self.value
        for factor in self.factors:
            result = result / factor.value if factor.over else result * factor.value
        return result


class Ends(Protocol):
    """Anything with a low end, a middle and a high end."""

    @property
    def low(self) -> float:
        """The low end."""

    @property
    def mid(self) -> float:
        """The middle."""

    @property
    def high(self) -> float:
        """The high end."""


def at(ends: Ends, level: Level) -> float:
    """Return one end, or the middle."""
    return {Level.LOW: ends.low, Level.MID: ends.mid, Level.HIGH: ends.high}[level]


def steps_of(view: TenantView, level: Level, units: Iterable[Unit]) -> tuple[Step, ...]:
    """Return the steps from a tenant's figure to visits, to sessions and to the units that are wanted.

    Args:
        view: the tenant.
        level: the level of demand that the plan is sized for.
        units: the units that are wanted besides; what they are computed from is added.
    """
    wanted = set(units)
    for unit in tuple(wanted):
        while (base := BASES.get(unit)) is not None:
            wanted.add(base)
            unit = base
    return tuple(_Arithmetic(view, level).steps(wanted))


class _Arithmetic:
    """The steps of one tenant at one level."""

    def __init__(self, view: TenantView, level: Level) -> None:
        self._view, self._level = view, level
        self._traffic = {factor.unit: factor for factor in view.traffic}
        self._surge = () if view.figure.forecast else ("surge_visits",)

    def steps(self, wanted: set[Unit]) -> list[Step]:
        """Return the steps to visits and sessions, then those to what is wanted."""
        steps = self._peak()
        found = {step.name: step.result for step in steps}
        for unit in Unit:
            if unit not in wanted or unit in found:
                continue
            if unit is Unit.STORAGE and DAY not in found:
                steps.append(self._surge_day(found[Unit.VISITS]))
                found[SURGE_DAY] = steps[-1].result
            steps.append(self._step(unit, found))
            found[unit] = steps[-1].result
        return steps

    def _peak(self) -> list[Step]:
        kind = FigureKind(self._view.figure.kind)
        if kind is FigureKind.SESSIONS:
            return self._peak_of_sessions()
        day = self._day(kind)
        visits = self._made(
            Unit.VISITS,
            DAY,
            day.result,
            *("busiest_hour_percent", "÷ 3600", "peak_to_mean", *self._surge),
        )
        return [day, visits, self._sessions(visits.result)]

    def _peak_of_sessions(self) -> list[Step]:
        figure = at(self._view.figure, self._level)
        if self._view.figure.forecast:
            sessions = Step(name=Unit.SESSIONS, start=FIGURE, value=figure)
            long = self._duration(surge=True, over=True)
            return [
                sessions,
                Step(name=Unit.VISITS, start=Unit.SESSIONS, value=figure, factors=(long,)),
            ]
        usual = self._duration(surge=False, over=True)
        normal = Step(name=NORMAL, start=FIGURE, value=figure, factors=(usual,))
        visits = self._made(Unit.VISITS, NORMAL, normal.result, *self._surge)
        return [normal, visits, self._sessions(visits.result)]

    def _day(self, kind: FigureKind) -> Step:
        figure = at(self._view.figure, self._level)
        if kind is FigureKind.VISITS_PER_MONTH:
            return self._made(DAY, FIGURE, figure, "÷ school_days")
        if kind is FigureKind.REQUESTS_PER_DAY:
            pages = ("÷ surge_pages",) if self._view.figure.forecast else ()
            return self._made(DAY, FIGURE, figure, "÷ pages_per_visit", *pages, "÷ requests_per_page")
        if kind is FigureKind.VISITS_PER_SCHOOL:
            schools = self._view.schools
            factor = Factor(name="schools", shown=schools)
            return Step(name=DAY, start=SCHOOL_FIGURE, value=figure / schools, factors=(factor,))
        return Step(name=DAY, start=FIGURE, value=figure)

    def _surge_day(self, visits: float) -> Step:
        return self._made(SURGE_DAY, Unit.VISITS, visits, "÷ peak_to_mean", "÷ busiest_hour_percent", "3600")

    def _sessions(self, visits: float) -> Step:
        long = self._duration(surge=True, over=False)
        return Step(name=Unit.SESSIONS, start=Unit.VISITS, value=visits, factors=(long,))

    def _step(self, unit: Unit, found: Mapping[str, float]) -> Step:
        if unit is Unit.ACCOUNTS:
            return Step(name=unit, start=ACCOUNTS, value=float(sum(self._view.accounts.values())))
        if unit is Unit.TUNNELS:
            return self._made(unit, STAFF, self._view.accounts.get(STAFF, 0), "tunnels_per_staff")
        if unit is Unit.STORAGE:
            stored = ("school_days", "storage_mib_per_visit", "÷ 1024", "storage_months")
            if DAY in found:
                return self._made(unit, DAY, found[DAY], *self._surge, *stored)
            return self._made(unit, SURGE_DAY, found[SURGE_DAY], *stored)
        base = BASES[unit]
        return self._made(unit, base, found[base], *_FACTORS[unit])

    def _made(self, name: str, start: str, value: float, *factors: str) -> Step:
        return Step(name=name, start=start, value=value, factors=tuple(map(self._factor, factors)))

    def _factor(self, name: str) -> Factor:
        over = name.startswith(_OVER)
        name = name.removeprefix(_OVER)
        return Factor(name=name, shown=self._shown(name, over=over), over=over)

    def _shown(self, name: str, *, over: bool) -> float:
        if name.isdigit():
            return float(name)
        return at(self._traffic[name], _OTHER_END[self._level] if over else self._level)

    def _duration(self, *, surge: bool, over: bool) -> Factor:
        minutes = self._shown("visit_minutes", over=over)
        longer = self._shown("surge_duration", over=over) if surge else 1.0
        name = "duration_in_surge" if surge else "duration"
        return Factor(name=name, shown=minutes * 60 * longer, over=over, minutes=minutes, surge=longer)
