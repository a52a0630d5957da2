# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that tell how a plan comes about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from .parse_stock import UNKNOWN
from .placement.levels import BALANCE, TOTAL, WORST
from .placement.problem import Proof
from .plan import Plan
from .plan_records import Change, Order, Shortage, Stage
from .sizing import Need, Sizing, others
from .text import UNIT_WORDS, count, show

_TENANTS_IN_FULL = 6
"""With more tenants than this, the arithmetic of each is left to the report."""


def summarise(
    sizing: Sizing, plan: Plan, *, changes: Iterable[Change], notes: Iterable[str], proofs: Iterable[Proof]
) -> tuple[str, ...]:
    """Return the demand of each tenant, the need of each tier, the shortages and what changes."""
    lines = [f"{demand.tenant}: {step}" for demand in sizing.demands for step in demand.steps]
    if len(sizing.demands) > _TENANTS_IN_FULL:
        lines = [f"the arithmetic of {count(len(sizing.demands), 'tenant')}: in the report, each step shown"]
    lines += [_need_line(need) for need in sizing.needs]
    lines += notes
    lines += [
        f"server {use.name} ({use.rack or 'no rack'}, {use.state.words}): "
        f"{use.machine or 'hypervisor'}: {use.reason}"
        for use in plan.servers
    ]
    lines += [_shortage_line(short) for short in plan.shortages]
    lines += _served_lines(plan)
    lines += [_stage_line(stage) for stage in plan.stages if plan.shortages]
    lines += _order_lines(plan.orders)
    lines += [_proof_line(proof) for proof in proofs if proof.level in (WORST, TOTAL, BALANCE)]
    lines.append(_outcome_line(plan, changes))
    return tuple(lines)


def order_text(orders: Iterable[Order]) -> str:
    """Return ``2 × r640 (64 cores, 524,288 MiB)``, the models joined by plus signs."""
    return " + ".join(
        f"{order.servers} × {order.model} ({order.cores} cores, {order.memory_mib:,} MiB)" for order in orders
    )


def _outcome_line(plan: Plan, changes: Iterable[Change]) -> str:
    actions = Counter(change.action for change in changes)
    done = [
        f"{actions[action]} to {action}" for action in ("add", "adopt", "change", "remove") if actions[action]
    ]
    physical = sum(1 for server in plan.servers if server.machine)
    machines = count(len(plan.machines) + physical, "machine")
    servers = f" and {count(len(plan.servers), 'server')} to put into service" if plan.servers else ""
    return f"plan: {machines}{servers}; {', '.join(done) or 'nothing changes'}"


def _need_line(need: Need) -> str:
    bound = "its minimum" if need.by_minimum or need.binding is None else UNIT_WORDS[need.binding]
    rest = others(need)
    more = f"; the other units ask for {rest}" if rest else ""
    ends = sorted(set(need.totals.values()))
    between = f"; {ends[0]} to {ends[-1]} machines from low to high demand" if len(ends) > 1 else ""
    whom = need.tenant or "all tenants"
    return f"{need.tier.tier} for {whom}: {need.arithmetic} (bound by {bound}{more}{between})"


def _shortage_line(short: Shortage) -> str:
    until = {"": "no announced delivery closes it", UNKNOWN: "a delivery without a date closes it"}
    when = until.get(short.until, f"closed by {short.until}")
    return (
        f"SHORTAGE {short.tier} for {short.tenant or 'all tenants'}: {count(short.missing, 'machine')} "
        f"({short.memory_mib:,} MiB) without a place: {short.reason}; {when}"
        f"{'. To do: ' if short.advice else ''}{short.advice}"
    )


def _served_lines(plan: Plan) -> Iterator[str]:
    for served in plan.served:
        if served.percent < 100:
            share = f"{served.percent:.2f} % of the demand is served"
            yield f"{served.tenant}: {share}, bound by {served.bound_by}"


def _stage_line(stage: Stage) -> str:
    when = "at a date that nobody knows" if stage.when == UNKNOWN else f"by {stage.when}"
    worst = min(stage.served.values(), default=100.0)
    return (
        f"{when}: {', '.join(stage.arrives)}: {count(stage.missing, 'machine')} without a place, "
        f"worst-served tenant {worst:.2f} %"
    )


def _order_lines(orders: Iterable[Order]) -> Iterator[str]:
    every = list(orders)
    for closes, what in (("now", "to close the shortage now"), ("rest", "beyond the dated deliveries")):
        chosen = [order for order in every if order.closes == closes]
        if chosen:
            yield f"order {what}: {order_text(chosen)}"


def _proof_line(proof: Proof) -> str:
    return (
        f"{proof.level}: {show(proof.value * 100)} %, and no placement reaches more than "
        f"{show(proof.bound * 100)} % (gap {show(proof.gap_percent)} %)"
    )
