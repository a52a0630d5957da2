# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alternative to the solver: first fit decreasing, as a careful person with a spreadsheet would do it.

The largest machines first, those of one size in the order of tiers and tenants, needed ones before
spares; each on the first hypervisor with room. A server of the shelf is put into service when nothing
else has room. Every limit of the planner is respected.
"""

from __future__ import annotations

from collections import Counter

from ansible_collections.ent.renfort.plugins.module_utils.core.placement.problem import (
    Ask,
    Counts,
    Group,
    Problem,
    Shape,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.room import Room


def first_fit_decreasing(problem: Problem) -> Counts:
    """Return the placement of first fit decreasing."""
    room = Room(problem)
    placed: Counter[Group] = Counter()
    at: Counter[tuple[Shape, str]] = Counter()
    waiting = [
        (ordinal >= ask.needed, -ask.shape.memory_mib, ask.group, ask)
        for ask in problem.asks
        for ordinal in range(ask.wanted)
    ]
    full: set[tuple[Shape, str]] = set()
    for *_order, ask in sorted(waiting, key=lambda item: item[:3]):
        spot = _first_spot(room, ask, full)
        if spot:
            room.put(ask.shape, spot)
            placed[ask.group] += 1
            at[ask.shape, spot] += 1
    return Counts(
        placed={ask.group: placed[ask.group] for ask in problem.asks},
        at=dict(at),
        kept={},
        racked=room.racked,
    )


def _first_spot(room: Room, ask: Ask, full: set[tuple[Shape, str]]) -> str:
    shape = ask.shape
    if shape.as_guest:
        for name in room.hosts:
            if (shape, name) not in full:
                if not room.obstacle(shape, name):
                    return name
                full.add((shape, name))
    for item in room.problem.candidates:
        if not room.is_unused(item.name):
            continue
        if shape.fits_server(item.form):
            return item.as_carrier
        if shape.as_guest and item.host is not None:
            room.rack_up(item.name)
            full.clear()
            if not room.obstacle(shape, item.name):
                return item.name
    return ""
