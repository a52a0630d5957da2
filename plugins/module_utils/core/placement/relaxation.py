# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How even any placement can be: the same question with fractions of machines, a linear program.

What fractions cannot reach, whole machines cannot either, and of all limits only those of memory, cores
and storage on each hypervisor are kept: the answer is a bound, found in a moment where the solver's own
relaxation of the whole model takes minutes.
"""

from __future__ import annotations

from math import floor
from typing import Any

from ortools.linear_solver import pywraplp

from .measures import active_hosts, even_part, host_loads, shape_totals
from .problem import Counts, Host, Problem, Shape
from .room import capacity_for


def least_excess(problem: Problem, counts: Counts) -> int:
    """Return a memory (MiB) that no placement of the same machines goes below in excess of an even fill."""
    hosts = active_hosts(problem, counts.racked)
    total = sum(host_loads(problem, counts).values())
    capacity = sum(host.memory_mib for host in hosts)
    wanted = {shape: number for shape, number in shape_totals(problem, counts.placed).items() if number}
    solver: Any = pywraplp.Solver.CreateSolver("GLOP")
    placed: dict[Shape, list[Any]] = {shape: [] for shape in wanted}
    excess: list[Any] = []
    for host in hosts:
        numbers = _numbers(solver, host, wanted)
        for shape, number in numbers.items():
            placed[shape].append(number)
        above = solver.NumVar(0, solver.infinity(), "")
        room = even_part(host, total, capacity) - (host.memory_mib - host.free_memory_mib)
        solver.Add(above >= _sum(solver, [it.memory_mib * number for it, number in numbers.items()]) - room)
        excess.append(above)
    for shape, number in wanted.items():
        carriers = [item for item in problem.candidates if shape.fits_server(item.form)]
        carried = solver.NumVar(0, len(carriers), "")
        solver.Add(_sum(solver, placed[shape]) + carried == number)
    solver.Minimize(_sum(solver, excess))
    if solver.Solve() != pywraplp.Solver.OPTIMAL:
        return 0
    # One MiB for the rounding of floating-point numbers.
    return max(floor(float(solver.Objective().Value())) - 1, 0)


def _numbers(solver: Any, host: Host, wanted: dict[Shape, int]) -> dict[Shape, Any]:
    """Return the fractional numbers of machines on a hypervisor, within its limits."""
    numbers = {
        shape: solver.NumVar(0, min(most, capacity_for(host, shape)), "")
        for shape, most in wanted.items()
        if shape.as_guest and capacity_for(host, shape)
    }
    memory = [shape.memory_mib * number for shape, number in numbers.items()]
    cores = [float(shape.physical_cores) * number for shape, number in numbers.items()]
    solver.Add(_sum(solver, memory) <= max(host.free_memory_mib, 0))
    solver.Add(_sum(solver, cores) <= max(float(host.free_cores), 0.0))
    for pool, free in host.storages.items():
        disks = [shape.disk_gib * number for shape, number in numbers.items() if shape.storage == pool]
        solver.Add(_sum(solver, disks) <= max(free, 0))
    return numbers


def _sum(solver: Any, terms: list[Any]) -> Any:
    return solver.Sum(terms) if terms else 0.0
