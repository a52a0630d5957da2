# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that tell how a plan comes about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .plan import Change, Plan
from .sizing import Need, Sizing, others
from .text import UNIT_WORDS, count


def summarise(
    sizing: Sizing, plan: Plan, *, changes: Iterable[Change], notes: Iterable[str]
) -> tuple[str, ...]:
    """Return the demand of each tenant, the need of each tier, the shortages and what changes."""
    lines = [f"{demand.tenant}: {step}" for demand in sizing.demands for step in demand.steps]
    lines += [_need_line(sizing, need) for need in sizing.needs]
    lines += notes
    lines += [
        f"SHORTAGE {short.tier} for {short.tenant or 'all tenants'}: {count(short.missing, 'machine')} "
        f"({short.memory_mib:,} MiB) without a place: {short.reason}. To do: {short.order}."
        for short in plan.shortages
    ]
    lines.append(_outcome_line(plan, changes))
    return tuple(lines)


def _outcome_line(plan: Plan, changes: Iterable[Change]) -> str:
    actions = Counter(change.action for change in changes)
    done = [
        f"{actions[action]} to {action}" for action in ("add", "adopt", "change", "remove") if actions[action]
    ]
    return f"plan: {count(len(plan.machines), 'machine')}; {', '.join(done) or 'nothing changes'}"


def _need_line(sizing: Sizing, need: Need) -> str:
    bound = "its minimum" if need.by_minimum or need.binding is None else UNIT_WORDS[need.binding]
    rest = others(need, sizing.demand_of(need))
    more = f"; the other units ask for {rest}" if rest else ""
    return f"{need.tier.tier} for {need.tenant or 'all tenants'}: {need.arithmetic} (bound by {bound}{more})"
