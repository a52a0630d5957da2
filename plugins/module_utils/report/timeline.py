# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What announced deliveries bring, and when: now, then dates on an axis, then those without a date."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ..core.parse_stock import UNKNOWN
from ..core.plan_records import Stage
from ..core.report_views import ReportData
from ..core.text import count
from .geometry import Calendar, Segment, Tick, calendar, marked_days, stack
from .wording import MONTHS, day, listing, percent, span, whole

_DATES = (7.0, 78.0)
"""The part of the axis that is dated, when something has no date; it goes to the right edge otherwise."""

_UNKNOWN_ZONE = (83.0, 100.0)
_NOW_ZONE = (0.0, 2.5)
_RIGHT_EDGE = 99.0
_MOST_TICKS, _MOST_TICKS_WITH_YEAR = 5, 3
_LABEL = 12.0
"""The room that a label needs on the smallest screen."""

_THIN = 1.0
"""A delivery that comes on one day is still to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """The plan at one point in time; ``mark`` is now, dated or unknown."""

    title: str
    when: str
    mark: Segment
    worst: str
    worst_bar: tuple[Segment, ...]
    worst_note: str
    missing: str
    missing_bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """The figure; ``unknown`` is where the zone without dates begins, None when there is none."""

    lead: str
    alt: str
    ticks: tuple[Tick, ...]
    unknown: float | None
    rows: tuple[StageRow, ...]


def timeline_of(data: ReportData) -> Timeline:
    """Return the figure of the deliveries."""
    known = [day for stage in data.stages for day in (stage.earliest, stage.when) if day not in ("", UNKNOWN)]
    undated = any(stage.when == UNKNOWN for stage in data.stages)
    start, end = _DATES
    axis = calendar(known, start=start, end=end if undated else _RIGHT_EDGE) if known else None
    titles = {tenant.name: tenant.title for tenant in data.tenants}
    lead = _lead(data)
    rows = [_now(data)] + [_row(stage, axis, data, titles) for stage in data.stages]
    return Timeline(
        lead=lead,
        alt=f"Deliveries on an axis of time. {lead}",
        ticks=_ticks(axis),
        unknown=_UNKNOWN_ZONE[0] if undated else None,
        rows=tuple(rows) if data.stages else (),
    )


def _lead(data: ReportData) -> str:
    if not data.stages:
        return "No delivery is announced."
    deliveries = sum(len(stage.arrives) for stage in data.stages)
    announced = f"{deliveries} announced {'delivery' if deliveries == 1 else 'deliveries'}"
    if not data.missing:
        return f"{announced}; the plan needs none of them."
    closing = next((stage for stage in data.stages if not stage.missing), None)
    if closing is None:
        left = data.stages[-1].missing
        return f"{announced}; {count(left, 'machine')} still without a place when all have arrived."
    if closing.when == UNKNOWN:
        return (
            f"{announced}; the shortage ends with {listing(closing.arrives)}, of which nobody knows the date."
        )
    return f"{announced}; the shortage ends with {listing(closing.arrives)}, by {day(closing.when)}."


def _ticks(axis: Calendar | None) -> tuple[Tick, ...]:
    """Return the marks of the dates; one has no label where that would run into what follows the axis."""
    if axis is None:
        return ()
    several = axis.first.year != axis.last.year
    marked = marked_days(axis, _MOST_TICKS_WITH_YEAR if several else _MOST_TICKS)
    places = [(axis.at(day.isoformat()), _label(day, year=several)) for day in marked]
    return tuple(Tick(x=x, label=label if x <= axis.end - _LABEL else "") for x, label in places)


def _label(marked: date, *, year: bool) -> str:
    """Return a short label: the rows have the year, it is only told where there are several."""
    month = MONTHS[marked.month - 1][:3]
    if marked.day != 1:
        return f"{marked.day} {month}"
    return f"{month} {marked.year}" if year else month


def _now(data: ReportData) -> StageRow:
    worst = min(data.tenants, key=lambda tenant: (tenant.percent, tenant.name), default=None)
    share = worst.percent if worst else 100.0
    return _stage_row(
        title="This plan",
        when="now" if not data.at else f"with what has arrived by {day(data.at)}",
        mark=_mark("now", *_NOW_ZONE),
        share=share,
        note=worst.title if worst and share < 100 else "",
        missing=data.missing,
        most=data.missing,
    )


def _row(stage: Stage, axis: Calendar | None, data: ReportData, titles: dict[str, str]) -> StageRow:
    worst = min(stage.served, key=lambda name: (stage.served[name], name), default="")
    return _stage_row(
        title=listing(stage.arrives),
        when=span(stage.earliest, stage.when),
        mark=_stage_mark(stage, axis),
        share=stage.served[worst] if worst else 100.0,
        note=titles.get(worst, worst),
        missing=stage.missing,
        most=data.missing,
    )


def _stage_row(
    *, title: str, when: str, mark: Segment, share: float, note: str, missing: int, most: int
) -> StageRow:
    return StageRow(
        title=title,
        when=when,
        mark=mark,
        worst=percent(share),
        worst_bar=stack((("served", share), ("missing", 100 - share)), 100),
        worst_note=note,
        missing=whole(missing),
        missing_bar=stack((("missing", missing),), max(most, missing)),
    )


def _stage_mark(stage: Stage, axis: Calendar | None) -> Segment:
    if axis is None or stage.when == UNKNOWN:
        return _mark("unknown", *_UNKNOWN_ZONE)
    end = axis.at(stage.when)
    start = axis.at(stage.earliest) if stage.earliest else end
    return _mark("dated", start, max(end, start + _THIN))


def _mark(kind: str, start: float, end: float) -> Segment:
    return Segment(kind=kind, x=start, width=round(end - start, 3))
