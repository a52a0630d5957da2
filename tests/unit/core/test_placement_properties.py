# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every placement: no limit is ever broken, nothing better was missed, the same twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import product

from hypothesis import given, settings

from ansible_collections.ent.renfort.plugins.module_utils.core.model import Loss
from ansible_collections.ent.renfort.plugins.module_utils.core.placement import levels, measures
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.problem import (
    Problem,
    Solution,
    carrier_of,
    carrier_spot,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.realise import counts_of, realise
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.solve import solve
from tests.unit.core import strategies

# Drawn from a fixed sequence, so that a change is judged by the same problems on every machine.
PROBLEMS = settings(max_examples=150, deadline=None, derandomize=True)
TINY = settings(max_examples=60, deadline=None, derandomize=True)


def broken_limits(problem: Problem, solution: Solution) -> list[str]:
    """Return every limit that a solution breaks, computed from the problem alone."""
    asks = {ask.group: ask for ask in problem.asks}
    hosts = {host.name: host for host in problem.hosts}
    servers = {item.name: item for item in problem.candidates}
    hosts |= {name: servers[name].host for name in solution.racked if servers[name].host is not None}
    broken: list[str] = []
    memory: Counter[str] = Counter()
    cores: dict[str, Fraction] = dict.fromkeys(hosts, Fraction(0))
    disks: Counter[tuple[str, str]] = Counter()
    carried: Counter[str] = Counter()
    for group, spots in solution.spots.items():
        shape = asks[group].shape
        if len(spots) > asks[group].wanted:
            broken.append(f"{group}: more than wanted")
        for spot in spots:
            server = carrier_of(spot)
            if server:
                carried[server] += 1
                if not shape.fits_server(servers[server].form):
                    broken.append(f"{group}: does not fit {server}")
                continue
            if spot not in hosts:
                broken.append(f"{group}: {spot} is no hypervisor")
                continue
            if not shape.as_guest or shape.bridge not in hosts[spot].bridges:
                broken.append(f"{group}: may not be on {spot}")
            memory[spot] += shape.memory_mib
            cores[spot] += shape.cores / shape.vcpus_per_core
            own = shape.storage in hosts[spot].storages
            disks[spot if own else "", shape.storage] += shape.disk_gib
    broken += [f"memory of {name}" for name in hosts if memory[name] > max(hosts[name].free_memory_mib, 0)]
    broken += [f"cores of {name}" for name in hosts if cores[name] > max(hosts[name].free_cores, 0)]
    for (name, pool), size in disks.items():
        limits = hosts[name].storages if name else problem.shared_storages
        if pool in limits and size > limits[pool]:
            broken.append(f"storage {pool} of {name or 'all'}")
    broken += [f"{name} is used twice" for name in carried if carried[name] > 1 or name in solution.racked]
    return broken + broken_loss(problem, solution, memory)


def broken_loss(problem: Problem, solution: Solution, new: Counter[str]) -> list[str]:
    """Return the losses for which the memory that is free on the others is not enough."""
    if problem.survive is Loss.NONE or not new.total():
        return []
    hosts = measures.active_hosts(problem, solution.racked)
    lost: dict[str, list[str]] = {}
    for host in hosts:
        lost.setdefault(problem.lost_with(host), []).append(host.name)
    loads = {host.name: host.memory_mib - host.free_memory_mib + new[host.name] for host in hosts}
    free = {host.name: host.free_memory_mib - new[host.name] for host in hosts}
    return [
        f"loss of {key}"
        for key, gone in lost.items()
        if sum(loads[name] for name in gone) > sum(left for name, left in free.items() if name not in gone)
    ]


@PROBLEMS
@given(problem=strategies.problems())
def test_no_limit_is_ever_broken(problem: Problem) -> None:
    assert broken_limits(problem, solve(problem)) == []


def test_a_broken_limit_is_seen() -> None:
    """The judge itself: each way to break a limit is told."""
    problem = one_machine_problem()
    ask = problem.asks[0]
    everywhere = tuple([problem.hosts[0].name] * ask.wanted * 9)
    broken = broken_limits(
        problem, Solution(spots={ask.group: everywhere}, kept={}, racked=frozenset(), proofs=())
    )
    assert f"{ask.group}: more than wanted" in broken
    assert f"memory of {problem.hosts[0].name}" in broken
    assert f"cores of {problem.hosts[0].name}" in broken
    assert any(text.startswith("loss of") for text in broken)


def one_machine_problem() -> Problem:
    """Return a group of two machines and one hypervisor, which may not be lost."""
    host = strategies.Host(
        name="pve0",
        rack="r1",
        memory_mib=8192,
        free_memory_mib=8192,
        free_cores=Fraction(4),
        bridges=frozenset(strategies.BRIDGES),
    )
    shape = strategies.Shape(
        tier="web",
        bridge="vmbr0",
        cores=2,
        memory_mib=2048,
        disk_gib=10,
        storage="x",
        vcpus_per_core=Fraction(1),
    )
    ask = strategies.Ask(group=("web", "t0"), shape=shape, needed=2, spare=0, demand=2, have=0)
    party = strategies.Party(name="t0", priority=1, weight=1)
    return Problem(asks=(ask,), hosts=(host,), candidates=(), parties=(party,), survive=Loss.HYPERVISOR)


@PROBLEMS
@given(problem=strategies.problems())
def test_the_same_problem_has_the_same_solution(problem: Problem) -> None:
    assert solve(problem) == solve(problem)


@PROBLEMS
@given(problem=strategies.problems())
def test_nothing_more_fits_afterwards(problem: Problem) -> None:
    solution = solve(problem)
    again = solve(realise(problem, solution))
    assert sum(len(spots) for spots in again.spots.values()) == 0
    assert again.racked == frozenset()


@PROBLEMS
@given(problem=strategies.problems())
def test_what_was_planned_is_kept_when_nobody_is_served_worse(problem: Problem) -> None:
    """Solving again with the solution as what was planned before gives the same places."""
    solution = solve(problem)
    asks = [replace(ask, pending=Counter(solution.spots[ask.group])) for ask in problem.asks]
    again = solve(replace(problem, asks=tuple(asks)))
    assert {group: sorted(spots) for group, spots in again.spots.items()} == {
        group: sorted(spots) for group, spots in solution.spots.items()
    }


@PROBLEMS
@given(problem=strategies.problems())
def test_no_value_exceeds_its_bound(problem: Problem) -> None:
    proofs = {proof.level: proof for proof in solve(problem).proofs}
    for level in (levels.WORST, levels.TOTAL, levels.MACHINES, levels.BALANCE):
        assert proofs[level].value <= proofs[level].bound
        assert proofs[level].gap_percent >= 0
    assert proofs[levels.WORST].gap_percent == 0


@TINY
@given(problem=strategies.problems(most_hosts=2, survive=Loss.NONE))
def test_no_distribution_serves_the_worst_or_all_better(problem: Problem) -> None:
    """Every way to place the machines of a tiny problem as guests or servers, tried one by one."""
    solution = solve(problem)
    placed = counts_of(problem, solution).placed
    mine = measures.worst_share(problem, placed), measures.total_served(problem, placed)
    best = max(
        (measures.worst_share(problem, trial), measures.total_served(problem, trial))
        for trial in possible_numbers(problem)
    )
    assert mine == best


def possible_numbers(problem: Problem) -> list[dict[tuple[str, str], int]]:
    """Return the numbers of needed machines by group that some placement reaches."""
    choices = [range(ask.needed, -1, -1) for ask in problem.asks]
    reached: list[dict[tuple[str, str], int]] = []
    for numbers in product(*choices):
        if any(all(a <= b[ask.group] for a, ask in zip(numbers, problem.asks, strict=True)) for b in reached):
            continue
        if fits(problem, [ask.shape for n, ask in zip(numbers, problem.asks, strict=True) for _ in range(n)]):
            reached.append({ask.group: n for n, ask in zip(numbers, problem.asks, strict=True)})
    return reached or [{}]


def fits(problem: Problem, shapes: list[strategies.Shape]) -> bool:
    """Tell whether machines can all be placed, by trying every spot for each (equal ones in order)."""
    names = [host.name for host in problem.hosts]
    names += [item.name for item in problem.candidates if item.host is not None]
    spots = names + [carrier_spot(item.name) for item in problem.candidates]

    def place(rest: list[strategies.Shape], taken: dict[str, list[strategies.Shape]], least: int) -> bool:
        if not rest:
            return True
        first, others = rest[0], rest[1:]
        for position in range(least, len(spots)):
            spot = spots[position]
            if not may_stand(problem, first, spot, taken):
                continue
            taken.setdefault(spot, []).append(first)
            same = position if others and others[0] == first else 0
            if place(others, taken, same):
                return True
            taken[spot].pop()
        return False

    return place(sorted(shapes, key=lambda shape: (-shape.memory_mib, shape)), {}, 0)


def may_stand(
    problem: Problem, shape: strategies.Shape, spot: str, taken: dict[str, list[strategies.Shape]]
) -> bool:
    servers = {item.name: item for item in problem.candidates}
    server = carrier_of(spot)
    if server:
        free = not taken.get(spot) and not taken.get(server)
        return free and shape.fits_server(servers[server].form)
    if taken.get(carrier_spot(spot)) or not shape.as_guest:
        return False
    host = next(host for host in problem.all_hosts() if host.name == spot)
    here = [*taken.get(spot, []), shape]
    limit = host.storages.get(shape.storage)
    pool = here
    if limit is None:
        limit = problem.shared_storages.get(shape.storage, 10**6)
        pool = [it for name in taken if shares(problem, name, shape.storage) for it in taken[name]] + [shape]
    disks = sum(it.disk_gib for it in pool if it.storage == shape.storage)
    return (
        shape.bridge in host.bridges
        and sum(it.memory_mib for it in here) <= host.free_memory_mib
        and sum((it.physical_cores for it in here), start=Fraction(0)) <= host.free_cores
        and disks <= limit
    )


def shares(problem: Problem, spot: str, pool: str) -> bool:
    """Tell whether the guests of a spot have their disks in a shared pool."""
    return any(host.name == spot and pool not in host.storages for host in problem.all_hosts())
