# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the way: why a machine finds no place, and which resource of the fleet is the scarcest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from .model import Hypervisor, Loss, Stock
from .placement.problem import Problem, Shape
from .placement.room import LOSS, Room, room_to_keep
from .text import show

_ORDER = ("bridge", "memory", "cores", "storage", LOSS)
"""The obstacles on a hypervisor, the first to be looked at first: the last one met is what binds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fill:
    """How much of a resource of all hypervisors together is used, and how much there is."""

    resource: str
    used: Fraction
    total: Fraction

    @property
    def percent(self) -> Fraction:
        """The used part."""
        return self.used / self.total * 100 if self.total else Fraction(0)


def refusal(problem: Problem, shape: Shape) -> str:
    """Return why no spot can take a machine of a shape."""
    if not shape.as_guest:
        return f"no server on the shelf has {shape.cores} cores, {shape.memory_mib:,} MiB and {shape.disks}"
    if not problem.hosts:
        return "no hypervisor of the stock is on line"
    room = Room(problem)
    obstacles = {host.name: room.obstacle(shape, host.name) for host in problem.hosts}
    if "" in obstacles.values():
        return "the search ended before a place was found: plan again with more effort"
    binding = max(obstacles.values(), key=_ORDER.index)
    return _texts(problem, shape, room)[binding]


def advice(stock: Stock, problem: Problem, shape: Shape, offline: Sequence[str]) -> str:
    """Return what helps a machine that finds no place, besides more hardware; empty when nothing does."""
    if not shape.as_guest:
        return ""
    nodes = {node.name: node for node in stock.hypervisors}
    if problem.hosts and not any(shape.bridge in host.bridges for host in problem.hosts):
        having = [name for name in offline if shape.bridge in nodes[name].bridges]
        bring_back = f"bring back {', '.join(having)}, or " if having else ""
        return f"{bring_back}give the bridge {shape.bridge} to another hypervisor"
    helping = [name for name in offline if _could_take(nodes[name], shape)]
    if helping:
        return f"bring back {', '.join(helping)}, which would take some of them"
    memory, cores = _largest(stock)
    if shape.memory_mib > memory - stock.racking.reserved_memory_mib:
        return f"order servers of more than {cores} cores and {memory:,} MiB"
    return ""


def _could_take(node: Hypervisor, shape: Shape) -> bool:
    usable = node.memory_mib - node.reserved_memory_mib
    return shape.bridge in node.bridges and shape.memory_mib <= usable


def _largest(stock: Stock) -> tuple[int, int]:
    """Return memory (MiB) and cores of the largest server of the catalogue, or without one of all known."""
    if stock.catalogue:
        return max((model.form.memory_mib, model.form.cores) for model in stock.catalogue)
    sizes = [(server.form.memory_mib, server.form.cores) for server in stock.servers]
    return max(sizes + [(node.memory_mib, node.cores) for node in stock.hypervisors])


def _texts(problem: Problem, shape: Shape, room: Room) -> Mapping[str, str]:
    bridged = [host for host in problem.hosts if shape.bridge in host.bridges]
    largest = max((room.memory[host.name] for host in bridged), default=0)
    lost = "rack" if problem.survive is Loss.RACK else "hypervisor"
    return {
        "bridge": f"no hypervisor on line has the bridge {shape.bridge}",
        "memory": (
            f"a machine needs {shape.memory_mib:,} MiB and no hypervisor has more than "
            f"{max(largest, 0):,} MiB free"
        ),
        "cores": (
            f"a machine needs {shape.cores} vCPUs at {show(shape.vcpus_per_core)} a core, and no hypervisor "
            "with enough memory has the cores free"
        ),
        "storage": (
            f"a machine needs {shape.disks} of {shape.storage}, and no hypervisor with enough "
            "memory and cores has them free"
        ),
        LOSS: _loss_text(problem, shape, room, lost),
    }


def _loss_text(problem: Problem, shape: Shape, room: Room, lost: str) -> str:
    keep = room_to_keep(problem, problem.hosts)
    if problem.scarce_bridges and room.free - shape.memory_mib >= keep:
        scarce = problem.scarce_bridges
        bridge = shape.bridge if shape.bridge in scarce else scarce[0]
        free = problem.free_behind(bridge).total()
        return f"the {free:,} MiB that are free behind {bridge} must stay free for the loss of a {lost}"
    return f"the {room.free:,} MiB that are free must stay free for the loss of a {lost} ({keep:,} MiB)"


def fills(problem: Problem, cores: Mapping[str, int]) -> tuple[Fill, ...]:
    """Return how far the resources of the hypervisors are used, the scarcest first.

    Args:
        problem: what is left when everything that is planned exists.
        cores: the physical cores of each hypervisor.
    """
    memory = sum(host.memory_mib for host in problem.hosts)
    free = sum(host.free_memory_mib for host in problem.hosts)
    keep = room_to_keep(problem, problem.hosts)
    all_cores = sum(cores.get(host.name, 0) for host in problem.hosts)
    free_cores = sum((host.free_cores for host in problem.hosts), start=Fraction(0))
    found = [
        Fill(resource="memory", used=Fraction(memory - free), total=Fraction(memory)),
        Fill(resource="cores", used=all_cores - free_cores, total=Fraction(all_cores)),
    ]
    if keep:
        usable = Fraction(memory - keep)
        lost = f"memory less the room for the loss of a {problem.survive.value}"
        found.append(Fill(resource=lost, used=Fraction(memory - free), total=usable))
    return tuple(sorted(found, key=lambda fill: (-fill.percent, fill.resource)))
