# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What finds no place, and what to order for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.parse_stock import UNKNOWN
from ..core.plan_records import Order, Shortage
from ..core.report_views import ReportData
from ..core.text import count
from .geometry import Segment, stack
from .wording import capital, day, memory, tenant_or_all, whole

MOST_ICONS = 40
"""Servers of an order that are drawn one by one; of a larger order the number alone is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortageRow:
    """Machines of one tier and tenant without a place."""

    tenant: str
    tier: str
    missing: str
    memory: str
    until: str
    alt: str
    bar: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortageGroup:
    """Machines that find no place for one reason."""

    reason: str
    advice: str
    rows: tuple[ShortageRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderRow:
    """Servers of one model; ``icons`` is how many of them are drawn."""

    servers: str
    model: str
    form: str
    price: str
    alt: str
    icons: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCard:
    """One order: what it closes and what it consists of."""

    title: str
    rows: tuple[OrderRow, ...]
    total: str
    price: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortageFigure:
    """The shortages by their reasons, the largest first, and the orders that close them."""

    lead: str
    groups: tuple[ShortageGroup, ...]
    orders: tuple[OrderCard, ...]
    no_order: str


def shortage_figure(data: ReportData) -> ShortageFigure:
    """Return the figure of the shortages."""
    titles = {tenant.name: tenant.title for tenant in data.tenants}
    ordered = sorted(data.shortages, key=lambda short: (-short.missing, short.tier, short.tenant))
    cards = (
        _card("To close the whole shortage now", data.orders, "now"),
        _card("For what dated deliveries leave open", data.orders, "rest"),
    )
    return ShortageFigure(
        lead=_lead(data),
        groups=_groups(ordered, titles),
        orders=tuple(card for card in cards if card.rows),
        no_order="No server of the catalogue closes this shortage." if ordered and not data.orders else "",
    )


def _lead(data: ReportData) -> str:
    if not data.shortages:
        return "No shortage: every machine has a place, and nothing needs to be ordered."
    total = memory(sum(short.memory_mib for short in data.shortages))
    return f"{count(data.missing, 'machine')} without a place, {total} of memory together."


def _groups(ordered: Sequence[Shortage], titles: dict[str, str]) -> tuple[ShortageGroup, ...]:
    longest = max((short.missing for short in ordered), default=0)
    by_reason: dict[tuple[str, str], list[Shortage]] = {}
    for short in ordered:
        by_reason.setdefault((short.reason, short.advice), []).append(short)
    return tuple(
        ShortageGroup(
            reason=f"{capital(reason)}.",
            advice=f"{capital(advice)}." if advice else "",
            rows=tuple(_row(short, titles, longest) for short in group),
        )
        for (reason, advice), group in by_reason.items()
    )


def _row(short: Shortage, titles: dict[str, str], longest: int) -> ShortageRow:
    whom = tenant_or_all(short.tenant, titles)
    return ShortageRow(
        tenant=whom,
        tier=short.tier,
        missing=whole(short.missing),
        memory=memory(short.memory_mib),
        until=_until(short.until),
        alt=f"{short.tier} for {whom}: {count(short.missing, 'machine')} without a place",
        bar=stack((("missing", short.missing),), longest),
    )


def _until(until: str) -> str:
    return {"": "no delivery closes it", UNKNOWN: "a delivery without a date"}.get(until) or day(until)


def _card(title: str, orders: Iterable[Order], closes: str) -> OrderCard:
    chosen = [order for order in orders if order.closes == closes]
    servers = sum(order.servers for order in chosen)
    # Without prices in the catalogue each server counts as 1, and the sum tells nothing new.
    priced = any(order.price != order.servers for order in chosen)
    price = f"{whole(sum(order.price for order in chosen))} in the catalogue's currency" if priced else ""
    return OrderCard(
        title=title,
        rows=tuple(_order(order, priced) for order in chosen),
        total=count(servers, "server"),
        price=price,
    )


def _order(order: Order, priced: bool) -> OrderRow:
    form = f"{order.cores} cores, {memory(order.memory_mib)}"
    return OrderRow(
        servers=whole(order.servers),
        model=order.model,
        form=form,
        price=whole(order.price) if priced else "",
        alt=f"{count(order.servers, 'server')} of model {order.model} ({form})",
        icons=order.servers if order.servers <= MOST_ICONS else 0,
    )
