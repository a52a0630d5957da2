# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines that exist: those of the plan found in the cluster, and those adopted from it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from .addresses import to_number
from .errors import PlanError
from .machine import OWNER_TAG, Machine
from .model import Inputs, LiveGuest, Network
from .names import LABEL_PATTERN, TENANT_PATTERN
from .plan import Plan


def existing_machines(inputs: Inputs, guests: Iterable[LiveGuest], current: Plan) -> tuple[Machine, ...]:
    """Return a machine for each live guest that is Renfort's own, where it is and as large as it is.

    A machine of the current plan keeps its line; only its hypervisor follows the cluster, its gateway and
    name servers follow networks.yml, and its data disk grows with its tier's, since it can while the
    machine works. Any other guest with the owner tag is adopted.

    Raises:
        PlanError: a planned id belongs to somebody else's guest, an owned guest lacks a tag that the
            plan needs, or two owned guests claim one name or address.
    """
    planned = {machine.vmid: machine for machine in current.machines}
    found: list[Machine] = []
    for guest in sorted(guests, key=lambda guest: guest.vmid):
        if guest.vmid in planned:
            found.append(_followed(inputs, planned[guest.vmid], guest))
        elif OWNER_TAG in guest.tags and not guest.template:
            found.append(_adopted(inputs, guest))
    _refuse_doubles(found)
    return tuple(found)


def network_of(inputs: Inputs, address: str) -> Network | None:
    """Return the network that holds an address (without prefix length)."""
    number = to_number(address)
    return next((net for net in inputs.networks.values() if number in net.subnet.span), None)


def _followed(inputs: Inputs, machine: Machine, guest: LiveGuest) -> Machine:
    # A clone that was interrupted before its tags were set is told by its name.
    owned = OWNER_TAG in guest.tags or guest.name == machine.name
    if guest.template or not owned:
        kind = "is a template" if guest.template else f'lacks the tag "{OWNER_TAG}"'
        raise PlanError(
            f'The plan gives the id {machine.vmid} to {machine.name}, and on {guest.node} "{guest.name}" has '
            f"it already and {kind}.",
            hint=f'Give "{guest.name}" another id, or remove {machine.name} from the plan and plan again.',
        )
    tiers = {tier.tier: tier.data_disk_gib for tier in inputs.capacity.tiers}
    data_disk_gib = max(machine.data_disk_gib, tiers.get(machine.tier, 0))
    machine = replace(machine, hypervisor=guest.node, data_disk_gib=data_disk_gib)
    network = network_of(inputs, machine.ip)
    if network is None:
        return machine
    return replace(machine, gateway=network.gateway, nameservers=network.nameservers)


def _adopted(inputs: Inputs, guest: LiveGuest) -> Machine:
    tier = next((tier for tier in inputs.capacity.tiers if tier.tier == guest.tag_value("tier-")), None)
    if tier is None:
        known = ", ".join(tier.tier for tier in inputs.capacity.tiers)
        raise _not_adoptable(guest, f"a tag tier-<tier>, one of those that capacity.yml sizes: {known}")
    if not guest.name or not guest.cores or not guest.memory_mib:
        raise _not_adoptable(guest, f"its name and sizes, which are unknown while {guest.node} is off line")
    tenant = guest.tag_value("tenant-")
    if tenant and not re.fullmatch(TENANT_PATTERN, tenant):
        raise _not_adoptable(guest, "a tag tenant-<tenant> with a valid name of a tenant, or none")
    if not re.fullmatch(LABEL_PATTERN, guest.name):
        raise _not_adoptable(guest, "a name that is one label of a host name")
    address, network = _address_of(inputs, guest)
    settings = inputs.stock.guests
    return Machine(
        name=guest.name,
        vmid=guest.vmid,
        tier=tier.tier,
        tenant=tenant,
        hypervisor=guest.node,
        template=tier.template or settings.template,
        cores=guest.cores,
        memory_mib=guest.memory_mib,
        disk_gib=tier.disk_gib,
        data_disk_gib=tier.data_disk_gib,
        storage=tier.storage or settings.storage,
        bridge=network.bridge,
        address=f"{address}/{network.subnet.prefix}",
        gateway=network.gateway,
        nameservers=network.nameservers,
        pool=settings.pool,
        reason="",
    )


def _address_of(inputs: Inputs, guest: LiveGuest) -> tuple[str, Network]:
    address = guest.tag_value("ip-")
    expected = "a tag ip-<address> with an address of a network of networks.yml"
    try:
        network = network_of(inputs, address)
    except ValueError:
        raise _not_adoptable(guest, expected) from None
    if network is None or not network.subnet.is_host(to_number(address)):
        raise _not_adoptable(guest, expected)
    return address, network


def _not_adoptable(guest: LiveGuest, expected: str) -> PlanError:
    tags = ", ".join(guest.tags) or "none"
    return PlanError(
        f'The guest {guest.vmid} "{guest.name}" on {guest.node} carries the tag "{OWNER_TAG}" and cannot be '
        f"taken into the plan (its tags: {tags}): expected {expected}.",
        hint=f'Correct its tags, or take the tag "{OWNER_TAG}" off if it is not Renfort\'s own.',
    )


def _refuse_doubles(machines: Iterable[Machine]) -> None:
    owners: dict[str, Machine] = {}
    for machine in machines:
        for value in (f"the name {machine.name}", f"the address {machine.ip}"):
            other = owners.setdefault(value, machine)
            if other is not machine:
                raise PlanError(
                    f"The guests {other.vmid} and {machine.vmid} both claim {value}.",
                    hint="Correct one of them in the cluster, then plan again.",
                )
