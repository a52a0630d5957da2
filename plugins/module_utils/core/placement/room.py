# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is free while machines are put down one after the other; used to build and to check placements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from copy import copy

from ..model import Loss
from .problem import Counts, Host, Problem, Shape, carrier_of

LOSS = "room for a loss"
"""The obstacle when the memory that is free must stay free."""


def capacity_for(host: Host, shape: Shape) -> int:
    """Return how many machines of a shape an otherwise unchanged hypervisor takes."""
    if host.refusal(shape):
        return 0
    rooms = [host.free_memory_mib // shape.memory_mib, int(host.free_cores / shape.physical_cores)]
    if shape.storage in host.storages:
        rooms.append(host.storages[shape.storage] // shape.disk_gib)
    return min(rooms)


def room_to_keep(problem: Problem, active: Iterable[Host]) -> int:
    """Return the memory (MiB) that must stay free over all hypervisors so that a loss can be absorbed.

    The guests of a hypervisor of capacity c and load l need l on the others, which have the total of
    free memory less its own c − l: enough when the total is at least c. A rack is lost as one.
    """
    if problem.survive is Loss.NONE:
        return 0
    return max(_lost_memory(problem, active).values(), default=0) + problem.margin_mib


def _elsewhere(free: Counter[str]) -> dict[str, int]:
    total = free.total()
    return Counter({key: total - own for key, own in free.items()})


def _lost_memory(problem: Problem, hosts: Iterable[Host]) -> Counter[str]:
    lost: Counter[str] = Counter()
    for host in hosts:
        lost[problem.lost_with(host)] += host.memory_mib
    return lost


class Room:
    """What is left of the hypervisors in service, of the candidates that are used, and of shared pools."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.hosts = {host.name: host for host in problem.hosts}
        self.memory = {host.name: host.free_memory_mib for host in problem.all_hosts()}
        self.cores = {host.name: host.free_cores for host in problem.all_hosts()}
        self.storages = {host.name: dict(host.storages) for host in problem.all_hosts()}
        self.shared_storages = dict(problem.shared_storages)
        self._candidates = {item.name: item for item in problem.candidates}
        self.carriers: set[str] = set()
        self._moved: Counter[tuple[str, str]] = Counter()
        self._existing_behind = {it: problem.moved_behind(it) for it in problem.scarce_bridges}
        self._room_before = {it: _elsewhere(problem.free_behind(it)) for it in problem.scarce_bridges}
        self.free = sum(host.free_memory_mib for host in problem.hosts)
        self._lost = _lost_memory(problem, problem.hosts)
        self._largest_loss = max(self._lost.values(), default=0)

    @property
    def _keep(self) -> int:
        nothing = self.problem.survive is Loss.NONE
        return 0 if nothing else self._largest_loss + self.problem.margin_mib

    @property
    def racked(self) -> frozenset[str]:
        """The candidates that became hypervisors."""
        return frozenset(self.hosts) - {host.name for host in self.problem.hosts}

    def rack_up(self, name: str) -> None:
        """Put a candidate into service as a hypervisor."""
        host = self._candidates[name].host
        assert host is not None
        self.hosts[name] = host
        self.free += host.free_memory_mib
        key = self.problem.lost_with(host)
        self._lost[key] += host.memory_mib
        self._largest_loss = max(self._largest_loss, self._lost[key])

    def tried(self, name: str) -> Room:
        """Return this room as if a candidate were a hypervisor too; only to be asked for obstacles."""
        trial = copy(self)
        trial.hosts, trial._lost = dict(self.hosts), self._lost.copy()
        trial.rack_up(name)
        return trial

    def is_unused(self, name: str) -> bool:
        """Tell whether a candidate is neither a hypervisor nor a machine yet."""
        return name not in self.hosts and name not in self.carriers

    def obstacle(self, shape: Shape, spot: str) -> str:
        """Return what stands against one more machine there: a resource by name, or nothing."""
        server = carrier_of(spot)
        if server:
            fits = self.is_unused(server) and shape.fits_server(self._candidates[server].form)
            return "" if fits else "server"
        host = self.hosts[spot]
        if not shape.as_guest:
            return "carrier"
        if shape.bridge not in host.bridges:
            return "bridge"
        if shape.memory_mib > self.memory[spot]:
            return "memory"
        if shape.physical_cores > self.cores[spot]:
            return "cores"
        pools = self.storages[spot] if shape.storage in self.storages[spot] else self.shared_storages
        if shape.disk_gib > pools.get(shape.storage, shape.disk_gib):
            return "storage"
        if self.free - shape.memory_mib < self._keep or not self._bridges_hold(shape, host):
            return LOSS
        return ""

    def _bridges_hold(self, shape: Shape, host: Host) -> bool:
        """Tell whether, with one more machine there, the guests of scarce bridges could still move."""
        own = self.problem.lost_with(host)
        for bridge in self.problem.scarce_bridges:
            if bridge not in host.bridges:
                continue
            free = self._free_by_loss(bridge)
            free[own] -= shape.memory_mib
            total = free.total()
            for key in free:
                new = self._moved[key, bridge]
                new += shape.memory_mib if bridge == shape.bridge and key == own else 0
                existing = self._existing_behind[bridge][key]
                lacked_before = existing > self._room_before[bridge][key]
                if new if lacked_before else new + existing > total - free[key]:
                    return False
        return True

    def _free_by_loss(self, bridge: str) -> Counter[str]:
        free: Counter[str] = Counter()
        for host in self.hosts.values():
            if bridge in host.bridges:
                free[self.problem.lost_with(host)] += max(self.memory[host.name], 0)
        return free

    def put(self, shape: Shape, spot: str, number: int = 1) -> None:
        """Take the room of machines; whether there is enough is not checked."""
        server = carrier_of(spot)
        if server:
            self.carriers.add(server)
            return
        self._moved[self.problem.lost_with(self.hosts[spot]), shape.bridge] += shape.memory_mib * number
        self.memory[spot] -= shape.memory_mib * number
        self.free -= shape.memory_mib * number
        self.cores[spot] -= shape.physical_cores * number
        pools = self.storages[spot] if shape.storage in self.storages[spot] else self.shared_storages
        if shape.storage in pools:
            pools[shape.storage] -= shape.disk_gib * number

    def fill_of(self, spot: str) -> float:
        """Return the part of a hypervisor's memory that guests may use, 0 to 1."""
        capacity = self.hosts[spot].memory_mib
        return 1 - self.memory[spot] / capacity if capacity else 1.0

    @property
    def holds_a_loss(self) -> bool:
        """Whether the memory that is free is enough for the loss of a hypervisor, or of a rack."""
        return self.free >= self._keep


def room_after(problem: Problem, counts: Counts) -> Room:
    """Return what is left once a placement is made."""
    room = Room(problem)
    for name in sorted(counts.racked):
        room.rack_up(name)
    for (shape, spot), number in counts.at.items():
        if number:
            room.put(shape, spot, number)
    return room
