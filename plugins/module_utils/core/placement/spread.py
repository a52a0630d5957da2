# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which group's machine takes which of a shape's places: a flow of least cost, so that groups are spread.

The placement counts machines by shape. Here the groups of a shape share its places: each further machine
of a group on one hypervisor costs more than the one before, and so does each in one rack.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ortools.graph.python import min_cost_flow

from .problem import Ask, Counts, Group, Problem

_HOST_WEIGHT = 64
"""How much worse two machines on one hypervisor are than two in one rack."""


def spots_of(problem: Problem, counts: Counts) -> dict[Group, tuple[str, ...]]:
    """Return the spots of each group's new machines, those that keep a pending machine among them.

    They come in rounds: each hypervisor once before any twice, the racks in turn, so that a group of which
    only the first machines are made yet is spread too.
    """
    spots: dict[Group, tuple[str, ...]] = {}
    for shape in problem.shapes:
        asks = [ask for ask in problem.asks if ask.shape == shape]
        places = {spot: number for (of, spot), number in sorted(counts.at.items()) if of == shape and number}
        chosen = _share_places(problem, asks, places, counts)
        for ask in asks:
            spots[ask.group] = _in_rounds(problem, chosen[ask.group])
    return spots


def _in_rounds(problem: Problem, spots: Counter[str]) -> tuple[str, ...]:
    racks = _racks(problem)
    on_host: Counter[str] = Counter()
    in_rack: Counter[str] = Counter()
    turns: list[tuple[int, int, str]] = []
    for spot in sorted(spots.elements()):
        turns.append((on_host[spot], in_rack[racks[spot]], spot))
        on_host[spot] += 1
        in_rack[racks[spot]] += 1
    return tuple(spot for *_turn, spot in sorted(turns))


def _racks(problem: Problem) -> dict[str, str]:
    racks = {host.name: host.rack for host in problem.all_hosts()}
    return racks | {item.as_carrier: item.rack for item in problem.candidates}


def _share_places(
    problem: Problem, asks: list[Ask], places: Mapping[str, int], counts: Counts
) -> dict[Group, Counter[str]]:
    chosen: dict[Group, Counter[str]] = {ask.group: Counter() for ask in asks}
    left = Counter(places)
    for (group, spot), number in counts.kept.items():
        if group in chosen and number:
            chosen[group][spot] += number
            left[spot] -= number
    open_asks = [ask for ask in asks if counts.placed[ask.group] > chosen[ask.group].total()]
    if len(open_asks) == 1:
        chosen[open_asks[0].group].update(+left)
    elif open_asks:
        _flow(problem, open_asks, +left, chosen, counts)
    return chosen


def _flow(
    problem: Problem,
    asks: list[Ask],
    left: Counter[str],
    chosen: dict[Group, Counter[str]],
    counts: Counts,
) -> None:
    racks = _racks(problem)
    network = _Network()
    arcs: list[tuple[int, Ask, str]] = []
    for ask in asks:
        waiting = counts.placed[ask.group] - chosen[ask.group].total()
        network.supply(ask.group, waiting)
        here = Counter(ask.existing) + chosen[ask.group]
        in_rack: Counter[str] = Counter()
        for spot, number in here.items():
            in_rack[racks.get(spot, "")] += number
        for rack in sorted({racks[spot] for spot in left}):
            most = sum(left[spot] for spot in left if racks[spot] == rack)
            network.rising(ask.group, (ask.group, rack), min(most, waiting), in_rack[rack], 1)
        for spot in sorted(left):
            most = min(left[spot], waiting)
            found = network.rising((ask.group, racks[spot]), spot, most, here[spot], _HOST_WEIGHT)
            arcs += [(arc, ask, spot) for arc in found]
    for spot in sorted(left):
        network.supply(spot, -left[spot])
    for arc, number in network.solve([arc for arc, _ask, _spot in arcs]).items():
        _arc, ask, spot = arcs[arc]
        chosen[ask.group][spot] += number


class _Network:
    """A flow network whose nodes have any hashable names."""

    def __init__(self) -> None:
        self._flow: Any = min_cost_flow.SimpleMinCostFlow()
        self._nodes: dict[object, int] = {}

    def _node(self, name: object) -> int:
        return self._nodes.setdefault(name, len(self._nodes))

    def supply(self, name: object, amount: int) -> None:
        self._flow.set_node_supply(self._node(name), amount)

    def rising(self, tail: object, head: object, most: int, already: int, weight: int) -> list[int]:
        """Add arcs of one unit each whose cost rises by twice the weight: all units together cost n²."""
        return [
            self._flow.add_arc_with_capacity_and_unit_cost(
                self._node(tail), self._node(head), 1, weight * (2 * (already + unit) + 1)
            )
            for unit in range(most)
        ]

    def solve(self, arcs: list[int]) -> dict[int, int]:
        """Return the flow of each arc that has some, by its position in the list."""
        status = self._flow.solve()
        assert status == self._flow.OPTIMAL, f"the places of a shape could not be shared: {status}"
        return {position: self._flow.flow(arc) for position, arc in enumerate(arcs) if self._flow.flow(arc)}
