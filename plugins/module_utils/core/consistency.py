# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs against each other: every name that is referred to exists, nothing is claimed twice."""

from __future__ import annotations

from itertools import combinations

from .errors import InputError
from .fields import did_you_mean
from .model import Inputs, Scope


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
        if tier.scope is Scope.SHARED
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
