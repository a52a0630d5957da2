# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From demand to numbers of machines: each tier's units divided, the binding one named."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from .demand import Demand, tenant_demand, total_demand
from .model import Capacity, Scope, Tenant, TierCapacity, Unit
from .text import UNIT_WORDS, count, show


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """The machines that one tier needs for one tenant (empty: for all of them).

    ``needed`` is what the demand asks for, at least the tier's minimum; ``spare`` comes on top.
    ``binding`` is the unit that asks for the most, None when the tier has no unit of demand.
    """

    tier: TierCapacity
    tenant: str
    needed: int
    spare: int
    binding: Unit | None
    by_minimum: bool
    arithmetic: str

    @property
    def total(self) -> int:
        """All machines that must exist."""
        return self.needed + self.spare


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizing:
    """The demand of each tenant and of all together, and the needs in the order of tiers, then tenants."""

    demands: tuple[Demand, ...]
    together: Demand
    needs: tuple[Need, ...]

    def demand_of(self, need: Need) -> Demand:
        """Return the demand that a need answers."""
        return next((demand for demand in self.demands if demand.tenant == need.tenant), self.together)


def size(tenants: tuple[Tenant, ...], capacity: Capacity) -> Sizing:
    """Return how many machines each tier needs for each tenant."""
    demands = {tenant.name: tenant_demand(tenant) for tenant in tenants}
    together = total_demand(demands.values())
    needs: list[Need] = []
    for tier in capacity.tiers:
        if tier.scope is Scope.SHARED:
            needs.append(tier_need(tier, together))
        else:
            needs += [tier_need(tier, demands[t.name]) for t in tenants if tier.tier in t.tiers]
    return Sizing(demands=tuple(demands.values()), together=together, needs=tuple(needs))


def tier_need(tier: TierCapacity, demand: Demand) -> Need:
    """Return the need of one tier for one demand: the unit that asks for most machines binds.

    Units that ask for equally many are told apart by the load itself, then by their fixed order.
    """
    usable = 1 - tier.reserve_percent / 100
    loads = {unit: demand.quantities[unit] / (carried * usable) for unit, carried in tier.per_machine.items()}
    binding = max(loads, key=lambda unit: (loads[unit], -list(Unit).index(unit)), default=None)
    asked = ceil(loads[binding]) if binding else 0
    needed = max(asked, tier.minimum)
    return Need(
        tier=tier,
        tenant=demand.tenant,
        needed=needed,
        spare=tier.spare,
        binding=binding,
        by_minimum=asked < tier.minimum,
        arithmetic=_arithmetic(tier, demand, loads, binding, asked, needed),
    )


def _arithmetic(
    tier: TierCapacity,
    demand: Demand,
    loads: dict[Unit, Fraction],
    binding: Unit | None,
    asked: int,
    needed: int,
) -> str:
    if binding is None:
        text = f"no unit of demand; minimum {needed}"
    else:
        reserve = f" less {show(tier.reserve_percent)} % reserve" if tier.reserve_percent else ""
        text = (
            f"{show(demand.quantities[binding])} {UNIT_WORDS[binding]} ÷ {show(tier.per_machine[binding])}"
            f" a machine{reserve} = {show(loads[binding])}"
        )
        text += f" → {asked}" if asked >= tier.minimum else f" → {asked}, minimum {needed}"
    return f"{text}; + {tier.spare} spare = {count(needed + tier.spare, 'machine')}"


def others(need: Need, demand: Demand) -> str:
    """Return the units that do not bind, for a report; empty when there are none."""
    tier = need.tier
    usable = 1 - tier.reserve_percent / 100
    texts = [
        f"{UNIT_WORDS[unit]} {show(demand.quantities[unit] / (carried * usable))}"
        for unit, carried in tier.per_machine.items()
        if unit is not need.binding
    ]
    return ", ".join(texts)
