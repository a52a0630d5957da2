# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers that are on their way into service: what was begun with them stands in every later plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, replace

from .existing import network_of
from .hosts import Hardware
from .model import Inputs, Stock
from .plan import Plan
from .server import Carried, Server
from .server_use import ServerState, ServerUse


def committed_servers(inputs: Inputs, current: Plan) -> tuple[ServerUse, ...]:
    """Return the servers of the plan before that somebody switched on, and that the stock has on its shelf.

    They keep what they become, name, address and reason; what people state of them, such as the rack or
    the host key, follows the inputs. One that the stock shows in service, or no more, is not among them.
    """
    shelf = {server.name: server for server in inputs.stock.shelf}
    return tuple(
        _followed(inputs, use, shelf[use.name])
        for use in current.servers
        if use.state is not ServerState.RACKED and use.name in shelf
    )


def in_use(stock: Stock, committed: Iterable[ServerUse]) -> Stock:
    """Return the stock in which every such server that is to be a machine counts as one."""
    carried = {
        use.name: Carried(tier=use.tier, tenant=use.tenant, address=use.ip, machine=use.machine)
        for use in committed
        if use.machine
    }
    return replace(
        stock,
        servers=tuple(
            replace(server, carries=carried.get(server.name, server.carries)) for server in stock.servers
        ),
    )


def with_their_room(equipment: Hardware, committed: Iterable[ServerUse]) -> Hardware:
    """Return the hardware in which every such server that is to be a hypervisor takes machines already."""
    names = {use.name for use in committed if not use.machine}
    hosts = [
        replace(item.host, in_service=True)
        for item in equipment.candidates
        if item.name in names and item.host is not None
    ]
    return replace(
        equipment,
        hosts=tuple(sorted((*equipment.hosts, *hosts), key=lambda host: host.name)),
        candidates=tuple(item for item in equipment.candidates if item.name not in names),
    )


def _followed(inputs: Inputs, use: ServerUse, server: Server) -> ServerUse:
    use = replace(use, site=server.site, rack=server.rack, origin=server.origin, **asdict(server.access))
    if not use.machine:
        return replace(use, address=server.address)
    network = network_of(inputs, use.ip)
    if network is None:
        return use
    return replace(use, gateway=network.gateway, nameservers=network.nameservers)
