# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first placement, made machine by machine. It respects every limit, so the solver starts from it."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from .measures import Caps, spread_caps
from .problem import Ask, Candidate, Counts, Group, Problem, Shape, carrier_spot
from .room import Room

_FILL_STEPS = 1_000_000


def first_placement(problem: Problem) -> Counts:
    """Return a placement of as many machines as this simple way finds room for.

    What was planned before keeps its spot. Then large machines come first, each where its shape is the
    thinnest, then on the emptiest hypervisor. When not all of them fit, machines are placed in turn
    instead: those whose group is served worst come first, spares last.
    """
    everything = _Builder(problem)
    everything.keep_pending()
    everything.place_all_by_shape()
    if everything.is_complete:
        return everything.counts()
    in_turn = _Builder(problem)
    in_turn.keep_pending()
    in_turn.place_in_turn()
    return in_turn.counts()


class _Builder:
    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._room = Room(problem)
        self._asks = {ask.group: ask for ask in problem.asks}
        self._placed: Counter[Group] = Counter()
        self._at: Counter[tuple[Shape, str]] = Counter()
        self._kept: Counter[tuple[Group, str]] = Counter()
        self._caps = self._wanted_caps()
        self._existing = {shape: problem.existing_at(shape) for shape in problem.shapes}
        self._racks = {host.name: host.rack for host in problem.all_hosts()}
        self._in_rack: Counter[tuple[Shape, str]] = Counter()
        for shape, spots in self._existing.items():
            for spot, number in spots.items():
                if spot in self._racks:
                    self._in_rack[shape, self._racks[spot]] += number

    @property
    def is_complete(self) -> bool:
        return all(self._placed[group] == ask.wanted for group, ask in self._asks.items())

    def counts(self) -> Counts:
        return Counts(
            placed={group: self._placed[group] for group in self._asks},
            at={key: number for key, number in self._at.items() if number},
            kept={key: number for key, number in self._kept.items() if number},
            racked=self._room.racked,
        )

    def keep_pending(self) -> None:
        for ask in self._problem.asks:
            for spot, number in sorted(ask.pending.items()):
                for _each in range(min(number, ask.wanted - self._placed[ask.group])):
                    if spot not in self._room.hosts and self._can_rack(spot):
                        self._room.rack_up(spot)
                    known = spot in self._room.hosts or spot.startswith(carrier_spot(""))
                    if known and not self._room.obstacle(ask.shape, spot):
                        self._put(ask, spot)
                        self._kept[ask.group, spot] += 1

    def place_all_by_shape(self) -> None:
        for shape in sorted(self._problem.shapes, key=lambda it: (it.as_guest, -it.memory_mib, it)):
            waiting = [
                ask
                for ask in self._problem.asks
                if ask.shape == shape
                for _each in range(ask.wanted - self._placed[ask.group])
            ]
            self._place_shape(shape, waiting)

    def place_in_turn(self) -> None:
        waiting = [
            (*_turn(ask, ordinal), ask.group)
            for ask in self._problem.asks
            for ordinal in range(self._placed[ask.group], ask.wanted)
        ]
        for *_turns, group in sorted(waiting):
            ask = self._asks[group]
            spot = self._best_spot(ask.shape)
            if spot:
                self._put(ask, spot)

    def _place_shape(self, shape: Shape, waiting: Sequence[Ask]) -> None:
        heap = [(*self._key(shape, name), name) for name in self._room.hosts] if shape.as_guest else []
        heapq.heapify(heap)
        for ask in waiting:
            spot = self._pop(shape, heap)
            if not spot:
                spot = self._new_spot(shape)
                if not spot:
                    return
                if spot in self._room.hosts:
                    heap = [(*self._key(shape, name), name) for name in self._room.hosts]
                    heapq.heapify(heap)
            self._put(ask, spot)
            if spot in self._room.hosts:
                heapq.heappush(heap, (*self._key(shape, spot), spot))

    def _pop(self, shape: Shape, heap: list[tuple[bool, bool, int, str]]) -> str:
        """Take the best hypervisor with room off the heap; entries whose rack filled up are put right."""
        while heap:
            *key, name = heapq.heappop(heap)
            current = self._key(shape, name)
            if tuple(key) != current:
                heapq.heappush(heap, (*current, name))
            elif not self._room.obstacle(shape, name):
                return name
        return ""

    def _best_spot(self, shape: Shape) -> str:
        if shape.as_guest:
            fitting = [name for name in self._room.hosts if not self._room.obstacle(shape, name)]
            if fitting:
                return min(fitting, key=lambda name: (*self._key(shape, name), name))
        return self._new_spot(shape)

    def _new_spot(self, shape: Shape) -> str:
        """Put a candidate into use for one machine: as this machine, or else as a hypervisor."""
        unused = [item for item in self._problem.candidates if self._room.is_unused(item.name)]
        carriers = [item for item in unused if shape.fits_server(item.form)]
        if carriers and not shape.as_guest:
            return min(carriers, key=_smallest).as_carrier
        if shape.as_guest:
            for item in sorted((item for item in unused if item.host is not None), key=_cheapest):
                trial = self._with(item)
                if not trial.obstacle(shape, item.name):
                    self._room.rack_up(item.name)
                    return item.name
        return min(carriers, key=_smallest).as_carrier if carriers else ""

    def _with(self, item: Candidate) -> Room:
        """Return the room as if a candidate alone were a hypervisor too, to see whether it helps."""
        trial = _copied(self._room)
        trial.rack_up(item.name)
        return trial

    def _can_rack(self, name: str) -> bool:
        return self._room.is_unused(name) and any(
            item.name == name and item.host is not None for item in self._problem.candidates
        )

    def _put(self, ask: Ask, spot: str) -> None:
        self._room.put(ask.shape, spot)
        self._placed[ask.group] += 1
        self._at[ask.shape, spot] += 1
        if spot in self._racks:
            self._in_rack[ask.shape, self._racks[spot]] += 1

    def _key(self, shape: Shape, name: str) -> tuple[bool, bool, int]:
        here = self._existing[shape][name] + self._at[shape, name]
        caps = self._caps[shape]
        return (
            here >= caps.host,
            self._in_rack[shape, self._racks[name]] >= caps.rack,
            int(self._room.fill_of(name) * _FILL_STEPS),
        )

    def _wanted_caps(self) -> dict[Shape, Caps]:
        wanted = {ask.group: ask.wanted for ask in self._problem.asks}
        nothing = Counts(placed=wanted, at={}, kept={}, racked=frozenset())
        return spread_caps(self._problem, nothing)


def _copied(room: Room) -> Room:
    copy = Room.__new__(Room)
    copy.__dict__.update(room.__dict__)
    copy.hosts, copy.carriers = dict(room.hosts), set(room.carriers)
    return copy


def _turn(ask: Ask, ordinal: int) -> tuple[bool, Fraction]:
    """Return when a machine's turn is: spares last, then the groups that are served worst so far."""
    is_spare = ordinal >= ask.needed
    served = ask.have + ordinal
    return is_spare, Fraction(served, max(ask.demand, 1))


def _smallest(item: Candidate) -> tuple[int, int, int, str]:
    return item.form.memory_mib, item.form.cores, item.form.disk_gib, item.name


def _cheapest(item: Candidate) -> tuple[Fraction, str]:
    assert item.host is not None
    return Fraction(item.cost, max(item.host.free_memory_mib, 1)), item.name
