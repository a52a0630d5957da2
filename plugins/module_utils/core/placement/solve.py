# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Solve a placement level by level, each proved as far as the effort allows. The same input, the same answer.

The solver works with one thread, a fixed seed and a limit in deterministic time, never in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from ortools.sat.python import cp_model

from ..errors import PlanError
from .constraints import Expression, Model
from .failover import lost_memory
from .first import first_placement
from .levels import Level, levels_of, shape_of_it
from .problem import Counts, Problem, Proof, Solution
from .spread import spots_of

EFFORT = 3.0
"""How long the solver may work on one level, in its deterministic time (about seconds of one core)."""

_MOST_TRIES = 4

Tell = Callable[[str], None]
"""Receives one line for people when a step begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Best:
    """The placement so far and what is proved about it."""

    counts: Counts
    proofs: tuple[Proof, ...]


def solve(problem: Problem, *, effort: float = EFFORT, tell: Tell = lambda _line: None) -> Solution:
    """Return where the machines go.

    The memory that is kept free for a loss is checked by moving the guests of each hypervisor (or rack) to
    the others one by one; when it is scattered too much, more is kept free and everything is solved again.

    Raises:
        PlanError: the solver finds the model impossible, which is a mistake in it.
    """
    best = _solve_levels(problem, effort=effort, tell=tell)
    lost = lost_memory(problem, best.counts)
    for _try in range(_MOST_TRIES):
        if not lost:
            break
        name, missing = _worst(lost)
        tell(f"keeping {missing:,} MiB more free, so that the guests of {name} find memory in one piece")
        problem = replace(problem, margin_mib=problem.margin_mib + missing)
        best = _solve_levels(problem, effort=effort, tell=tell)
        lost = lost_memory(problem, best.counts)
    return Solution(
        spots=spots_of(problem, best.counts),
        kept=best.counts.kept,
        racked=best.counts.racked,
        proofs=best.proofs,
        notes=tuple(_notes(problem, lost)),
        margin_mib=problem.margin_mib,
    )


def _worst(lost: Mapping[str, int]) -> tuple[str, int]:
    return max(lost.items(), key=lambda item: (item[1], item[0]))


def _notes(problem: Problem, lost: Mapping[str, int]) -> Iterator[str]:
    if problem.margin_mib:
        yield (
            f"{problem.margin_mib:,} MiB more than the largest loss are kept free, since free memory is "
            "scattered; what is proved holds with that"
        )
    if lost:
        name, missing = _worst(lost)
        yield f"the loss of {name} cannot be absorbed: its guests lack {missing:,} MiB in one piece"


def _solve_levels(problem: Problem, *, effort: float, tell: Tell) -> _Best:
    model = Model(problem)
    best = _Best(counts=first_placement(problem), proofs=())
    for level in levels_of(problem):
        best = _improve(model, level, best, effort=effort, tell=tell)
    model.fix_choice(best.counts)
    for level in shape_of_it(problem, best.counts):
        best = _improve(model, level, best, effort=effort, tell=tell)
    return best


def _improve(model: Model, level: Level, best: _Best, *, effort: float, tell: Tell) -> _Best:
    best = replace(best, counts=level.polish(best.counts))
    value = level.measure(best.counts)
    expression = level.express(model, best.counts)
    if abs(level.best - value) <= level.tolerance * abs(value):
        _require(model, level, expression, value)
        return replace(best, proofs=(*best.proofs, _proof(level, value, level.best, "arithmetic")))
    tell(f"placing: {level.name}")
    (model.cp.maximize if level.maximise else model.cp.minimize)(expression)
    model.hint(best.counts)
    solver = _solver(level, effort)
    status = solver.solve(model.cp)
    model.cp.clear_objective()
    if status == cp_model.INFEASIBLE or status == cp_model.MODEL_INVALID:
        raise PlanError(
            f"The placement of {len(model.problem.asks)} groups of machines cannot be solved: "
            f'{solver.status_name(status).lower()} at "{level.name}".',
            hint="This is a mistake of the planner: please report it with the input files.",
        )
    counts = best.counts
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        found = model.counts(solver)
        # An equal one is left: what stands already is as good and was found in a more orderly way.
        if _is_better(level, level.measure(found), value):
            counts, value = found, level.measure(found)
    bound = level.best
    if status != cp_model.UNKNOWN:
        bound = (min if level.maximise else max)(bound, round(solver.best_objective_bound))
    _require(model, level, expression, value)
    return _Best(counts=counts, proofs=(*best.proofs, _proof(level, value, bound, "solver")))


def _solver(level: Level, effort: float) -> cp_model.CpSolver:
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    # The fullest linear relaxation: it proves most of these levels at once.
    solver.parameters.linearization_level = 2
    solver.parameters.random_seed = 1
    solver.parameters.max_deterministic_time = effort * level.effort
    solver.parameters.relative_gap_limit = level.tolerance
    return solver


def _require(model: Model, level: Level, expression: Expression, value: int) -> None:
    if not isinstance(expression, int):
        model.cp.add(expression >= value if level.maximise else expression <= value)


def _is_better(level: Level, found: int, value: int) -> bool:
    return found > value if level.maximise else found < value


def _proof(level: Level, value: int, bound: int, method: str) -> Proof:
    bound = max(bound, value) if level.maximise else min(bound, value)
    return Proof(level=level.name, value=value * level.scale, bound=bound * level.scale, method=method)
