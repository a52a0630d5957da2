# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is different with what is supposed: a delivery that slips, another date, one tenant more."""

from __future__ import annotations

from collections.abc import Iterable

from .parse_stock import UNKNOWN
from .plan import Plan
from .plan_records import Change
from .summary import order_text


def difference(without: Plan, supposed: Plan, changes: Iterable[Change]) -> tuple[str, ...]:
    """Return the lines that tell how a plan differs from the one that supposes nothing."""
    lines = [f"{change.action} {change.machine}: {change.reason}" for change in changes]
    lines += _served(without, supposed)
    lines += _shortages(without, supposed)
    lines += _orders(without, supposed)
    return tuple(f"with what is supposed: {line}" for line in lines or ["nothing is different"])


def _served(without: Plan, supposed: Plan) -> list[str]:
    before = {served.tenant: served.percent for served in without.served}
    after = {served.tenant: served.percent for served in supposed.served}
    return [
        f"{tenant}: {_percent(before.get(tenant))} -> {_percent(after.get(tenant))} of the demand is served"
        for tenant in sorted(before | after)
        if before.get(tenant) != after.get(tenant)
    ]


def _shortages(without: Plan, supposed: Plan) -> list[str]:
    before = {(short.tier, short.tenant): (short.missing, short.until) for short in without.shortages}
    after = {(short.tier, short.tenant): (short.missing, short.until) for short in supposed.shortages}
    return [
        f"{tier} for {tenant or 'all tenants'}: {_missing(before.get((tier, tenant)))} -> "
        f"{_missing(after.get((tier, tenant)))}"
        for tier, tenant in sorted(before | after)
        if before.get((tier, tenant)) != after.get((tier, tenant))
    ]


def _orders(without: Plan, supposed: Plan) -> list[str]:
    found: list[str] = []
    for closes in ("now", "rest"):
        texts = [
            order_text(order for order in plan.orders if order.closes == closes) or "nothing"
            for plan in (without, supposed)
        ]
        if texts[0] != texts[1]:
            what = "to close the shortage now" if closes == "now" else "beyond the dated deliveries"
            found.append(f"order {what}: {texts[0]} -> {texts[1]}")
    return found


def _missing(short: tuple[int, str] | None) -> str:
    if short is None:
        return "none missing"
    number, until = short
    when = {"": ", closed by no announced delivery", UNKNOWN: ", until a date that nobody knows"}
    return f"{number} missing{when.get(until, f', until {until}')}"


def _percent(share: float | None) -> str:
    return "nothing" if share is None else f"{share:.2f} %"
