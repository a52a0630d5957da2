# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids and addresses that somebody took since the plan was made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from .address_probe import AddressProbe
from .core.errors import RenfortError
from .core.machine import Machine
from .proxmox_cluster import ClusterView, Guest


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A planned machine whose id or address (``what``) is taken, with the reason."""

    machine: Machine
    what: str
    error: RenfortError


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What may not be given to anybody, and which machines need another id or address.

    ``machines`` maps a name to what must change, ``id`` or ``address``, and to the value it has now.
    """

    ids: frozenset[int]
    addresses: frozenset[str]
    machines: Mapping[str, tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What a machine got instead of an id or address that somebody took."""

    machine: str
    what: str
    before: str
    after: str


Reassign = Callable[[Taken], Mapping[str, Machine]]
"""Gives machines the next free ids and addresses, records that, and returns them by name."""


def taken_by(conflicts: Iterable[Conflict], view: ClusterView, answered: Iterable[str] = ()) -> Taken:
    """Return what is taken, as far as the cluster's list, addresses that answered and the conflicts say."""
    conflicts = tuple(conflicts)
    ids = {guest.vmid for guest in view.guests}
    addresses = {address for guest in view.guests for address in addresses_of(guest)} | set(answered)
    for conflict in conflicts:
        ids |= {conflict.machine.vmid} if conflict.what == "id" else set()
        addresses |= {conflict.machine.ip} if conflict.what == "address" else set()
    return Taken(
        ids=frozenset(ids),
        addresses=frozenset(addresses),
        machines={it.machine.name: (it.what, _value(it)) for it in conflicts},
    )


def addresses_of(guest: Guest) -> frozenset[str]:
    """Return the addresses that a guest's tags say it has."""
    return frozenset(tag.removeprefix("ip-") for tag in guest.tags if tag.startswith("ip-"))


def address_conflicts(
    machines: Iterable[Machine], view: ClusterView, probe: AddressProbe | None
) -> list[Conflict]:
    """Return the machines still to be made whose address another guest or, as far as asked, anything has."""
    machines = tuple(machines)
    owners = {address: guest for guest in view.guests for address in addresses_of(guest)}
    found = [
        _conflict(machine, f"that of {owner.name or owner.vmid} on {owner.node}")
        for machine in machines
        if (owner := owners.get(machine.ip)) is not None
    ]
    if probe is not None:
        rest = [machine for machine in machines if machine.ip not in owners]
        answering = probe.answering(machine.address for machine in rest)
        found += [_conflict(it, "answering already at port 22") for it in rest if it.ip in answering]
    return found


def _conflict(machine: Machine, why: str) -> Conflict:
    return Conflict(
        machine=machine,
        what="address",
        error=RenfortError(
            f"The plan gives {machine.ip} to {machine.name}, which is to be made, and it is {why}.",
            hint="Find out whose it is, take it out of the network's ranges and plan again.",
        ),
    )


def _value(conflict: Conflict) -> str:
    return str(conflict.machine.vmid) if conflict.what == "id" else conflict.machine.ip
