# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Move new machines from full hypervisors to emptier ones, one at a time, while that makes them more even.

The solver proves how even a placement can be; on large fleets it finds the better ones only slowly. This
finds most of them at once and hands them to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from .measures import Caps, active_hosts, even_part, host_loads
from .problem import Counts, Problem, Shape
from .room import room_after

_TARGETS = 24
"""How many of the emptiest hypervisors are tried for one machine."""


def levelled(problem: Problem, counts: Counts, caps: Mapping[Shape, Caps]) -> Counts:
    """Return a placement that is at least as even: what is placed, and the spread, are no worse."""
    mover = _Mover(problem, counts, caps)
    progress = True
    while progress:
        progress = False
        for name in mover.fullest():
            while mover.relieve(name):
                progress = True
    return replace(counts, at={key: number for key, number in mover.at.items() if number})


class _Mover:
    def __init__(self, problem: Problem, counts: Counts, caps: Mapping[Shape, Caps]) -> None:
        hosts = active_hosts(problem, counts.racked)
        loads = host_loads(problem, counts)
        total, capacity = sum(loads.values()), sum(host.memory_mib for host in hosts)
        self.at = Counter(counts.at)
        self._room = room_after(problem, counts)
        self._caps = caps
        self._racks = {host.name: host.rack for host in hosts}
        # What is above (or, below zero, missing to) a hypervisor's even part.
        self._above = {host.name: loads[host.name] - even_part(host, total, capacity) for host in hosts}
        self._existing = {shape: problem.existing_at(shape) for shape in problem.shapes}
        self._in_rack = Counter[tuple[Shape, str]]()
        for shape in problem.shapes:
            for name, rack in self._racks.items():
                self._in_rack[shape, rack] += self._existing[shape][name] + self.at[shape, name]
        shapes = {ask.group: ask.shape for ask in problem.asks}
        self._kept = Counter[tuple[Shape, str]]()
        for (group, spot), number in counts.kept.items():
            self._kept[shapes[group], spot] += number

    def fullest(self) -> list[str]:
        """Return the hypervisors that are above their even part, the fullest first."""
        full = [name for name in self._above if self._above[name] > 0]
        return sorted(full, key=lambda name: (-self._above[name], name))

    def relieve(self, name: str) -> bool:
        """Move one machine away from a hypervisor, where that makes all more even."""
        movable = [
            shape
            for (shape, spot), number in self.at.items()
            if spot == name and number > self._kept[shape, spot]
        ]
        targets = sorted(self._above, key=lambda it: (self._above[it], it))[:_TARGETS]
        for shape in sorted(movable, key=lambda it: (-it.memory_mib, it)):
            for target in targets:
                if self._gain(shape, name, target) > 0 and self._fits(shape, name, target):
                    self._move(shape, name, target)
                    return True
        return False

    def _gain(self, shape: Shape, source: str, target: str) -> int:
        memory, there = shape.memory_mib, self._above[target]
        return min(self._above[source], memory) - (max(there + memory, 0) - max(there, 0))

    def _fits(self, shape: Shape, source: str, target: str) -> bool:
        if source == target or self._spread_change(shape, source, target) > 0:
            return False
        self._room.put(shape, source, -1)
        obstacle = self._room.obstacle(shape, target)
        self._room.put(shape, source)
        return not obstacle

    def _spread_change(self, shape: Shape, source: str, target: str) -> int:
        caps = self._caps[shape]
        here, there = (self._existing[shape][it] + self.at[shape, it] for it in (source, target))
        change = int(there >= max(caps.host, self._existing[shape][target]))
        change -= int(here > max(caps.host, self._existing[shape][source]))
        from_rack, to_rack = self._racks[source], self._racks[target]
        if from_rack != to_rack:
            change += int(self._in_rack[shape, to_rack] >= caps.rack)
            change -= int(self._in_rack[shape, from_rack] > caps.rack)
        return change

    def _move(self, shape: Shape, source: str, target: str) -> None:
        self._room.put(shape, source, -1)
        self._room.put(shape, target)
        for spot, number in ((source, -1), (target, 1)):
            self.at[shape, spot] += number
            self._in_rack[shape, self._racks[spot]] += number
            self._above[spot] += shape.memory_mib * number
