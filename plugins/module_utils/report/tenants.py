# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is served how far, and the machines of each tier: there, new and missing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.names import TIERS
from ..core.report_views import NeedView, ReportData, TenantView
from ..core.text import count
from .geometry import Segment, stack
from .wording import listing, percent, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCell:
    """The machines of one tier; empty texts where there is no such tier."""

    tier: str
    total: str
    added: str
    missing: str
    alt: str
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantRow:
    """One tenant, or what all share; the last numbers are what the rows can be sorted by."""

    name: str
    title: str
    note: str
    percent: str
    bar: tuple[Segment, ...]
    alt: str
    bound: str
    cells: tuple[TierCell, ...]
    served: float
    machines: int
    missing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantsFigure:
    """The tenants, the worst-served first, and the tiers that they share."""

    lead: str
    tiers: tuple[str, ...]
    rows: tuple[TenantRow, ...]
    shared: tuple[TierCell, ...]


def tenants_figure(data: ReportData) -> TenantsFigure:
    """Return the figure of the tenants."""
    needs = [need for tenant in data.tenants for need in tenant.needs]
    tiers = _tiers(needs)
    longest = {tier: max(_size(need) for need in needs if need.tier == tier) for tier in tiers}
    ordered = sorted(data.tenants, key=lambda tenant: (tenant.percent, -_missing(tenant), tenant.name))
    most_shared = max((_size(need) for need in data.shared), default=0)
    return TenantsFigure(
        lead=_lead(data.tenants),
        tiers=tiers,
        rows=tuple(_row(tenant, tiers, longest) for tenant in ordered),
        shared=tuple(_cell(need, most_shared) for need in data.shared),
    )


def _tiers(needs: Iterable[NeedView]) -> tuple[str, ...]:
    found = {need.tier for need in needs}
    return tuple(sorted(found, key=lambda tier: (TIERS.index(tier) if tier in TIERS else len(TIERS), tier)))


def _size(need: NeedView) -> int:
    return need.existing + need.new + need.missing


def _missing(tenant: TenantView) -> int:
    return sum(need.missing for need in tenant.needs)


def _lead(tenants: Sequence[TenantView]) -> str:
    full = sum(1 for tenant in tenants if tenant.percent == 100)
    if full == len(tenants):
        return (
            f"All {count(full, 'tenant')} are served in full."
            if full != 1
            else "The tenant is served in full."
        )
    bounds = sorted({tenant.bound_by for tenant in tenants if tenant.bound_by})
    rest = count(len(tenants) - full, "tenant")
    verb, whose = ("is", "its") if len(tenants) - full == 1 else ("are", "their")
    held = f", held back by {whose} {listing(bounds)} machines" if bounds else ""
    return f"{rest} of {len(tenants)} {verb} not served in full{held}. The worst-served comes first."


def _row(tenant: TenantView, tiers: Sequence[str], longest: dict[str, int]) -> TenantRow:
    needs = {need.tier: need for need in tenant.needs}
    machines = sum(need.existing + need.new for need in tenant.needs)
    return TenantRow(
        name=tenant.name,
        title=tenant.title,
        note=_note(tenant),
        percent=percent(tenant.percent),
        bar=stack((("served", tenant.percent), ("missing", 100 - tenant.percent)), 100),
        alt=f"{percent(tenant.percent)} of the demand of {tenant.title} is served",
        bound=_bound(tenant),
        cells=tuple(_cell(needs[tier], longest[tier]) if tier in needs else _none(tier) for tier in tiers),
        served=tenant.percent,
        machines=machines,
        missing=_missing(tenant),
    )


def _note(tenant: TenantView) -> str:
    parts = [tenant.region] if tenant.region else []
    return " · ".join([*parts, count(tenant.schools, "school")])


def _bound(tenant: TenantView) -> str:
    if tenant.percent == 100:
        return "in full"
    bound = next((need for need in tenant.needs if need.tier == tenant.bound_by), None)
    why = "" if bound is None else f" ({'its minimum' if bound.by_minimum else bound.binding})"
    return f"held back by {tenant.bound_by}{why}"


def _cell(need: NeedView, longest: int) -> TierCell:
    words = [f"{whole(need.existing)} exist", f"{whole(need.new)} to add"]
    words += [f"{whole(need.servers)} of these on servers of their own"] if need.servers else []
    words += [f"{whole(need.missing)} without a place"] if need.missing else []
    parts = (("before", need.existing), ("new", need.new), ("missing", need.missing))
    return TierCell(
        tier=need.tier,
        total=whole(need.existing + need.new),
        added=f"+{whole(need.new)}" if need.new else "",
        missing=f"{whole(need.missing)} missing" if need.missing else "",
        alt=f"{need.tier}: {', '.join(words)}",
        bar=stack(parts, longest),
    )


def _none(tier: str) -> TierCell:
    return TierCell(tier=tier, total="", added="", missing="", alt="", bar=())
