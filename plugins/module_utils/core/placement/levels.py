# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a placement is to achieve, one level after the other; a later level never costs an earlier one.

The worst-served tenant, then all tenants together, then as many machines as possible, then as few
changes, then room for a loss, then as little new hardware, then spread, then balance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from . import measures
from .constraints import Expression, Model
from .first import completed
from .level_out import levelled
from .problem import Counts, Problem
from .relaxation import least_excess
from .room import room_after

WORST = "worst-served tenant"
TOTAL = "all tenants together"
MACHINES = "machines placed"
KEPT = "planned before and kept"
LOSS = "room for a loss"
SERVERS = "servers put into service"
SPREAD = "machines away from an even spread"
BALANCE = "balance of the hypervisors"
SHARES = (WORST, TOTAL, MACHINES, BALANCE)
"""The levels that are shares of a whole; the others are numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One level: what is measured on a placement, and the same as an expression of the solver's model.

    ``best`` is the best value that there can be, known without the solver. ``express`` adds what it needs
    to the model and returns the expression; it is told the placement so far. ``scale`` turns the value into
    what is shown. ``polish`` makes a placement better in a simple way before the solver is asked, at no cost
    to earlier levels. ``tolerance`` is the gap, as a part of the value, at which the search may end,
    ``effort`` how long it may take compared with the other levels.
    """

    name: str
    maximise: bool
    best: int
    measure: Callable[[Counts], int]
    express: Callable[[Model, Counts], Expression]
    scale: Fraction = Fraction(1)
    polish: Callable[[Counts], Counts] = lambda counts: counts
    tolerance: float = 0.0
    effort: float = 1.0


def levels_of(problem: Problem) -> tuple[Level, ...]:
    """Return the levels of a problem in their order, up to the choice of the servers."""
    weights = sum(party.weight for party in problem.parties)
    wanted = {ask.group: ask.wanted for ask in problem.asks}
    pending = sum(min(sum(ask.pending.values()), ask.wanted) for ask in problem.asks)
    return (
        Level(
            name=WORST,
            maximise=True,
            best=measures.worst_share(problem, wanted),
            measure=lambda counts: measures.worst_share(problem, counts.placed),
            express=lambda model, _counts: model.worst,
            scale=Fraction(1, measures.SHARE_SCALE),
        ),
        Level(
            name=TOTAL,
            maximise=True,
            best=measures.total_served(problem, wanted),
            measure=lambda counts: measures.total_served(problem, counts.placed),
            express=lambda model, _counts: sum(
                party.weight * model.shares[party.name] for party in problem.parties
            ),
            scale=Fraction(1, max(weights, 1) * measures.SHARE_SCALE),
        ),
        Level(
            name=MACHINES,
            maximise=True,
            best=measures.machines_placed(problem, wanted),
            measure=lambda counts: measures.machines_placed(problem, counts.placed),
            polish=lambda counts: completed(problem, counts),
            express=lambda model, _counts: sum(
                measures.spare_weight(problem) * model.served[ask.group] + model.placed[ask.group]
                for ask in problem.asks
            ),
            scale=Fraction(1, max(measures.machines_placed(problem, wanted), 1)),
        ),
        Level(
            name=KEPT,
            maximise=True,
            best=pending,
            measure=lambda counts: sum(counts.kept.values()),
            express=lambda model, _counts: sum(model.kept.values()),
        ),
        Level(
            name=LOSS,
            maximise=True,
            best=1,
            measure=lambda counts: int(room_after(problem, counts).holds_a_loss),
            express=lambda model, _counts: model.holds_a_loss,
        ),
        Level(
            name=SERVERS,
            maximise=False,
            best=0,
            measure=lambda counts: measures.cost_of(problem, counts),
            express=lambda model, _counts: model.cost,
        ),
    )


def shape_of_it(problem: Problem, counts: Counts) -> tuple[Level, ...]:
    """Return the levels that follow once it is known what is placed and which servers are used."""
    caps = measures.spread_caps(problem, counts)
    loads = measures.host_loads(problem, counts)
    total = sum(loads.values())
    return (
        Level(
            name=SPREAD,
            maximise=False,
            best=0,
            measure=lambda found: measures.spread_excess(problem, found, caps),
            express=lambda model, _counts: model.spread_excess(caps),
        ),
        Level(
            name=BALANCE,
            maximise=True,
            best=total - least_excess(problem, counts),
            measure=lambda found: total - measures.excess_load(problem, found),
            express=lambda model, found: total - model.excess_load(total, found.racked),
            scale=Fraction(1, max(total, 1)),
            polish=lambda found: levelled(problem, found, caps),
            tolerance=0.001,
            effort=2.0,
        ),
    )
