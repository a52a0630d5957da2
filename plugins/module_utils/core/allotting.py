# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From spots to machines: names, ids and addresses for what is new, the old ones for what stays planned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass

from .addressing import AddressPool, IdPool
from .asking import Pending, network_of_need, storage_of
from .machine import Machine
from .model import Inputs, Live
from .names import TIERS, free_name
from .placement.problem import Solution, carrier_of
from .server import Server
from .server_use import ServerUse
from .sizing import Need, Sizing


@dataclass(frozen=True, slots=True, kw_only=True)
class Allotted:
    """The machines that do not exist yet: guests, and servers that become machines. Reasons are empty."""

    machines: tuple[Machine, ...]
    servers: tuple[ServerUse, ...]


class Allotter:
    """Gives out what must be unique; nothing that is live, planned or reserved is given out again."""

    def __init__(self, inputs: Inputs, live: Live, taken: Collection[Machine], pools: dict[str, AddressPool]):
        settings = inputs.stock.guests
        self._inputs = inputs
        self._pools = pools
        self._ids = IdPool(
            settings.first_vmid,
            settings.last_vmid,
            taken={guest.vmid for guest in live.guests} | {machine.vmid for machine in taken},
            file=inputs.files.stock,
        )
        self._names = {guest.name for guest in live.guests} | {machine.name for machine in taken}
        self._names |= {server.machine for server in inputs.stock.carriers}

    def reserve(self, pending: Sequence[Pending]) -> None:
        """Let nobody else have the identity of machines that stay planned."""
        for item in pending:
            self._names.add(item.name)
            if isinstance(item.record, Machine):
                self._ids.reserve(item.record.vmid)
            for pool in self._pools.values():
                pool.reserve(item.record.ip)

    def guest(self, need: Need, hypervisor: str) -> Machine:
        """Return a new guest."""
        network = network_of_need(self._inputs, need)
        name = self._name(need)
        return machine_of(
            self._inputs,
            need,
            name=name,
            vmid=self._ids.take(),
            hypervisor=hypervisor,
            address=self._pools[network.name].take(),
        )

    def server(self, need: Need, server: Server) -> ServerUse:
        """Return a server that becomes a new machine."""
        network = network_of_need(self._inputs, need)
        name = self._name(need)
        return server_of(self._inputs, need, server, name=name, address=self._pools[network.name].take())

    def _name(self, need: Need) -> str:
        name = free_name(tier=need.tier.tier, tenant=need.tenant, taken=self._names)
        self._names.add(name)
        return name


def allot(
    inputs: Inputs, sizing: Sizing, pending: Sequence[Pending], solution: Solution, allotter: Allotter
) -> Allotted:
    """Return the machines of a solution, tier by tier and tenant by tenant, in the order of their spots."""
    servers = {server.name: server for server in inputs.stock.shelf}
    kept = [item for need in sizing.needs for item in _kept(need, pending, solution)]
    allotter.reserve(kept)
    machines: list[Machine] = []
    uses: list[ServerUse] = []
    for need in sorted(sizing.needs, key=lambda need: (TIERS.index(need.tier.tier), need.tenant)):
        new = list(solution.spots.get(need.group, ()))
        for item in kept:
            if item.group == need.group:
                new.remove(item.spot)
                if isinstance(item.record, Machine):
                    machines.append(_again(inputs, need, item.record))
                else:
                    uses.append(_server_again(inputs, need, item.record, servers[item.record.name]))
        for spot in new:
            carrier = carrier_of(spot)
            if carrier:
                uses.append(allotter.server(need, servers[carrier]))
            else:
                machines.append(allotter.guest(need, spot))
    return Allotted(machines=tuple(machines), servers=tuple(uses))


def machine_of(inputs: Inputs, need: Need, *, name: str, vmid: int, hypervisor: str, address: str) -> Machine:
    """Return a guest that does not exist yet: its identity, and what follows from the inputs."""
    settings, network = inputs.stock.guests, network_of_need(inputs, need)
    return Machine(
        name=name,
        vmid=vmid,
        tier=need.tier.tier,
        tenant=need.tenant,
        hypervisor=hypervisor,
        template=need.tier.template or settings.template,
        cores=need.tier.cores,
        memory_mib=need.tier.memory_mib,
        disk_gib=need.tier.disk_gib,
        data_disk_gib=need.tier.data_disk_gib,
        storage=storage_of(inputs.stock, need.tier),
        bridge=network.bridge,
        address=address,
        gateway=network.gateway,
        nameservers=network.nameservers,
        pool=settings.pool,
        reason="",
    )


def server_of(inputs: Inputs, need: Need, server: Server, *, name: str, address: str) -> ServerUse:
    """Return a server that becomes a machine: its identity, and what follows from the inputs."""
    network = network_of_need(inputs, need)
    return ServerUse(
        name=server.name,
        site=server.site,
        rack=server.rack,
        origin=server.origin,
        machine=name,
        tier=need.tier.tier,
        tenant=need.tenant,
        address=address,
        gateway=network.gateway,
        nameservers=network.nameservers,
        **asdict(server.access),
        reason="",
    )


def _kept(need: Need, pending: Sequence[Pending], solution: Solution) -> list[Pending]:
    left = Counter({spot: number for (group, spot), number in solution.kept.items() if group == need.group})
    kept: list[Pending] = []
    for item in pending:
        if item.group == need.group and left[item.spot] > 0:
            left[item.spot] -= 1
            kept.append(item)
    return kept


def _again(inputs: Inputs, need: Need, machine: Machine) -> Machine:
    return machine_of(
        inputs,
        need,
        name=machine.name,
        vmid=machine.vmid,
        hypervisor=machine.hypervisor,
        address=machine.address,
    )


def _server_again(inputs: Inputs, need: Need, use: ServerUse, server: Server) -> ServerUse:
    return server_of(inputs, need, server, name=use.machine, address=use.address)
