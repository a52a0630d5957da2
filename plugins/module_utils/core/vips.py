# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual addresses shared by machines: whose each one is, who takes it over, and what must move."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from .addresses import to_number

NAME = re.compile(r"[a-z][a-z0-9_]{0,15}")
"""Names of instances: they are also those of files, of a table of the firewall and of units."""

MEMBERS = 24
"""Machines that can share addresses: priorities go down from 250 by 10."""

FIRST_ROUTER_ID = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Vip:
    """A virtual address; ``address`` carries the length of its network's prefix."""

    name: str
    address: str
    interface: str = ""
    router_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A machine that may hold addresses."""

    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """An address that should go from one machine to another."""

    vip: str
    source: str
    target: str


def homes(vips: Sequence[str], members: Sequence[str]) -> dict[str, str]:
    """Whose each address is when all are well.

    Machines are taken into account one after the other, as they were added: each takes the address of its own
    place in the list, and then the last ones of whoever has most, until it has its share. So a machine more
    moves no address but those it gets, and an address that comes with its machine moves none at all. Shares
    differ by one; past eight addresses it can be two.
    """
    owned: dict[str, list[int]] = {}
    for place, member in enumerate(members):
        if not owned:
            owned[member] = list(range(len(vips)))
            continue
        mine = [place] if place < len(vips) else []
        for others in owned.values():
            others[:] = [index for index in others if index not in mine]
        owned[member] = mine
        while len(owned[member]) < len(vips) // (place + 1):
            most = max(map(len, owned.values()))
            richest = [name for name in owned if len(owned[name]) == most]
            giver = max(richest, key=lambda name: owned[name][-1])
            owned[member].append(owned[giver].pop())
            owned[member].sort()
    found = {vips[index]: member for member, indexes in owned.items() for index in indexes}
    return {vip: found[vip] for vip in vips if vip in found}


def orders(vips: Sequence[str], members: Sequence[str]) -> dict[str, list[str]]:
    """For each address its machine, then those who take it over, in order.

    The addresses of one machine go to different others, so that its load is shared when it fails.
    """
    at_home = homes(vips, members)
    found: dict[str, list[str]] = {}
    for vip in vips:
        home = at_home[vip]
        others = [name for name in members if name != home]
        before = sum(1 for other in found if at_home[other] == home)
        start = (members.index(home) + before) % len(others) if others else 0
        found[vip] = [home, *others[start:], *others[:start]]
    return found


def priorities(order: Sequence[str]) -> dict[str, int]:
    """VRRP priority of each machine for an address, from the order in which they take it."""
    return {name: 250 - 10 * place for place, name in enumerate(order)}


def moves(
    vips: Sequence[str], members: Sequence[str], *, held: Mapping[str, Collection[str]], fit: Collection[str]
) -> list[Move]:
    """What must move so that each address is with its machine.

    Args:
        vips: the addresses' names.
        members: the machines' names.
        held: address → machines that have it. One that nobody or several have is left alone: VRRP is at it.
        fit: machines in good health; nothing is moved to or from another one.
    """
    found = []
    for vip, home in homes(vips, members).items():
        holders = sorted(held.get(vip, ()))
        if len(holders) == 1 and holders[0] != home and {home, holders[0]} <= set(fit):
            found.append(Move(vip=vip, source=holders[0], target=home))
    return found


def problems(vips: Sequence[Vip], members: Sequence[Member], *, machine: str) -> list[str]:
    """What is wrong with addresses and members, one sentence each; empty when all is well."""
    found = []
    names, ids = [vip.name for vip in vips], router_ids(vips)
    for vip in vips:
        if not NAME.fullmatch(vip.name):
            found.append(f"the name {vip.name!r} is not 1 to 16 small letters, digits and _, a letter first")
        if names.count(vip.name) > 1:
            found.append(f"two addresses are named {vip.name}")
        if not 1 <= ids[vip.name] <= 255 or list(ids.values()).count(ids[vip.name]) > 1:
            found.append(
                f"{vip.name}: the router_id {ids[vip.name]} is not a number of its own from 1 to 255"
            )
        found += [f"{vip.name}: {text}" for text in _address_problems(vip.address, prefix=True)]
    plain = [vip.address.partition("/")[0] for vip in vips]
    for member in members:
        found += [f"{member.name}: {text}" for text in _address_problems(member.address, prefix=False)]
        if member.address in plain:
            found.append(f"{member.name}: its own address {member.address} cannot be a virtual one")
    for what, values in (
        ("members are named", [member.name for member in members]),
        ("members have the address", [member.address for member in members]),
        ("virtual addresses are", plain),
    ):
        found += [f"two {what} {value}" for value in sorted({it for it in values if values.count(it) > 1})]
    if machine not in [member.name for member in members]:
        found.append(f"the machine {machine} is not among keepalived_members")
    if len(members) > MEMBERS:
        found.append(f"{len(members)} members, and at most {MEMBERS} can share addresses")
    return sorted(set(found), key=found.index)


def router_ids(vips: Sequence[Vip]) -> dict[str, int]:
    """Number of each instance: its own, or one by its place in the list."""
    return {vip.name: vip.router_id or FIRST_ROUTER_ID + place for place, vip in enumerate(vips)}


def _address_problems(text: str, *, prefix: bool) -> list[str]:
    """Why a text is no IPv4 address of the kind expected."""
    address, slash, length = text.partition("/")
    try:
        to_number(address)
    except ValueError as error:
        return [str(error)]
    if prefix and not (length.isdecimal() and 1 <= int(length) <= 32):
        return [f"the address {text} needs the length of its prefix, such as /24"]
    if slash and not prefix:
        return [f"the address {text} stands without a prefix"]
    return []
