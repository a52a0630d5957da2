# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the placement: the needs, less what exists, with what was planned before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .addressing import AddressPool
from .hosts import Hardware
from .machine import Machine
from .model import Carrier, Inputs, Live, Network, Stock, TierCapacity, Unit
from .names import order_key
from .placement.problem import Ask, Group, Party, Problem, Shape, carrier_spot
from .plan import Plan
from .server_use import ServerUse
from .sizing import Need, Sizing


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A machine that was planned before and does not exist yet: a guest, or a server that is one."""

    record: Machine | ServerUse

    @property
    def group(self) -> Group:
        """Its tier and tenant."""
        return self.record.tier, self.record.tenant

    @property
    def name(self) -> str:
        """The machine's name."""
        return self.record.name if isinstance(self.record, Machine) else self.record.machine

    @property
    def spot(self) -> str:
        """Where it would be."""
        if isinstance(self.record, Machine):
            return self.record.hypervisor
        return carrier_spot(self.record.name)


def network_of_need(inputs: Inputs, need: Need) -> Network:
    """Return the network of a need's machines: that of the tier, or else of the tenant."""
    if need.tier.network:
        return inputs.networks[need.tier.network]
    tenant = next(tenant for tenant in inputs.tenants if tenant.name == need.tenant)
    return inputs.networks[tenant.network]


def problem_of(
    inputs: Inputs,
    sizing: Sizing,
    existing: Sequence[Machine],
    pending: Iterable[Pending],
    equipment: Hardware,
) -> Problem:
    """Return the placement to be solved."""
    there = _existing_spots(inputs.stock, existing)
    before: dict[Group, list[Pending]] = {}
    for item in pending:
        before.setdefault(item.group, []).append(item)
    weights = {demand.tenant: demand.quantities[Unit.SESSIONS].at(sizing.level) for demand in sizing.demands}
    return Problem(
        asks=tuple(
            _ask(inputs, need, there.get(need.group, Counter()), before.get(need.group, []))
            for need in sizing.needs
        ),
        hosts=equipment.hosts,
        candidates=equipment.candidates,
        parties=tuple(
            Party(name=tenant.name, priority=tenant.priority, weight=max(round(weights[tenant.name]), 1))
            for tenant in inputs.tenants
        ),
        shared_storages=equipment.shared_storages,
        survive=inputs.stock.survive,
    )


def shape_of(inputs: Inputs, need: Need) -> Shape:
    """Return what one machine of a need takes."""
    tier = need.tier
    return Shape(
        tier=tier.tier,
        bridge=network_of_need(inputs, need).bridge,
        cores=tier.cores,
        memory_mib=tier.memory_mib,
        disk_gib=tier.disk_gib + tier.data_disk_gib,
        data_disk_gib=tier.data_disk_gib,
        storage=storage_of(inputs.stock, tier),
        vcpus_per_core=Fraction(tier.vcpus_per_core),
        as_guest=Carrier.GUEST in tier.runs_on,
        as_server=Carrier.SERVER in tier.runs_on,
    )


def storage_of(stock: Stock, tier: TierCapacity) -> str:
    """Return the storage pool of a tier's guests."""
    return tier.storage or stock.guests.storage


def still_pending(
    inputs: Inputs,
    live: Live,
    current: Plan,
    existing: Sequence[Machine],
    sizing: Sizing,
    equipment: Hardware,
    pools: dict[str, AddressPool],
) -> list[Pending]:
    """Return what was planned before, does not exist yet and may keep its identity and spot.

    Its demand, id, address and hypervisor must still hold; of more machines than are wanted, those with
    the highest numbers are left out.
    """
    ids = {machine.vmid for machine in existing}
    taken = {guest.name for guest in live.guests} | {server.machine for server in inputs.stock.carriers}
    planned = [Pending(record=machine) for machine in current.machines]
    planned += [Pending(record=server) for server in current.servers if server.machine]
    there = _existing_spots(inputs.stock, existing)
    found: list[Pending] = []
    for need in sizing.needs:
        network = network_of_need(inputs, need)
        here = [item for item in planned if item.group == need.group]
        valid = [
            item
            for item in sorted(here, key=_order)
            if item.name not in taken
            and _has_address_of(item, network, pools[network.name])
            and _carrier(item) in need.tier.runs_on
            and _spot_holds(item, ids, inputs.stock, equipment, network.bridge)
        ]
        found += valid[: max(need.total - there.get(need.group, Counter()).total(), 0)]
    return found


def _carrier(item: Pending) -> Carrier:
    return Carrier.GUEST if isinstance(item.record, Machine) else Carrier.SERVER


def _order(item: Pending) -> tuple[int, str, int, str]:
    return order_key(tier=item.group[0], tenant=item.group[1], name=item.name)


def _ask(inputs: Inputs, need: Need, there: Counter[str], pending: Sequence[Pending]) -> Ask:
    have = there.total()
    return Ask(
        group=need.group,
        shape=shape_of(inputs, need),
        needed=max(need.needed - have, 0),
        spare=max(need.total - max(have, need.needed), 0),
        demand=need.needed,
        have=min(have, need.needed),
        existing=there,
        pending=Counter(item.spot for item in pending),
    )


def _existing_spots(stock: Stock, existing: Iterable[Machine]) -> dict[Group, Counter[str]]:
    spots: dict[Group, Counter[str]] = {}
    for machine in existing:
        spots.setdefault((machine.tier, machine.tenant), Counter())[machine.hypervisor] += 1
    for server in stock.carriers:
        if server.carries is not None:
            group = (server.carries.tier, server.carries.tenant)
            spots.setdefault(group, Counter())[carrier_spot(server.name)] += 1
    return spots


def _has_address_of(item: Pending, network: Network, pool: AddressPool) -> bool:
    address = item.record.address
    return address == f"{item.record.ip}/{network.subnet.prefix}" and pool.may_give(item.record.ip)


def _spot_holds(item: Pending, ids: Collection[int], stock: Stock, equipment: Hardware, bridge: str) -> bool:
    if isinstance(item.record, ServerUse):
        return any(candidate.name == item.record.name for candidate in equipment.candidates)
    if item.record.vmid in ids or not stock.guests.first_vmid <= item.record.vmid <= stock.guests.last_vmid:
        return False
    hosts = [*equipment.hosts, *(it.host for it in equipment.candidates if it.host is not None)]
    return any(host.name == item.spot and bridge in host.bridges for host in hosts)
