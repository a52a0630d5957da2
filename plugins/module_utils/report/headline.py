# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan in a few sentences and four figures."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.parse_stock import UNKNOWN
from ..core.report_views import FillView, ReportData, TenantView
from ..core.text import count
from .geometry import Segment, place, stack
from .wording import day, percent, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyFigure:
    """One number that must be known, what it is of, and a bar; ``alarm`` when it is bad news."""

    label: str
    value: str
    note: str
    alt: str
    bar: tuple[Segment, ...]
    limit: float | None = None
    alarm: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What stands above everything else; ``issued`` is its date, ``basis`` what it holds for."""

    issued: str
    basis: str
    verdict: str
    sentences: tuple[str, ...]
    figures: tuple[KeyFigure, ...]
    notes: tuple[str, ...]


def headline_of(data: ReportData) -> Headline:
    """Return the headline."""
    worst = min(data.tenants, key=lambda tenant: (tenant.percent, tenant.name), default=None)
    figures = [_machines(data)]
    figures += [_served(worst)] if worst else []
    figures += [_binding(data.fills[0])] if data.fills else []
    figures.append(_missing(data))
    return Headline(
        issued=day(data.issued) if data.issued else "",
        basis=_basis(data),
        verdict=_verdict(data),
        sentences=(*_served_sentence(worst), *_binding_sentence(data), *_shortage_sentence(data)),
        figures=tuple(figures),
        notes=data.notes,
    )


def _basis(data: ReportData) -> str:
    at = data.at or data.issued
    sized = f"Sized for {data.level} demand, with the stock of {day(at) if at else 'today'}."
    return f"Issued on {day(data.issued)}. {sized}" if data.issued else sized


def until_of(data: ReportData) -> str:
    """Return when announced deliveries close the whole shortage: a date (ISO), "unknown", or "" for never."""
    ends = {short.until for short in data.shortages}
    if "" in ends or not ends:
        return ""
    return UNKNOWN if UNKNOWN in ends else max(ends)


def _verdict(data: ReportData) -> str:
    if not data.new and not data.missing:
        return "Nothing to add: every machine that is needed exists."
    added = f"{count(data.new, 'machine')} to add" if data.new else "No machine to add"
    rest = f"{whole(data.missing)} without a place" if data.missing else "every one has a place"
    return f"{added}, and {rest}."


def _served_sentence(worst: TenantView | None) -> tuple[str, ...]:
    if worst is None:
        return ()
    if worst.percent == 100:
        return ("Every tenant is served in full.",)
    return (
        f"The worst-served tenant, {worst.title}, gets {percent(worst.percent)} of what it needs, "
        f"held back by its {worst.bound_by} machines.",
    )


def _binding_sentence(data: ReportData) -> tuple[str, ...]:
    if not data.fills:
        return ()
    fill = data.fills[0]
    what = "What binds" if data.missing else "The scarcest resource"
    return (f"{what}: {fill.resource}, {percent(fill.after)} in use once everything is in place.",)


def _shortage_sentence(data: ReportData) -> tuple[str, ...]:
    if not data.missing:
        return ("There is no shortage.",)
    until = until_of(data)
    if not until:
        return ("No announced delivery closes the whole shortage: something must be ordered.",)
    if until == UNKNOWN:
        return ("Announced deliveries close the shortage, at a date that nobody knows.",)
    return (f"Announced deliveries close the shortage by {day(until)}.",)


def _machines(data: ReportData) -> KeyFigure:
    needed = data.existing + data.new + data.missing
    physical = sum(need.servers for need in (*data.shared, *(n for t in data.tenants for n in t.needs)))
    note = f"{whole(data.existing)} exist already"
    if physical:
        note = f"{whole(physical)} of them physical servers; {note}"
    return KeyFigure(
        label="Machines to add",
        value=whole(data.new),
        note=note,
        alt=f"{whole(data.existing)} exist, {whole(data.new)} to add, {whole(data.missing)} without a place",
        bar=stack((("before", data.existing), ("new", data.new), ("missing", data.missing)), needed),
    )


def _served(worst: TenantView) -> KeyFigure:
    short = worst.percent < 100
    return KeyFigure(
        label="Worst-served tenant",
        value=percent(worst.percent),
        note=f"{worst.title}, held back by {worst.bound_by}" if short else "every tenant is served in full",
        alt=f"{percent(worst.percent)} of the demand of {worst.title} is served",
        bar=stack((("served", worst.percent), ("missing", 100 - worst.percent)), 100),
        alarm=short,
    )


def _binding(fill: FillView) -> KeyFigure:
    full = max(fill.after, 100.0)
    return KeyFigure(
        label="Scarcest resource",
        value=percent(fill.after),
        note=f"of {fill.resource}; {percent(fill.before)} before",
        alt=f"{fill.resource}: {percent(fill.before)} before, {percent(fill.after)} after",
        bar=stack((("before", fill.before), ("new", fill.after - fill.before)), full),
        limit=place(100, full),
        alarm=fill.after > 100,
    )


def _missing(data: ReportData) -> KeyFigure:
    until = until_of(data)
    texts = {"": "no announced delivery closes it all", UNKNOWN: "until a delivery without a date"}
    note = texts.get(until) or f"until {day(until)}"
    planned = data.new + data.missing
    return KeyFigure(
        label="Without a place",
        value=whole(data.missing),
        note=note if data.missing else "every machine has a place",
        alt=f"{whole(data.missing)} of {whole(planned)} machines that do not exist yet find no place",
        bar=stack((("missing", data.missing),), planned),
        alarm=bool(data.missing),
    )
