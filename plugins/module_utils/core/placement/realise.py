# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A problem once its solution is carried out: what is left to be placed, and where there is room left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from .measures import active_hosts
from .problem import Ask, Candidate, Counts, Host, Problem, Solution, carrier_of
from .room import Room, room_after


def counts_of(problem: Problem, solution: Solution) -> Counts:
    """Return a solution as numbers of machines by shape and spot."""
    shapes = {ask.group: ask.shape for ask in problem.asks}
    at = Counter((shapes[group], spot) for group, spots in solution.spots.items() for spot in spots)
    return Counts(
        placed={ask.group: len(solution.spots.get(ask.group, ())) for ask in problem.asks},
        at=dict(at),
        kept=dict(solution.kept),
        racked=solution.racked,
    )


def realise(problem: Problem, solution: Solution, *, more: Iterable[Candidate] = ()) -> Problem:
    """Return what is left when every machine of a solution exists, with ``more`` candidates to use."""
    counts = counts_of(problem, solution)
    room = room_after(problem, counts)
    new: dict[str, list[tuple[int, str]]] = {}
    for (shape, spot), number in counts.at.items():
        new.setdefault(spot, []).extend([(shape.memory_mib, shape.bridge)] * number)
    used = counts.racked | {carrier_of(spot) for _shape, spot in counts.at}
    return replace(
        problem,
        asks=tuple(_rest(ask, solution) for ask in problem.asks),
        hosts=tuple(
            _filled(host, room, new.get(host.name, [])) for host in active_hosts(problem, counts.racked)
        ),
        candidates=(*(item for item in problem.candidates if item.name not in used), *more),
        shared_storages=room.shared_storages,
        margin_mib=solution.margin_mib,
    )


def _rest(ask: Ask, solution: Solution) -> Ask:
    spots = Counter(solution.spots.get(ask.group, ()))
    served = min(spots.total(), ask.needed)
    return replace(
        ask,
        needed=ask.needed - served,
        spare=ask.spare - (spots.total() - served),
        have=ask.have + served,
        existing=Counter(ask.existing) + spots,
        pending={},
    )


def _filled(host: Host, room: Room, new: list[tuple[int, str]]) -> Host:
    return replace(
        host,
        free_memory_mib=room.memory[host.name],
        free_cores=room.cores[host.name],
        storages=room.storages[host.name],
        guests=tuple(sorted((*host.guests, *new))),
        in_service=True,
    )
