# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first placement, made machine by machine. It respects every limit, so the solver starts from it."""

from __future__ import annotations

import heapq
from collections import Counter
from fractions import Fraction

from .measures import Caps, spread_caps
from .problem import Ask, Candidate, Counts, Group, Problem, Shape, carrier_spot
from .room import LOSS, Room

_FILL_STEPS = 1_000_000

_Entry = tuple[bool, bool, int, str]
"""A hypervisor in the queue of a shape: whether it and its rack have their even part, its fill, its name."""


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


def completed(problem: Problem, counts: Counts) -> Counts:
    """Return a placement with what of the rest this simple way finds room for beside it."""
    builder = _Builder(problem)
    builder.take_over(counts)
    builder.place_in_turn()
    return builder.counts()


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
        self._queues: dict[Shape, list[_Entry]] = {}
        self._queued: dict[Shape, set[str]] = {}
        self._hopeless: set[tuple[Shape, int]] = set()
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

    def take_over(self, counts: Counts) -> None:
        """Begin with a placement."""
        for name in sorted(counts.racked):
            self._room.rack_up(name)
        for (shape, spot), number in sorted(counts.at.items()):
            self._room.put(shape, spot, number)
            self._at[shape, spot] += number
            if spot in self._racks:
                self._in_rack[shape, self._racks[spot]] += number
        self._placed.update(counts.placed)
        self._kept.update(counts.kept)

    def place_all_by_shape(self) -> None:
        """Place the large machines first; stop at the first one that finds no place."""
        for shape in sorted(self._problem.shapes, key=lambda it: (it.as_guest, -it.memory_mib, it)):
            for ask in self._problem.asks:
                while ask.shape == shape and self._placed[ask.group] < ask.wanted:
                    if not self._place(ask):
                        return

    def place_in_turn(self) -> None:
        """Place those first whose group is served worst so far, the spares last."""
        waiting = [
            (*_turn(ask, ordinal), ask.group)
            for ask in self._problem.asks
            for ordinal in range(self._placed[ask.group], ask.wanted)
        ]
        for *_turns, group in sorted(waiting):
            self._place(self._asks[group])

    def _place(self, ask: Ask) -> bool:
        shape = ask.shape
        spot = self._best_host(shape) or self._new_spot(shape)
        if not spot:
            return False
        self._put(ask, spot)
        if spot in self._room.hosts:
            for of, queue in self._queues.items():
                if of == shape or spot not in self._queued[of]:
                    heapq.heappush(queue, (*self._key(of, spot), spot))
                    self._queued[of].add(spot)
        return True

    def _best_host(self, shape: Shape) -> str:
        """Take the best hypervisor with room off the shape's queue.

        A key only ever rises, so one that is out of date is put right when it comes up. A hypervisor
        without room for a shape never has room for it again, but for the memory kept for a loss.
        """
        if not shape.as_guest:
            return ""
        if shape not in self._queues:
            self._queues[shape] = [(*self._key(shape, name), name) for name in self._room.hosts]
            self._queued[shape] = set(self._room.hosts)
            heapq.heapify(self._queues[shape])
        queue = self._queues[shape]
        kept_for_loss: list[_Entry] = []
        found = ""
        while queue and not found:
            *key, name = entry = heapq.heappop(queue)
            current = self._key(shape, name)
            if tuple(key) != current:
                heapq.heappush(queue, (*current, name))
                continue
            obstacle = self._room.obstacle(shape, name)
            if not obstacle:
                found = name
            elif obstacle == LOSS:
                kept_for_loss.append(entry)
                if not self._problem.scarce_bridges:
                    break  # it is the same for every hypervisor
        for entry in kept_for_loss:
            heapq.heappush(queue, entry)
        return found

    def _new_spot(self, shape: Shape) -> str:
        """Put a candidate into use for one machine: as this machine, or else as a hypervisor."""
        if (shape, len(self._room.hosts)) in self._hopeless:
            return ""
        unused = [item for item in self._problem.candidates if self._room.is_unused(item.name)]
        carriers = [item for item in unused if shape.fits_server(item.form)]
        if carriers and not shape.as_guest:
            return min(carriers, key=_smallest).as_carrier
        if shape.as_guest:
            for item in sorted((item for item in unused if item.host is not None), key=_cheapest):
                if not self._room.tried(item.name).obstacle(shape, item.name):
                    self._room.rack_up(item.name)
                    return item.name
        if carriers:
            return min(carriers, key=_smallest).as_carrier
        self._hopeless.add((shape, len(self._room.hosts)))
        return ""

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
