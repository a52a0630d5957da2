# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ids and addresses that somebody took since the plan was made."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .core.errors import RenfortError
from .core.machine import Machine
from .proxmox_cluster import ClusterView, Guest

PROBE_S = 0.5
"""How long an address may take to answer before it counts as free, in seconds."""

PROBES = 32
"""How many addresses are asked at once."""

SSH_PORT = 22


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


def taken_by(conflicts: Iterable[Conflict], view: ClusterView) -> Taken:
    """Return what is taken, as far as the cluster's list shows it and the conflicts say."""
    conflicts = tuple(conflicts)
    ids = {guest.vmid for guest in view.guests}
    addresses = {address for guest in view.guests for address in addresses_of(guest)}
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


def address_conflicts(machines: Iterable[Machine], view: ClusterView, *, probe: bool) -> list[Conflict]:
    """Return the machines still to be made whose address another guest or, if asked, anything has.

    Args:
        machines: machines that no guest bears the id of.
        view: the cluster.
        probe: whether to knock at port 22 of each address; a refusal says nothing, since firewalls refuse.
    """
    machines = tuple(machines)
    owners = {address: guest for guest in view.guests for address in addresses_of(guest)}
    found = [
        _conflict(machine, f"that of {owner.name or owner.vmid} on {owner.node}")
        for machine in machines
        if (owner := owners.get(machine.ip)) is not None
    ]
    if probe:
        rest = [machine for machine in machines if machine.ip not in owners]
        with ThreadPoolExecutor(PROBES) as pool:
            answers = list(pool.map(lambda machine: answers_ssh(machine.ip), rest))
        found += [
            _conflict(machine, "answering already at port 22")
            for machine, answered in zip(rest, answers, strict=True)
            if answered
        ]
    return found


def answers_ssh(address: str) -> bool:
    """Tell whether something accepts a connection to port 22 of an address."""
    try:
        with socket.create_connection((address, SSH_PORT), timeout=PROBE_S):
            return True
    except OSError:
        return False


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
