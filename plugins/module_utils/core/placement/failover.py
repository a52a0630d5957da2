# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the guests of a lost hypervisor, or rack, really find memory on the others: one by one."""

from __future__ import annotations

import heapq

from ..model import Loss
from .measures import active_hosts
from .problem import Counts, Host, Problem, carrier_of
from .room import room_after


def lost_memory(problem: Problem, counts: Counts) -> dict[str, int]:
    """Return, for each loss that cannot be absorbed, the memory (MiB) of the guests without a place.

    The largest guest goes first, each to where most is free (worst fit decreasing). A guest whose bridge
    is known only goes where that bridge is. Nothing is checked where no new guest is placed.
    """
    hosts = active_hosts(problem, counts.racked)
    guests = _guests(problem, counts)
    if problem.survive is Loss.NONE or not any(new for new in guests.values()):
        return {}
    room = room_after(problem, counts)
    lost: dict[str, list[Host]] = {}
    for host in hosts:
        lost.setdefault(problem.lost_with(host), []).append(host)
    missing = {
        name: _without_place(
            [guest for host in gone for guest in (*host.guests, *guests[host.name])],
            [host for host in hosts if host not in gone],
            room.memory,
        )
        for name, gone in lost.items()
    }
    return {name: memory for name, memory in missing.items() if memory}


def _guests(problem: Problem, counts: Counts) -> dict[str, list[tuple[int, str]]]:
    found: dict[str, list[tuple[int, str]]] = {host.name: [] for host in problem.all_hosts()}
    for (shape, spot), number in counts.at.items():
        if not carrier_of(spot):
            found[spot] += [(shape.memory_mib, shape.bridge)] * number
    return found


def _without_place(guests: list[tuple[int, str]], others: list[Host], free: dict[str, int]) -> int:
    heap = [(-free[host.name], host.name) for host in others]
    heapq.heapify(heap)
    bridges = {host.name: host.bridges for host in others}
    missing = 0
    for memory, bridge in sorted(guests, reverse=True):
        passed: list[tuple[int, str]] = []
        while heap and bridge and bridge not in bridges[heap[0][1]]:
            passed.append(heapq.heappop(heap))
        if heap and -heap[0][0] >= memory:
            room, name = heapq.heappop(heap)
            heapq.heappush(heap, (room + memory, name))
        else:
            missing += memory
        for item in passed:
            heapq.heappush(heap, item)
    return missing
