# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs against each other: every name that is referred to exists, nothing is claimed twice."""

from __future__ import annotations

from itertools import combinations

from .deliveries import delivered_servers
from .errors import InputError
from .fields import did_you_mean
from .model import Carrier, Inputs, Scope


def check_together(inputs: Inputs) -> None:
    """Refuse inputs that contradict each other.

    Raises:
        InputError: an unknown network or bridge, overlapping networks, a portal host of two tenants,
            no tenant at all, or one name for a hypervisor and a server.
    """
    _tenants_exist(inputs)
    _networks_are_apart(inputs)
    _networks_exist(inputs)
    _bridges_exist(inputs)
    _portals_are_unique(inputs)
    _servers_are_not_hypervisors(inputs)
    _servers_are_told_apart(inputs)
    _templates_exist(inputs)
    _templates_are_no_guests(inputs)
    _storages_exist(inputs)
    _carried_tiers_exist(inputs)


def _tenants_exist(inputs: Inputs) -> None:
    if not inputs.tenants:
        raise InputError(
            file=inputs.files.tenants,
            key="renfort_tenants",
            problem="no tenant is given",
            expected="at least one tenant",
        )


def _networks_are_apart(inputs: Inputs) -> None:
    for first, second in combinations(sorted(inputs.networks.values(), key=lambda n: n.name), 2):
        if first.subnet.span.overlaps(second.subnet.span):
            raise InputError(
                file=inputs.files.networks,
                key=f"renfort_networks.{second.name}.cidr",
                problem=f"{second.subnet} overlaps {first.subnet} of renfort_networks.{first.name}",
                expected="networks that have no address in common",
            )


def _networks_exist(inputs: Inputs) -> None:
    users = [
        (inputs.files.tenants, f"renfort_tenants.{tenant.name}.network", tenant.network)
        for tenant in inputs.tenants
    ]
    users += [
        (inputs.files.capacity, f"renfort_capacity.tiers.{tier.tier}.network", tier.network)
        for tier in inputs.capacity.tiers
        if tier.network
    ]
    for file, key, network in users:
        if network not in inputs.networks:
            raise InputError(
                file=file,
                key=key,
                problem=f'"{network}" is no network of {inputs.files.networks}',
                expected=did_you_mean(network, inputs.networks),
            )


def _bridges_exist(inputs: Inputs) -> None:
    known = {bridge for node in inputs.stock.hypervisors for bridge in node.bridges}
    for network in sorted(inputs.networks.values(), key=lambda n: n.name):
        if network.bridge not in known:
            raise InputError(
                file=inputs.files.networks,
                key=f"renfort_networks.{network.name}.bridge",
                problem=f'no hypervisor of {inputs.files.stock} has the bridge "{network.bridge}"',
                expected=did_you_mean(network.bridge, known),
            )


def _portals_are_unique(inputs: Inputs) -> None:
    owners: dict[str, str] = {}
    for tenant in inputs.tenants:
        for position, host in enumerate(tenant.portals):
            if host in owners:
                raise InputError(
                    file=inputs.files.tenants,
                    key=f"renfort_tenants.{tenant.name}.portals[{position}]",
                    problem=f'"{host}" is already a portal of {owners[host]}',
                    expected="each portal host once, in one tenant",
                )
            owners[host] = tenant.name


def _servers_are_not_hypervisors(inputs: Inputs) -> None:
    nodes = {node.name for node in inputs.stock.hypervisors}
    for server in inputs.stock.servers:
        if server.name in nodes:
            raise InputError(
                file=inputs.files.stock,
                key=f"renfort_stock.servers.{server.name}",
                problem="a hypervisor has this name too",
                expected="a server either in service or on the shelf",
            )
    servers = {server.name for server in inputs.stock.servers} | nodes
    for delivery in inputs.stock.deliveries:
        for server in delivered_servers(delivery):
            if server.name in servers:
                raise InputError(
                    file=inputs.files.stock,
                    key=f"renfort_stock.deliveries.{delivery.name}",
                    problem=f"its server {server.name} has the name of one that is there",
                    expected="another name for the delivery",
                )


def _servers_are_told_apart(inputs: Inputs) -> None:
    """Two servers with one BMC or address: one of them would be switched on, or enrolled, for the other."""
    for what in ("bmc", "mac", "serial", "address"):
        owners: dict[str, str] = {}
        for server in inputs.stock.servers:
            value = server.address if what == "address" else getattr(server.access, what)
            if value and owners.setdefault(value, server.name) != server.name:
                raise InputError(
                    file=inputs.files.stock,
                    key=f"renfort_stock.servers.{server.name}.{what}",
                    problem=f'"{value}" is also that of {owners[value]}',
                    expected="each value once among the servers",
                )


def _templates_exist(inputs: Inputs) -> None:
    for tier in inputs.capacity.tiers:
        if Carrier.GUEST in tier.runs_on and not (tier.template or inputs.stock.guests.template):
            raise InputError(
                file=inputs.files.capacity,
                key=f"renfort_capacity.tiers.{tier.tier}.template",
                problem="nothing says from which template the tier's guests are made",
                expected=(
                    f"the id of a template here, or renfort_stock.guests.template in {inputs.files.stock}"
                ),
            )


def _templates_are_no_guests(inputs: Inputs) -> None:
    settings = inputs.stock.guests
    named = [(inputs.files.stock, "renfort_stock.guests.template", settings.template)]
    named += [
        (inputs.files.capacity, f"renfort_capacity.tiers.{tier.tier}.template", tier.template)
        for tier in inputs.capacity.tiers
    ]
    for file, key, template in named:
        if settings.first_vmid <= template <= settings.last_vmid:
            raise InputError(
                file=file,
                key=key,
                problem=f"{template} lies among the ids of new guests",
                expected="an id outside vmids",
            )


def _storages_exist(inputs: Inputs) -> None:
    """A pool that nobody states the size of is not limited, so a misspelt name would go unseen."""
    stock = inputs.stock
    stated = {pool for node in stock.hypervisors for pool in node.storages} | set(stock.shared_storages)
    named = [(inputs.files.stock, "renfort_stock.guests.storage", stock.guests.storage)]
    named += [
        (inputs.files.capacity, f"renfort_capacity.tiers.{tier.tier}.storage", tier.storage)
        for tier in inputs.capacity.tiers
        if tier.storage
    ]
    for file, key, storage in named:
        if stated and storage not in stated:
            raise InputError(
                file=file,
                key=key,
                problem=f'no hypervisor has the pool "{storage}", nor is it a shared one',
                expected=did_you_mean(storage, stated),
            )


def _carried_tiers_exist(inputs: Inputs) -> None:
    tiers = {tier.tier: tier for tier in inputs.capacity.tiers}
    tenants = {tenant.name for tenant in inputs.tenants}
    for server in inputs.stock.carriers:
        if server.carries is None:
            continue
        key = f"renfort_stock.servers.{server.name}.carries"
        tier = tiers.get(server.carries.tier)
        if tier is None:
            raise InputError(
                file=inputs.files.stock,
                key=f"{key}.tier",
                problem=f'{inputs.files.capacity} does not size the tier "{server.carries.tier}"',
                expected=did_you_mean(server.carries.tier, tiers),
            )
        if tier.scope is Scope.SHARED and server.carries.tenant:
            raise InputError(
                file=inputs.files.stock,
                key=f"{key}.tenant",
                problem=f"the tier {tier.tier} serves all tenants",
                expected="no such key here",
            )
        if tier.scope is Scope.TENANT and server.carries.tenant not in tenants:
            raise InputError(
                file=inputs.files.stock,
                key=f"{key}.tenant",
                problem=f'"{server.carries.tenant}" is no tenant of {inputs.files.tenants}',
                expected=did_you_mean(server.carries.tenant, tenants),
            )
