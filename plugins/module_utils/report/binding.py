# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What binds: how far each resource is used, and which demand decides how many machines a tier has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ..core.names import TIERS
from ..core.report_views import NeedView, ReportData
from ..core.text import count
from .geometry import Segment, place, stack
from .wording import capital, listing, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class FillRow:
    """One resource of all hypervisors together."""

    resource: str
    before: str
    after: str
    alt: str
    bar: tuple[Segment, ...]
    over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingFigure:
    """The fills on one axis; ``limit`` is where 100 % stands on it.

    ``units`` says for each tier which demand decides its size.
    """

    lead: str
    rows: tuple[FillRow, ...]
    limit: float
    units: tuple[tuple[str, str], ...]


def binding_figure(data: ReportData) -> BindingFigure:
    """Return the figure of what binds."""
    full = max([100.0, *(fill.after for fill in data.fills), *(fill.before for fill in data.fills)])
    # The line at 100 % needs room on its right for its label, and the rest for what goes beyond.
    full = full * 1.06
    return BindingFigure(
        lead=_lead(data),
        rows=tuple(
            FillRow(
                resource=capital(fill.resource),
                before=percent(fill.before),
                after=percent(fill.after),
                alt=f"{fill.resource}: {percent(fill.before)} used before, {percent(fill.after)} after",
                bar=stack((("before", fill.before), ("new", fill.after - fill.before)), full),
                over=fill.after > 100,
            )
            for fill in data.fills
        ),
        limit=place(100, full),
        units=_units(data),
    )


def _lead(data: ReportData) -> str:
    if not data.fills:
        return "No hypervisor is on line: there is nothing to fill."
    first, *rest = data.fills
    others = listing([f"{fill.resource} at {percent(fill.after)}" for fill in rest])
    tail = f", before {others}" if others else ""
    return f"The scarcest resource is {first.resource}: {percent(first.after)} after the plan{tail}."


def _units(data: ReportData) -> tuple[tuple[str, str], ...]:
    needs: list[NeedView] = [*data.shared, *(need for tenant in data.tenants for need in tenant.needs)]
    by_tier: dict[str, Counter[str]] = {}
    for need in needs:
        by_tier.setdefault(need.tier, Counter())["its minimum" if need.by_minimum else need.binding] += 1
    ordered = sorted(by_tier, key=lambda tier: (TIERS.index(tier) if tier in TIERS else len(TIERS), tier))
    return tuple((tier, _deciders(by_tier[tier])) for tier in ordered)


def _deciders(found: Counter[str]) -> str:
    ordered = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    if len(ordered) == 1:
        return ordered[0][0]
    return ", ".join(f"{unit} for {count(number, 'tenant')}" for unit, number in ordered)
