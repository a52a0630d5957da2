# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The placement as a constraint model for OR-Tools CP-SAT: variables, and the limits that always hold.

Machines are counted, not named: an integer for each shape and spot, another for each group. That makes
some thousand variables of what would be some hundred thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial, reduce
from itertools import pairwise
from math import floor, gcd, lcm
from typing import Any

from ortools.sat.python import cp_model

from ..model import Loss
from .measures import SHARE_SCALE, Caps, even_part, party_shares, worst_share
from .problem import Candidate, Counts, Group, Host, Problem, Shape
from .room import capacity_for, room_after

Expression = Any
"""A linear expression of the solver; its Python types are not published."""


class Model:
    """The variables and limits of a problem. Objectives are added from outside.

    Memory counts in units of ``unit_mib``, the greatest common divisor of the shapes' memories.
    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.cp = cp_model.CpModel()
        self.unit_mib = reduce(gcd, (shape.memory_mib for shape in problem.shapes), 0) or 1
        self._core_unit = lcm(*(shape.physical_cores.denominator for shape in problem.shapes))
        self.at: dict[tuple[Shape, str], Expression] = {}
        self.racked: dict[str, Expression] = {}
        self.placed: dict[Group, Expression] = {}
        self.served: dict[Group, Expression] = {}
        self.kept: dict[tuple[Group, str], Expression] = {}
        self.shares: dict[str, Expression] = {}
        self._derived: list[tuple[Expression, Callable[[Counts], int]]] = []
        self._add_spots()
        self._add_groups()
        self._add_hosts()
        self._add_shared_storages()
        self._add_likeness()
        self.holds_a_loss = self._add_loss()
        self._add_shares()
        self.worst = self._add_worst()

    # --- variables --------------------------------------------------------------------------------

    def _add_spots(self) -> None:
        for shape in self.problem.shapes:
            most = sum(ask.wanted for ask in self.problem.asks if ask.shape == shape)
            if shape.as_guest:
                for host in self.problem.all_hosts():
                    number = min(most, capacity_for(host, shape))
                    if number:
                        self.at[shape, host.name] = self.cp.new_int_var(
                            0, number, f"{shape.label}/{host.name}"
                        )
            for item in self.problem.candidates:
                if shape.fits_server(item.form):
                    spot = item.as_carrier
                    self.at[shape, spot] = self.cp.new_bool_var(f"{shape.label}/{spot}")

    def _add_groups(self) -> None:
        for ask in self.problem.asks:
            name = "/".join(ask.group)
            placed = self.cp.new_int_var(0, ask.wanted, f"placed {name}")
            served = self.cp.new_int_var(0, ask.needed, f"served {name}")
            self.cp.add(served <= placed)
            self.placed[ask.group], self.served[ask.group] = placed, served
            for spot, number in sorted(ask.pending.items()):
                if (ask.shape, spot) in self.at:
                    self.kept[ask.group, spot] = self.cp.new_int_var(0, number, f"kept {name}/{spot}")
            self.cp.add(self._sum(self.kept, lambda key, of=ask.group: key[0] == of) <= placed)
        for shape in self.problem.shapes:
            groups = [ask.group for ask in self.problem.asks if ask.shape == shape]
            self.cp.add(
                sum(self.placed[group] for group in groups)
                == self._sum(self.at, lambda key, of=shape: key[0] == of)
            )
            for spot in sorted({spot for group, spot in self.kept if group in groups}):
                kept = [self.kept[group, spot] for group in groups if (group, spot) in self.kept]
                self.cp.add(sum(kept) <= self.at[shape, spot])

    def _sum(self, variables: dict[Any, Expression], choose: Any) -> Expression:
        return sum(variable for key, variable in variables.items() if choose(key))

    # --- limits -----------------------------------------------------------------------------------

    def _add_hosts(self) -> None:
        for item in self.problem.candidates:
            if item.host is not None:
                self.racked[item.name] = self.cp.new_bool_var(f"rack {item.name}")
            carried = self._at_spots([item.as_carrier])
            self.cp.add(sum(carried.values()) + self.racked.get(item.name, 0) <= 1)
        for host in self.problem.all_hosts():
            here = {shape: number for (shape, _spot), number in self._at_spots([host.name]).items()}
            if not here:
                continue
            used = self.in_use(host)
            memory = sum(shape.memory_mib // self.unit_mib * number for shape, number in here.items())
            self.cp.add(memory <= max(host.free_memory_mib // self.unit_mib, 0) * used)
            cores = sum(
                int(shape.physical_cores * self._core_unit) * number for shape, number in here.items()
            )
            self.cp.add(cores <= max(floor(host.free_cores * self._core_unit), 0) * used)
            for pool, free in sorted(host.storages.items()):
                disks = [shape.disk_gib * number for shape, number in here.items() if shape.storage == pool]
                if disks:
                    self.cp.add(sum(disks) <= max(free, 0) * used)

    def _at_spots(self, spots: Iterable[str]) -> dict[tuple[Shape, str], Expression]:
        return {
            (shape, spot): self.at[shape, spot]
            for spot in spots
            for shape in self.problem.shapes
            if (shape, spot) in self.at
        }

    def in_use(self, host: Host) -> Expression:
        """Return whether a hypervisor is in service: 1, or the choice of racking it."""
        return 1 if host.in_service else self.racked[host.name]

    def _add_shared_storages(self) -> None:
        own = {host.name: host.storages for host in self.problem.all_hosts()}
        for pool, free in sorted(self.problem.shared_storages.items()):
            disks = [
                shape.disk_gib * number
                for (shape, spot), number in self.at.items()
                if shape.storage == pool and spot in own and pool not in own[spot]
            ]
            if disks:
                self.cp.add(sum(disks) <= max(free, 0))

    def _add_likeness(self) -> None:
        """Of candidates that are alike, the first ones are used: the others would only be mirror images."""
        kinds: dict[str, list[Candidate]] = {}
        pending = {spot for _group, spot in self.kept}
        for item in self.problem.candidates:
            if item.kind and not {item.name, item.as_carrier} & pending:
                kinds.setdefault(item.kind, []).append(item)
        for alike in kinds.values():
            for first, second in pairwise(alike):
                self.cp.add(self._use(first) >= self._use(second))
                if first.host is not None and second.host is not None:
                    # Hypervisors first, then carriers.
                    self.cp.add(self.racked[first.name] >= self.racked[second.name])

    def _use(self, item: Candidate) -> Expression:
        return self.racked.get(item.name, 0) + sum(self._at_spots([item.as_carrier]).values())

    def _add_loss(self) -> Expression:
        """Return whether a loss can be absorbed; without it no guest may be placed at all."""
        if self.problem.survive is Loss.NONE:
            return 1
        holds = self.cp.new_bool_var("holds a loss")
        self._derived.append((holds, lambda counts: room_after(self.problem, counts).holds_a_loss))
        # One variable for a sum of thousands, since each loss asks for it again.
        capacity = sum(max(host.free_memory_mib, 0) for host in self.problem.all_hosts())
        free = self.cp.new_int_var(-(2**40), capacity, "free")
        self.cp.add(free == self._free_memory() - self.problem.margin_mib)
        self._derived.append((free, self._count_free))
        lost: dict[str, Expression] = {}
        for host in self.problem.all_hosts():
            key = self.problem.lost_with(host)
            lost[key] = lost.get(key, 0) + host.memory_mib * self.in_use(host)
        for _key, memory in sorted(lost.items()):
            self.cp.add(free >= memory).only_enforce_if(holds)
        for host in self.problem.all_hosts():
            for number in self._at_spots([host.name]).values():
                self.cp.add(number == 0).only_enforce_if(~holds)
        for bridge in self.problem.scarce_bridges:
            self._add_loss_behind(bridge)
        return holds

    def _add_loss_behind(self, bridge: str) -> None:
        """The guests of a bridge that not every hypervisor has must find memory on others that have it."""
        new: dict[str, Expression] = {}
        used: dict[str, Expression] = {}
        free, moved = self.problem.free_behind(bridge), self.problem.moved_behind(bridge)
        for host in self.problem.all_hosts():
            if bridge not in host.bridges:
                continue
            here = self._at_spots([host.name])
            key = self.problem.lost_with(host)
            taken = sum(shape.memory_mib * number for (shape, _spot), number in here.items())
            gained = 0 if host.in_service else max(host.free_memory_mib, 0) * self.in_use(host)
            used[key] = used.get(key, 0) + taken - gained
            new[key] = new.get(key, 0) + sum(
                shape.memory_mib * number for (shape, _spot), number in here.items() if shape.bridge == bridge
            )
        for key, memory in sorted(new.items()):
            room = free.total() - free[key] - moved[key]
            others = sum(taken for other, taken in sorted(used.items()) if other != key)
            if room >= 0:
                self._add_if_open(memory + others <= room)
            else:
                # What exists has no room already: at least nothing more may need it.
                self._add_if_open(memory <= 0)

    def _add_if_open(self, limit: Expression) -> None:
        if not isinstance(limit, bool):
            self.cp.add(limit)

    def _count_free(self, counts: Counts) -> int:
        return room_after(self.problem, counts).free - self.problem.margin_mib

    def _free_memory(self) -> Expression:
        """Return what stays free over all hypervisors, in MiB."""
        hosts = {host.name for host in self.problem.all_hosts()}
        free = sum(host.free_memory_mib * self.in_use(host) for host in self.problem.all_hosts())
        return free - sum(
            shape.memory_mib * number for (shape, spot), number in self.at.items() if spot in hosts
        )

    # --- shares -----------------------------------------------------------------------------------

    def _add_shares(self) -> None:
        for party in self.problem.parties:
            share = self.cp.new_int_var(0, SHARE_SCALE, f"share {party.name}")
            self.shares[party.name] = share
            self._derived.append((share, partial(self._count_share, party.name)))
            for ask in self.problem.asks:
                if ask.group[1] in ("", party.name) and ask.demand:
                    self.cp.add(ask.demand * share <= SHARE_SCALE * (ask.have + self.served[ask.group]))

    def _count_share(self, party: str, counts: Counts) -> int:
        return party_shares(self.problem, counts.placed)[party]

    def _add_worst(self) -> Expression:
        lowest = min((SHARE_SCALE * (1 - party.priority) for party in self.problem.judged_parties), default=0)
        worst = self.cp.new_int_var(lowest, SHARE_SCALE, "worst")
        self._derived.append((worst, lambda counts: worst_share(self.problem, counts.placed)))
        for party in self.problem.judged_parties:
            self.cp.add(worst <= SHARE_SCALE - party.priority * (SHARE_SCALE - self.shares[party.name]))
        return worst

    # --- in and out -------------------------------------------------------------------------------

    def hint(self, counts: Counts) -> None:
        """Let the solver start from a placement."""
        self.cp.clear_hints()
        for key, variable in self.at.items():
            self.cp.add_hint(variable, counts.at.get(key, 0))
        for name, variable in self.racked.items():
            self.cp.add_hint(variable, int(name in counts.racked))
        for ask in self.problem.asks:
            self.cp.add_hint(self.placed[ask.group], counts.placed[ask.group])
            self.cp.add_hint(self.served[ask.group], min(counts.placed[ask.group], ask.needed))
        for pair, variable in self.kept.items():
            self.cp.add_hint(variable, counts.kept.get(pair, 0))
        for variable, value in self._derived:
            self.cp.add_hint(variable, value(counts))

    def counts(self, solver: cp_model.CpSolver) -> Counts:
        """Return the placement that the solver found."""
        at = {key: solver.value(variable) for key, variable in self.at.items()}
        kept = {key: solver.value(variable) for key, variable in self.kept.items()}
        return Counts(
            placed={group: solver.value(variable) for group, variable in self.placed.items()},
            at={key: number for key, number in at.items() if number},
            kept={key: number for key, number in kept.items() if number},
            racked=frozenset(name for name, variable in self.racked.items() if solver.value(variable)),
        )

    # --- expressions of objectives ----------------------------------------------------------------

    @property
    def cost(self) -> Expression:
        """What the used candidates cost together."""
        return sum(item.cost * self._use(item) for item in self.problem.candidates)

    def spread_excess(self, caps: Mapping[Shape, Caps]) -> Expression:
        """Return how many machines stand above the caps, by hypervisor and by rack."""
        excess: list[Expression] = []
        for shape in self.problem.shapes:
            existing = self.problem.existing_at(shape)
            racks: dict[str, list[str]] = {}
            for host in self.problem.all_hosts():
                racks.setdefault(host.rack, []).append(host.name)
                level = max(caps[shape].host - existing[host.name], 0)
                excess.append(self._above(shape, [host.name], level))
            for names in racks.values():
                level = max(caps[shape].rack - sum(existing[name] for name in names), 0)
                excess.append(self._above(shape, names, level))
        return sum(excess)

    def excess_load(self, total: int, racked: frozenset[str]) -> Expression:
        """Return the memory (MiB) above each hypervisor's even part of a total."""
        active = [host for host in self.problem.all_hosts() if host.in_service or host.name in racked]
        capacity = sum(host.memory_mib for host in active)
        excess: list[Expression] = []
        for host in active:
            room = even_part(host, total, capacity) - (host.memory_mib - host.free_memory_mib)
            new = sum(
                shape.memory_mib * number for (shape, _spot), number in self._at_spots([host.name]).items()
            )
            if isinstance(new, int):
                excess.append(max(-room, 0))
                continue
            above = self.cp.new_int_var(max(-room, 0), host.memory_mib + max(-room, 0), "")
            self.cp.add(above >= new - room)
            self._derived.append((above, partial(_count_above, host.name, room)))
            excess.append(above)
        return sum(excess)

    def _above(self, shape: Shape, spots: Sequence[str], level: int) -> Expression:
        """Return a variable that is at least what a shape has on some spots above a level, and at least 0."""
        numbers = [self.at[shape, spot] for spot in spots if (shape, spot) in self.at]
        if not numbers:
            return 0
        most = sum(ask.wanted for ask in self.problem.asks if ask.shape == shape)
        above = self.cp.new_int_var(0, most, "")
        self.cp.add(above >= sum(numbers) - level)
        self._derived.append(
            (above, lambda it: max(sum(it.at.get((shape, spot), 0) for spot in spots) - level, 0))
        )
        return above

    def fix_choice(self, counts: Counts) -> None:
        """Let what is placed, and which candidates are racked, be as in a placement from here on."""
        for group, variable in self.placed.items():
            self.cp.add(variable == counts.placed[group])
        for name, variable in self.racked.items():
            self.cp.add(variable == int(name in counts.racked))


def _count_above(spot: str, room: int, counts: Counts) -> int:
    new = sum(shape.memory_mib * number for (shape, of), number in counts.at.items() if of == spot)
    return max(new - room, 0)
