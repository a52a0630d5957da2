# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From demand to numbers of machines: each tier's units divided, the binding one named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from .demand import Demand, tenant_demand, total_demand
from .interval import Level
from .model import Capacity, Scope, Tenant, TierCapacity, Unit
from .text import UNIT_WORDS, count, show


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The machines that one tier needs for one tenant (empty: for all of them).

    ``needed`` is what the demand asks for, at least the tier's minimum; ``spare`` comes on top.
    ``loads`` is what each unit asks for, in machines and not rounded; ``binding`` the one that asks
    for the most, None when the tier has no unit of demand. ``totals`` is the number of all machines
    at each level of demand.
    """

    tier: TierCapacity
    tenant: str
    needed: int
    spare: int
    loads: Mapping[Unit, Fraction]
    binding: Unit | None
    by_minimum: bool
    arithmetic: str
    headline: str
    totals: Mapping[Level, int]

    @property
    def total(self) -> int:
        """All machines that must exist."""
        return self.needed + self.spare

    @property
    def group(self) -> tuple[str, str]:
        """Tier and tenant: the machines that stand in for each other."""
        return self.tier.tier, self.tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The demand of each tenant and of all together, and the needs in the order of tiers, then tenants.

    ``level`` is the level of demand that the needs answer.
    """

    level: Level
    demands: tuple[Demand, ...]
    together: Demand
    needs: tuple[Need, ...]


def size(tenants: tuple[Tenant, ...], capacity: Capacity) -> Sizing:
    """Return how many machines each tier needs for each tenant."""
    demands = {tenant.name: tenant_demand(tenant) for tenant in tenants}
    together = total_demand(demands.values(), capacity.operators)
    needs: list[Need] = []
    for tier in capacity.tiers:
        if tier.scope is Scope.SHARED:
            needs.append(tier_need(tier, together, capacity.level))
        else:
            needs += [
                tier_need(tier, demands[tenant.name], capacity.level)
                for tenant in tenants
                if tier.tier in tenant.tiers
            ]
    return Sizing(
        level=capacity.level, demands=tuple(demands.values()), together=together, needs=tuple(needs)
    )


def tier_need(tier: TierCapacity, demand: Demand, level: Level) -> Need:
    """Return the need of one tier for one demand: the unit that asks for most machines binds.

    Units that ask for equally many are told apart by the load itself, then by their fixed order.
    """
    loads = machine_loads(tier, demand, level)
    binding = max(loads, key=lambda unit: (loads[unit], -list(Unit).index(unit)), default=None)
    asked = ceil(loads[binding]) if binding else 0
    needed = max(asked, tier.minimum)
    total = _in_steps(tier, needed + tier.spare)
    quantity = demand.quantities[binding].at(level) if binding else None
    return Need(
        tier=tier,
        tenant=demand.tenant,
        needed=needed,
        spare=total - needed,
        loads=loads,
        binding=binding,
        by_minimum=asked < tier.minimum,
        arithmetic=_arithmetic(tier, quantity, binding, asked),
        headline=_headline(tier, quantity, binding, asked),
        totals={each: _total(tier, demand, each) for each in Level},
    )


def machine_loads(tier: TierCapacity, demand: Demand, level: Level) -> dict[Unit, Fraction]:
    """Return, for each unit that bounds a tier, the demand in machines, not rounded."""
    return {unit: demand.quantities[unit].at(level) / usable(tier, unit) for unit in tier.per_machine}


def usable(tier: TierCapacity, unit: Unit) -> Fraction:
    """Return what of a unit one machine is planned to carry."""
    return tier.per_machine[unit] * tier.utilisation_percent / 100


def _total(tier: TierCapacity, demand: Demand, level: Level) -> int:
    asked = ceil(max(machine_loads(tier, demand, level).values(), default=Fraction(0)))
    return _in_steps(tier, max(asked, tier.minimum) + tier.spare)


def _in_steps(tier: TierCapacity, machines: int) -> int:
    return -(-machines // tier.step) * tier.step


def _arithmetic(tier: TierCapacity, quantity: Fraction | None, binding: Unit | None, asked: int) -> str:
    needed = max(asked, tier.minimum)
    if binding is None or quantity is None:
        text = f"no unit of demand; minimum {needed}"
    else:
        at = f" at {show(tier.utilisation_percent)} %" if tier.utilisation_percent != 100 else ""
        text = (
            f"{show(quantity)} {UNIT_WORDS[binding]} ÷ {show(tier.per_machine[binding])} a machine{at} "
            f"= {show(quantity / usable(tier, binding))}"
        )
        text += f" → {asked}" if asked >= tier.minimum else f" → {asked}, minimum {needed}"
    steps = f" in steps of {tier.step}" if tier.step > 1 else ""
    return f"{text}; + {tier.spare} spare{steps} = {count(_in_steps(tier, needed + tier.spare), 'machine')}"


def _headline(tier: TierCapacity, quantity: Fraction | None, binding: Unit | None, asked: int) -> str:
    """Return the short form: ``web ×9: 13,400 sessions ÷ 1,600 + 1 spare``."""
    total = _in_steps(tier, max(asked, tier.minimum) + tier.spare)
    if binding is None or quantity is None or asked < tier.minimum:
        text = f"minimum {tier.minimum}"
    else:
        text = f"{show(quantity)} {UNIT_WORDS[binding]} ÷ {show(usable(tier, binding))}"
    steps = f", in steps of {tier.step}" if tier.step > 1 else ""
    return f"{tier.tier} ×{total}: {text} + {tier.spare} spare{steps}"


def others(need: Need) -> str:
    """Return the units that do not bind, for a report; empty when there are none."""
    return ", ".join(
        f"{UNIT_WORDS[unit]} {show(load)}" for unit, load in need.loads.items() if unit is not need.binding
    )
