# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer can choose from when the stock is short: now, a delivery, an order, or measures."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from .demand import Demand
from .model import Measure, Unit
from .outlook import percent
from .parse_stock import UNKNOWN
from .placement.measures import SHARE_SCALE
from .placement.problem import Ask, Problem
from .plan import Plan
from .sizing import Need, Sizing


class OptionKind(StrEnum):
    """How an option serves demand; in the order of preference when two serve equally much."""

    STOCK = "stock"
    DELIVERY = "delivery"
    ORDER = "order"
    MEASURES = "measures"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One way to serve a tenant.

    ``percent`` is the part of the demand that is served, ``sessions`` how many sessions that is at the
    peak, and ``waiting`` how many then queue in the waiting room. ``when`` is the ISO date from which it
    holds ("" for now, "unknown" when nobody knows) and ``earliest`` the earliest possible one.
    ``brings`` names deliveries, measures or what is ordered.
    """

    kind: OptionKind
    percent: float
    sessions: int
    waiting: int
    when: str
    earliest: str
    brings: tuple[str, ...]


def options_of(
    tenant: str, *, plan: Plan, sizing: Sizing, after: Problem, measures: Iterable[Measure]
) -> tuple[Option, ...]:
    """Return a tenant's options, the best one first.

    What serves more comes first, then what asks less of users and money, then what comes earlier. With
    the whole demand served from the stock there is nothing to choose.

    Args:
        tenant: the tenant's name.
        plan: the plan with its stages and orders.
        sizing: the needs that it answers.
        after: what is left when everything that is planned exists.
        measures: the contingency measures that there are.
    """
    demand = next(demand for demand in sizing.demands if demand.tenant == tenant)
    now = next((item.percent for item in plan.served if item.tenant == tenant), 100.0)
    found = [_option(OptionKind.STOCK, demand, sizing, now)]
    if now == 100.0:
        return tuple(found)
    best = now
    for stage in plan.stages:
        then = stage.served.get(tenant, 100.0)
        if then > best:
            found.append(
                _option(
                    OptionKind.DELIVERY,
                    demand,
                    sizing,
                    then,
                    when=stage.when,
                    earliest=stage.earliest,
                    brings=stage.arrives,
                )
            )
            best = then
    ordered = [order for order in plan.orders if order.closes == "now"]
    if ordered:
        brings = tuple(f"{order.servers} × {order.model}" for order in ordered)
        found.append(_option(OptionKind.ORDER, demand, sizing, 100.0, when=UNKNOWN, brings=brings))
    chosen = _helpful(tenant, sizing, after, tuple(measures))
    with_measures = share_with_measures(tenant, sizing, after, chosen)
    if chosen and with_measures > now:
        brings = tuple(measure.name for measure in chosen)
        found.append(_option(OptionKind.MEASURES, demand, sizing, with_measures, brings=brings))
    return tuple(sorted(found, key=_rank))


def _rank(option: Option) -> tuple[float, bool, int, str]:
    # Nobody can count on a delivery without a date: what can be ordered or switched on comes before it.
    uncertain = option.kind is OptionKind.DELIVERY and option.when == UNKNOWN
    return -option.percent, uncertain, list(OptionKind).index(option.kind), option.when


def _helpful(
    tenant: str, sizing: Sizing, after: Problem, measures: tuple[Measure, ...]
) -> tuple[Measure, ...]:
    """Return the measures without which less of a tenant's demand would be served, tried one by one."""
    chosen = measures
    for measure in measures:
        without = tuple(item for item in chosen if item is not measure)
        with_all = share_with_measures(tenant, sizing, after, chosen)
        if share_with_measures(tenant, sizing, after, without) >= with_all:
            chosen = without
    return chosen


def share_with_measures(tenant: str, sizing: Sizing, after: Problem, measures: tuple[Measure, ...]) -> float:
    """Return the percentage of a tenant's demand that the placed machines serve while measures are on.

    A measure lowers the demand in its units; several on one unit multiply.
    """
    needs = {need.group: need for need in sizing.needs}
    shares = [_share(needs[ask.group], ask, measures) for ask in after.asks if ask.group[1] in ("", tenant)]
    worst = min(shares, default=Fraction(1))
    return percent(int(worst * SHARE_SCALE))


def reduction(measures: Iterable[Measure], unit: Unit) -> Fraction:
    """Return the part of a unit's demand that remains while measures are on."""
    remains = Fraction(1)
    for measure in measures:
        remains *= 1 - measure.reduces_percent.get(unit, Fraction(0)) / 100
    return remains


def _share(need: Need, ask: Ask, measures: tuple[Measure, ...]) -> Fraction:
    loads = [load * reduction(measures, unit) for unit, load in need.loads.items()]
    asked = max(loads, default=Fraction(0))
    if need.by_minimum or not asked:
        return Fraction(ask.have, ask.demand) if ask.demand else Fraction(1)
    return min(Fraction(ask.have) / asked, Fraction(1))


def _option(
    kind: OptionKind,
    demand: Demand,
    sizing: Sizing,
    served: float,
    *,
    when: str = "",
    earliest: str = "",
    brings: tuple[str, ...] = (),
) -> Option:
    asked = round(demand.quantities[Unit.SESSIONS].at(sizing.level))
    admitted = int(asked * Fraction(str(served)) / 100)
    return Option(
        kind=kind,
        percent=served,
        sessions=admitted,
        waiting=asked - admitted,
        when=when,
        earliest=earliest,
        brings=brings,
    )
