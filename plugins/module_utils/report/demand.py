# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the demand is known: sessions and machines of each tenant at low, mid and high demand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.interval import Level
from ..core.model import Unit
from ..core.report_views import NeedView, QuantityView, ReportData, TenantView
from .geometry import Range, Tick, interval, place, round_up, ticks
from .wording import short, whole

Three = tuple[float, float, float]
"""Low, mid and high."""

_LAST_LABEL = 96.0
"""A label to the right of it would stand beyond the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeCell:
    """A quantity from low to high, drawn and written."""

    alt: str
    mark: Range
    low: str
    mid: str
    high: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandRow:
    """One tenant."""

    name: str
    title: str
    sessions: RangeCell
    machines: RangeCell


@dataclass(frozen=True, slots=True, kw_only=True)
class DemandFigure:
    """The tenants, the largest first; ``totals`` are what all need together, shared tiers included.

    ``shows_mid`` tells that mid demand has a mark of its own: it is not what is planned for.
    """

    lead: str
    level: str
    shows_mid: bool
    session_ticks: tuple[Tick, ...]
    machine_ticks: tuple[Tick, ...]
    rows: tuple[DemandRow, ...]
    total_sessions: tuple[str, ...]
    total_machines: tuple[str, ...]


def demand_figure(data: ReportData) -> DemandFigure:
    """Return the figure of the demand."""
    level = Level(data.level)
    full_sessions = round_up(max((_sessions(tenant.quantities)[2] for tenant in data.tenants), default=0))
    full_machines = round_up(max((_machines(tenant.needs)[2] for tenant in data.tenants), default=0))
    ordered = sorted(data.tenants, key=lambda tenant: (-_sessions(tenant.quantities)[1], tenant.name))
    every = [*data.shared, *(need for tenant in data.tenants for need in tenant.needs)]
    sessions, machines = _sessions(data.together), _machines(every)
    return DemandFigure(
        lead=_lead(sessions, machines),
        level=level.value,
        shows_mid=level is not Level.MID,
        session_ticks=_ticks(full_sessions),
        machine_ticks=_ticks(full_machines),
        rows=tuple(_row(tenant, level, full_sessions, full_machines) for tenant in ordered),
        total_sessions=tuple(whole(value) for value in sessions),
        total_machines=tuple(whole(value) for value in machines),
    )


def _sessions(quantities: Iterable[QuantityView]) -> Three:
    found = next((item for item in quantities if item.unit == Unit.SESSIONS), None)
    return (found.low, found.mid, found.high) if found else (0.0, 0.0, 0.0)


def _machines(needs: Sequence[NeedView]) -> Three:
    return (
        float(sum(need.low for need in needs)),
        float(sum(need.mid for need in needs)),
        float(sum(need.high for need in needs)),
    )


def _lead(sessions: Three, machines: Three) -> str:
    return (
        f"{_between(sessions)} sessions at the same time ask for {_between(machines)} machines, "
        "those that exist included."
    )


def _between(values: Three) -> str:
    low, mid, high = (whole(value) for value in values)
    return mid if low == high else f"{low} to {high}"


def _row(tenant: TenantView, level: Level, full_sessions: float, full_machines: float) -> DemandRow:
    return DemandRow(
        name=tenant.name,
        title=tenant.title,
        sessions=_cell("sessions", _sessions(tenant.quantities), level, full_sessions),
        machines=_cell("machines", _machines(tenant.needs), level, full_machines),
    )


def _cell(words: str, values: Three, level: Level, full: float) -> RangeCell:
    chosen = values[list(Level).index(level)]
    low, mid, high = values
    return RangeCell(
        alt=f"{whole(low)} {words} at low demand, {whole(mid)} at mid, {whole(high)} at high",
        mark=interval(low, mid, high, chosen=chosen, full=full),
        low=whole(low),
        mid=whole(mid),
        high=whole(high),
    )


def _ticks(full: float) -> tuple[Tick, ...]:
    return tuple(
        Tick(x=place(value, full), label=short(value) if place(value, full) <= _LAST_LABEL else "")
        for value in ticks(full, 4)
    )
