# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How good a placement is: served shares, spread, balance. The objectives, computed without a solver."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .problem import Ask, Counts, Group, Host, Party, Problem, Shape, carrier_of
from .room import capacity_for

SHARE_SCALE = 10_000
"""A served share counts in ten-thousandths, rounded down."""


def share_of(ask: Ask, placed: int) -> int:
    """Return the part of a group's demand that is served, in ten-thousandths; spares do not count."""
    served = ask.have + min(placed, ask.needed)
    return SHARE_SCALE * served // ask.demand if ask.demand else SHARE_SCALE


def party_shares(problem: Problem, placed: Mapping[Group, int]) -> dict[str, int]:
    """Return each tenant's served share: that of its worst tier, the shared tiers being everybody's."""
    shares = {party.name: SHARE_SCALE for party in problem.parties}
    for ask in problem.asks:
        share = share_of(ask, placed.get(ask.group, 0))
        for name in shares if not ask.group[1] else [ask.group[1]]:
            shares[name] = min(shares.get(name, SHARE_SCALE), share)
    return shares


def weighted(party: Party, share: int) -> int:
    """Return a share as the priority weighs it: each missing part counts that many times."""
    return SHARE_SCALE - party.priority * (SHARE_SCALE - share)


def worst_share(problem: Problem, placed: Mapping[Group, int]) -> int:
    """Return the weighted share of the tenant that is served worst."""
    shares = party_shares(problem, placed)
    return min((weighted(party, shares[party.name]) for party in problem.judged_parties), default=SHARE_SCALE)


def total_served(problem: Problem, placed: Mapping[Group, int]) -> int:
    """Return the shares of all tenants together, each by its weight."""
    shares = party_shares(problem, placed)
    return sum(party.weight * shares[party.name] for party in problem.parties)


def machines_placed(problem: Problem, placed: Mapping[Group, int]) -> int:
    """Return how many machines are placed, a needed one counting more than all spares together."""
    more = spare_weight(problem)
    return sum(
        more * min(placed.get(ask.group, 0), ask.needed) + placed.get(ask.group, 0) for ask in problem.asks
    )


def spare_weight(problem: Problem) -> int:
    """Return a number larger than that of all spares."""
    return sum(ask.spare for ask in problem.asks) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The most machines of one shape that an even spread puts on one hypervisor, and in one rack."""

    host: int
    rack: int


def spread_caps(problem: Problem, counts: Counts) -> dict[Shape, Caps]:
    """Return for each shape the lowest level up to which hypervisors, and racks, must be filled."""
    hosts = active_hosts(problem, counts.racked)
    racks = sorted({host.rack for host in hosts})
    wanted = shape_totals(problem, counts.placed)
    caps: dict[Shape, Caps] = {}
    for shape in problem.shapes:
        existing = problem.existing_at(shape)
        rooms = {host.name: capacity_for(host, shape) for host in hosts}
        number = min(wanted[shape] - _carried(counts, shape), sum(rooms.values()))
        by_rack = [
            (
                sum(existing[host.name] for host in hosts if host.rack == rack),
                sum(rooms[host.name] for host in hosts if host.rack == rack),
            )
            for rack in racks
        ]
        caps[shape] = Caps(
            host=water_level([(existing[host.name], rooms[host.name]) for host in hosts], number),
            rack=water_level(by_rack, number),
        )
    return caps


def water_level(vessels: Sequence[tuple[int, int]], number: int) -> int:
    """Return the lowest level at which vessels, each with its content and room, hold ``number`` more."""
    low, high = 0, max((content + room for content, room in vessels), default=0)
    while low < high:
        level = (low + high) // 2
        if sum(min(max(level - content, 0), room) for content, room in vessels) >= number:
            high = level
        else:
            low = level + 1
    return low


def shape_totals(problem: Problem, placed: Mapping[Group, int]) -> Counter[Shape]:
    """Return how many new machines there are of each shape."""
    totals: Counter[Shape] = Counter()
    for ask in problem.asks:
        totals[ask.shape] += placed.get(ask.group, 0)
    return totals


def spread_excess(problem: Problem, counts: Counts, caps: Mapping[Shape, Caps]) -> int:
    """Return how many machines stand where an even spread would have none, by hypervisor and by rack."""
    excess = 0
    hosts = active_hosts(problem, counts.racked)
    for shape in problem.shapes:
        existing = problem.existing_at(shape)
        racks: Counter[str] = Counter()
        before: Counter[str] = Counter()
        for host in hosts:
            here = existing[host.name] + counts.at.get((shape, host.name), 0)
            excess += max(here - max(caps[shape].host, existing[host.name]), 0)
            racks[host.rack] += here
            before[host.rack] += existing[host.name]
        excess += sum(max(racks[rack] - max(caps[shape].rack, before[rack]), 0) for rack in racks)
    return excess


def excess_load(problem: Problem, counts: Counts, unit: int = 1) -> int:
    """Return the memory above each hypervisor's even part, in units of MiB, rounded down for each."""
    hosts = active_hosts(problem, counts.racked)
    loads = host_loads(problem, counts)
    total, capacity = sum(loads.values()), sum(host.memory_mib for host in hosts)
    if not capacity:
        return 0
    return sum(max(loads[host.name] // unit - even_part(host, total, capacity) // unit, 0) for host in hosts)


def even_part(host: Host, total: int, capacity: int) -> int:
    """Return the load (MiB) that a hypervisor has when all are filled to the same part."""
    return total * host.memory_mib // capacity


def balance(problem: Problem, counts: Counts) -> Fraction:
    """Return how even the hypervisors are filled, 0 to 1: one minus the Hoover index of their loads.

    The index (Hoover, Review of Economic Statistics 18, 1936) is the part of all load that would have to
    move for every hypervisor to be filled alike.
    """
    total = sum(host_loads(problem, counts).values())
    return 1 - Fraction(excess_load(problem, counts), total) if total else Fraction(1)


def host_loads(problem: Problem, counts: Counts) -> dict[str, int]:
    """Return the memory (MiB) that guests have on each active hypervisor."""
    hosts = active_hosts(problem, counts.racked)
    loads = {host.name: host.memory_mib - host.free_memory_mib for host in hosts}
    for (shape, spot), number in counts.at.items():
        if not carrier_of(spot) and number:
            loads[spot] += shape.memory_mib * number
    return loads


def active_hosts(problem: Problem, racked: frozenset[str]) -> list[Host]:
    """Return the hypervisors in service and those that are put into service."""
    return [host for host in problem.all_hosts() if host.in_service or host.name in racked]


def used_candidates(counts: Counts) -> set[str]:
    """Return the candidates that become hypervisors or machines."""
    carriers = {carrier_of(spot) for (_shape, spot), number in counts.at.items() if number}
    return (carriers - {""}) | counts.racked


def cost_of(problem: Problem, counts: Counts) -> int:
    """Return what the used candidates cost together."""
    used = used_candidates(counts)
    return sum(item.cost for item in problem.candidates if item.name in used)


def _carried(counts: Counts, shape: Shape) -> int:
    return sum(number for (of, spot), number in counts.at.items() if of == shape and carrier_of(spot))
