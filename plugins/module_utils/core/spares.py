# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan may give out when somebody took a planned id or address: the next free one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from .addresses import to_number, to_span, to_subnet
from .addressing import AddressPool, IdPool
from .errors import PlanError
from .machine import Machine
from .model import Network
from .plan import Plan
from .plan_records import SpareIds, SpareNetwork

PLAN_FILE = "the plan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What of a machine must change, ``id`` or ``address``, and the value that was found taken."""

    what: str
    value: str


def spare_ids(first: int, last: int) -> SpareIds:
    """Return the ids from which the planner took those of the machines."""
    return SpareIds(first=first, last=last)


def spare_networks(networks: Iterable[Network]) -> tuple[SpareNetwork, ...]:
    """Return the networks from which the planner took the machines' addresses, by name."""
    return tuple(
        SpareNetwork(
            name=network.name,
            cidr=str(network.subnet),
            ranges=tuple(str(span) for span in network.ranges),
            reserved=tuple(str(span) for span in network.reserved),
        )
        for network in sorted(networks, key=lambda network: network.name)
    )


def reassign(
    plan: Plan, wanted: Mapping[str, Wanted], *, ids: Collection[int], addresses: Collection[str]
) -> Plan:
    """Return the plan with other ids and addresses for the machines ``wanted``, by name.

    A machine whose planned value is no longer the one that was found taken keeps it: somebody else has
    changed the plan already.

    Args:
        plan: the plan as it is now.
        wanted: what must change.
        ids: ids that are taken beside those of the plan.
        addresses: addresses without prefix length that are taken beside those of the plan.

    Raises:
        PlanError: the machine is not planned any more, or the plan has no ids or network to give from.
        InputError: all of them are taken.
    """
    machines = {machine.name: machine for machine in plan.machines}
    giver = _Giver(plan, ids, addresses)
    for name in sorted(wanted):
        machine, want = machines.get(name), wanted[name]
        if machine is None:
            raise PlanError(
                f"{name} is not in the plan any more.", hint="Somebody planned again meanwhile: run again."
            )
        if want.what == "id" and str(machine.vmid) == want.value:
            machines[name] = replace(machine, vmid=giver.vmid(machine))
        if want.what == "address" and machine.ip == want.value:
            machines[name] = replace(machine, address=giver.address(machine))
    return replace(plan, machines=tuple(machines[machine.name] for machine in plan.machines))


class _Giver:
    """Gives out what is free, each thing once."""

    def __init__(self, plan: Plan, ids: Collection[int], addresses: Collection[str]) -> None:
        self._plan = plan
        self._ids = {*ids, *(machine.vmid for machine in plan.machines)}
        self._addresses = {*addresses, *(machine.ip for machine in plan.machines)}
        self._addresses |= {server.ip for server in plan.servers if server.ip}

    def vmid(self, machine: Machine) -> int:
        if not self._plan.ids:
            raise _no_spares(machine, f"id {machine.vmid}")
        spare = self._plan.ids[0]
        vmid = IdPool(spare.first, spare.last, taken=self._ids, file=PLAN_FILE).take()
        self._ids.add(vmid)
        return vmid

    def address(self, machine: Machine) -> str:
        number = to_number(machine.ip)
        for spare in self._plan.networks:
            if number in to_subnet(spare.cidr).span:
                address = self._pool(spare, machine).take()
                self._addresses.add(address.partition("/")[0])
                return address
        raise _no_spares(machine, f"address {machine.ip}")

    def _pool(self, spare: SpareNetwork, machine: Machine) -> AddressPool:
        network = Network(
            name=spare.name,
            bridge=machine.bridge,
            subnet=to_subnet(spare.cidr),
            gateway=machine.gateway,
            nameservers=machine.nameservers,
            ranges=tuple(to_span(text) for text in spare.ranges),
            reserved=tuple(to_span(text) for text in spare.reserved),
        )
        return AddressPool(network, taken=self._addresses, file=PLAN_FILE)


def _no_spares(machine: Machine, what: str) -> PlanError:
    return PlanError(
        f"The {what} of {machine.name} is taken and the plan does not say from where to take another.",
        hint="It was made by an older version: plan again.",
    )
