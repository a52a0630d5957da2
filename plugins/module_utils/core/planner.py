# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inputs, the cluster and the current plan to the next plan: size, keep, place, name, address."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from .addressing import AddressPool, Allocator, IdPool
from .existing import existing_machines
from .hosts import Room, room_for_machines
from .machine import Machine
from .model import Inputs, Live, Network, Scope
from .names import TIERS, free_name, order_key
from .ordering import Shelf, bridge_advice
from .placement import Host, Placement, Placer, Request, SpreadingPlacer
from .plan import Change, Plan, Shortage
from .sizing import Need, Sizing, size
from .summary import summarise

_Group = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The plan, what it changes and, line by line, how it comes about."""

    plan: Plan
    changes: tuple[Change, ...]
    summary: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Slot:
    """A machine of a need that is still to be placed; ``ordinal`` counts within the need."""

    need: Need
    ordinal: int
    request: Request


def make_plan(inputs: Inputs, live: Live, current: Plan, *, placer: Placer | None = None) -> Outcome:
    """Return the next plan.

    Machines that exist stay as they are. Machines that are planned and do not exist yet keep their
    name, id, place and address as long as the demand asks for them and their place holds. What finds
    no place becomes a shortage.

    Raises:
        InputError: ids or addresses are exhausted.
        PlanError: the cluster contradicts the plan.
    """
    sizing = size(inputs.tenants, inputs.capacity)
    existing = existing_machines(inputs, live.guests, current)
    room = room_for_machines(inputs.stock, live, existing)
    pending, hosts = _still_pending(inputs, live, current, existing, sizing, room)
    kept = (*existing, *pending)
    slots = _slots(inputs, sizing, kept)
    placement = (placer or SpreadingPlacer()).place([slot.request for slot in slots], hosts)
    new = _new_machines(inputs, live, kept, slots, placement)
    machines = _with_reasons(sizing, (*kept, *new))
    plan = Plan.of(machines=machines, shortages=_shortages(inputs, slots, placement, room))
    changes = plan.changes_from(current, existing={machine.name for machine in existing})
    return Outcome(
        plan=plan, changes=changes, summary=summarise(sizing, plan, changes=changes, notes=room.notes)
    )


def _group(need: Need) -> _Group:
    return need.tier.tier, need.tenant


def _network(inputs: Inputs, need: Need) -> Network:
    if need.tier.scope is Scope.SHARED:
        return inputs.networks[need.tier.network]
    tenant = next(tenant for tenant in inputs.tenants if tenant.name == need.tenant)
    return inputs.networks[tenant.network]


def _request(inputs: Inputs, need: Need, key: str) -> Request:
    return Request(
        key=key,
        group=_group(need),
        cores=need.tier.cores,
        memory_mib=need.tier.memory_mib,
        bridge=_network(inputs, need).bridge,
    )


def _still_pending(
    inputs: Inputs,
    live: Live,
    current: Plan,
    existing: Sequence[Machine],
    sizing: Sizing,
    room: Room,
) -> tuple[list[Machine], list[Host]]:
    """Return the planned machines that do not exist yet and keep their place, and what is free then."""
    hosts = dict(room.hosts)
    pools = _pools(inputs, live, existing)
    ids = {machine.vmid for machine in existing}
    names = {guest.name for guest in live.guests}
    pending = [m for m in current.machines if m.vmid not in ids and m.name not in names]
    kept: list[Machine] = []
    for need in sizing.needs:
        network = _network(inputs, need)
        wanted = need.total - _count(existing, _group(need))
        for machine in [m for m in pending if (m.tier, m.tenant) == _group(need)]:
            request = _request(inputs, need, machine.name)
            host = hosts.get(machine.hypervisor)
            valid = _id_in_range(inputs, machine) and _is_address_of(machine, network, pools[network.name])
            if wanted > 0 and valid and host and host.fits(request):
                hosts[host.name] = host.with_machine(request)
                kept.append(_again(inputs, need, machine))
                wanted -= 1
    return kept, list(hosts.values())


def _again(inputs: Inputs, need: Need, machine: Machine) -> Machine:
    return _machine(
        inputs,
        need,
        name=machine.name,
        vmid=machine.vmid,
        hypervisor=machine.hypervisor,
        address=machine.address,
    )


def _count(machines: Iterable[Machine], group: _Group) -> int:
    return sum(1 for machine in machines if (machine.tier, machine.tenant) == group)


def _is_address_of(machine: Machine, network: Network, pool: AddressPool) -> bool:
    return machine.address == f"{machine.ip}/{network.subnet.prefix}" and pool.may_give(machine.ip)


def _id_in_range(inputs: Inputs, machine: Machine) -> bool:
    return inputs.stock.guests.first_vmid <= machine.vmid <= inputs.stock.guests.last_vmid


def _pools(inputs: Inputs, live: Live, machines: Iterable[Machine]) -> dict[str, AddressPool]:
    taken = {guest.tag_value("ip-") for guest in live.guests} | {machine.ip for machine in machines}
    taken.discard("")
    return {
        network.name: AddressPool(network, taken=taken, file=inputs.files.networks)
        for network in inputs.networks.values()
    }


def _slots(inputs: Inputs, sizing: Sizing, kept: Sequence[Machine]) -> list[_Slot]:
    """Return what is to be placed: first machines before second ones, spares last, whoever asks."""
    slots: list[_Slot] = []
    for need in sizing.needs:
        for ordinal in range(_count(kept, _group(need)) + 1, need.total + 1):
            key = f"{need.tier.tier}/{need.tenant}/{ordinal}"
            slots.append(_Slot(need=need, ordinal=ordinal, request=_request(inputs, need, key)))
    return sorted(
        slots,
        key=lambda slot: (
            slot.ordinal > slot.need.needed,
            slot.ordinal,
            TIERS.index(slot.need.tier.tier),
            slot.need.tenant,
        ),
    )


def _new_machines(
    inputs: Inputs, live: Live, kept: Sequence[Machine], slots: Sequence[_Slot], placement: Placement
) -> list[Machine]:
    settings = inputs.stock.guests
    ids = IdPool(
        settings.first_vmid,
        settings.last_vmid,
        taken={guest.vmid for guest in live.guests} | {machine.vmid for machine in kept},
        file=inputs.files.stock,
    )
    pools: dict[str, AddressPool] = _pools(inputs, live, kept)
    names = {guest.name for guest in live.guests} | {machine.name for machine in kept}
    placed = [slot for slot in slots if slot.request.key in placement.places]
    machines: list[Machine] = []
    for slot in sorted(placed, key=lambda s: (TIERS.index(s.need.tier.tier), s.need.tenant, s.ordinal)):
        host = placement.places[slot.request.key]
        pool = pools[_network(inputs, slot.need).name]
        machines.append(_new_machine(inputs, slot.need, host, ids, pool, names))
        names.add(machines[-1].name)
    return machines


def _new_machine(
    inputs: Inputs, need: Need, host: str, ids: IdPool, pool: Allocator, names: set[str]
) -> Machine:
    name = free_name(tier=need.tier.tier, tenant=need.tenant, taken=names)
    return _machine(inputs, need, name=name, vmid=ids.take(), hypervisor=host, address=pool.take())


def _machine(inputs: Inputs, need: Need, *, name: str, vmid: int, hypervisor: str, address: str) -> Machine:
    """Return a machine that does not exist yet: its identity, and what follows from the inputs."""
    settings, network = inputs.stock.guests, _network(inputs, need)
    return Machine(
        name=name,
        vmid=vmid,
        tier=need.tier.tier,
        tenant=need.tenant,
        hypervisor=hypervisor,
        template=settings.template,
        cores=need.tier.cores,
        memory_mib=need.tier.memory_mib,
        disk_gib=need.tier.disk_gib,
        storage=settings.storage,
        bridge=network.bridge,
        address=address,
        gateway=network.gateway,
        nameservers=network.nameservers,
        pool=settings.pool,
        reason="",
    )


def _with_reasons(sizing: Sizing, machines: Iterable[Machine]) -> list[Machine]:
    needs = {_group(need): need for need in sizing.needs}
    groups: dict[_Group, list[Machine]] = {}
    for machine in machines:
        groups.setdefault((machine.tier, machine.tenant), []).append(machine)
    explained: list[Machine] = []
    for group, members in groups.items():
        need = needs.get(group)
        # Of more machines than are needed, those with the highest numbers are the surplus.
        members.sort(key=lambda m: order_key(tier=m.tier, tenant=m.tenant, name=m.name))
        for position, machine in enumerate(members, start=1):
            explained.append(replace(machine, reason=_reason(need, group, position)))
    return explained


def _reason(need: Need | None, group: _Group, position: int) -> str:
    tier, tenant = group
    whom = tenant or "all tenants"
    if need is None:
        return f"no demand for {tier} machines of {whom}; kept because it exists, until it is released"
    if position > need.total:
        return f"beyond the {need.total} that {whom} needs; kept because it exists, until it is released"
    return f"{tier} {position} of {need.total} for {whom}: {need.arithmetic}"


def _shortages(inputs: Inputs, slots: Sequence[_Slot], placement: Placement, room: Room) -> list[Shortage]:
    shelf = Shelf(inputs.stock)
    refused: dict[_Group, list[_Slot]] = {}
    for slot in slots:
        if slot.request.key in placement.refused:
            refused.setdefault(_group(slot.need), []).append(slot)
    found: list[Shortage] = []
    for tier, tenant in sorted(refused, key=lambda group: (TIERS.index(group[0]), group[1])):
        group = refused[tier, tenant]
        found.append(
            Shortage(
                tier=tier,
                tenant=tenant,
                missing=len(group),
                memory_mib=sum(slot.request.memory_mib for slot in group),
                reason=placement.refused[group[0].request.key],
                order=_order(inputs, shelf, group, room),
            )
        )
    return found


def _order(inputs: Inputs, shelf: Shelf, group: Sequence[_Slot], room: Room) -> str:
    bridge = group[0].request.bridge
    if room.hosts and not any(bridge in host.bridges for host in room.hosts.values()):
        return bridge_advice(inputs.stock, bridge, offline=room.offline)
    return shelf.order_for(group[0].need.tier, len(group), offline=room.offline)
