# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What comes after the plan: who is served once deliveries have arrived, and what to order for the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from .deliveries import delivered_servers
from .hosts import candidates_of
from .model import Delivery, Loss, Model, Stock
from .parse_stock import UNKNOWN
from .placement.first import first_placement
from .placement.measures import SHARE_SCALE, party_shares, used_candidates
from .placement.problem import Candidate, Problem
from .placement.realise import counts_of, realise
from .placement.solve import Tell, solve
from .plan_records import Order, Stage
from .server import Form, Server

_MOST_ORDERED = 400
"""How many servers of one model are considered at the most."""


def percent(share: int) -> float:
    """Return a share of ten-thousandths in percent."""
    return share * 100 / SHARE_SCALE


def missing_machines(problem: Problem) -> int:
    """Return how many machines are still asked for."""
    return sum(ask.wanted for ask in problem.asks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What deliveries bring, what is left after each of them, and what to order."""

    stages: tuple[Stage, ...] = ()
    left: tuple[Problem, ...] = ()
    orders: tuple[Order, ...] = ()


def outlook_of(after: Problem, stock: Stock, *, tell: Tell) -> Outlook:
    """Return what comes after a plan.

    Args:
        after: what is left when everything that is planned exists.
        stock: the stock with its deliveries and its catalogue.
        tell: receives a line when a step begins.
    """
    stages, left = _stages(after, stock, tell=tell)
    if not missing_machines(after):
        return Outlook(stages=stages, left=left)
    tell("looking for the smallest order")
    dated = [problem for stage, problem in zip(stages, left, strict=True) if stage.when != UNKNOWN]
    orders = orders_of(after, stock, closes="now")
    if dated:
        orders += orders_of(dated[-1], stock, closes="rest")
    return Outlook(stages=stages, left=left, orders=orders)


def _stages(problem: Problem, stock: Stock, *, tell: Tell) -> tuple[tuple[Stage, ...], tuple[Problem, ...]]:
    """Return what each date of announced deliveries brings, and what is left after it.

    Deliveries of one latest date arrive together; those that nobody knows the date of come last.
    """
    stages: list[Stage] = []
    left: list[Problem] = []
    ordered = sorted(stock.deliveries, key=lambda item: (not item.latest, item.latest, item.name))
    for when, group in groupby(ordered, key=lambda item: item.latest):
        deliveries = list(group)
        problem = _with_more(problem, candidates_of(stock, _servers(deliveries)))
        if missing_machines(problem):
            tell(f"placing what arrives: {', '.join(item.name for item in deliveries)}")
            problem = realise(problem, solve(problem))
        shares = party_shares(problem, {})
        stages.append(
            Stage(
                when=when or UNKNOWN,
                earliest=min(item.earliest for item in deliveries),
                arrives=tuple(item.name for item in deliveries),
                served={name: percent(share) for name, share in shares.items() if share < SHARE_SCALE},
                missing=missing_machines(problem),
            )
        )
        left.append(problem)
    return tuple(stages), tuple(left)


def orders_of(problem: Problem, stock: Stock, *, closes: str) -> tuple[Order, ...]:
    """Return the smallest set of models that closes a shortage: the least price, or the least number.

    Nothing is returned when no model of the catalogue can close it.

    Args:
        problem: what is left; its candidates are not used.
        stock: the stock with its catalogue; without one, the largest server that is known is ordered.
        closes: what the order is for, as `Order` tells it.
    """
    if not missing_machines(problem):
        return ()
    catalogue = stock.catalogue or _known_models(stock)
    bought = [item for model in catalogue for item in _copies(problem, stock, model)]
    whole = replace(problem, candidates=tuple(bought))
    solution = solve(whole)
    if missing_machines(realise(whole, solution)):
        return ()
    used = used_candidates(counts_of(whole, solution))
    numbers = Counter(name.rpartition("/")[0] for name in used)
    return tuple(
        Order(
            closes=closes,
            model=model.name,
            servers=numbers[model.name],
            cores=model.form.cores,
            memory_mib=model.form.memory_mib,
            price=float(model.price * numbers[model.name]),
        )
        for model in catalogue
        if numbers[model.name]
    )


def _with_more(problem: Problem, more: Sequence[Candidate]) -> Problem:
    return replace(problem, candidates=(*problem.candidates, *more))


def _servers(deliveries: Sequence[Delivery]) -> list[Server]:
    return [server for delivery in deliveries for server in delivered_servers(delivery)]


def _known_models(stock: Stock) -> tuple[Model, ...]:
    forms = [server.form for server in stock.servers]
    forms += [
        Form(
            cores=node.cores,
            memory_mib=node.memory_mib,
            disk_gib=node.storages.get(stock.guests.storage, 0),
            nics=stock.racking.nics,
        )
        for node in stock.hypervisors
    ]
    largest = max(forms, key=lambda form: (form.memory_mib, form.cores, form.disk_gib))
    name = f"{largest.cores} cores and {largest.memory_mib:,} MiB"
    return (Model(name=name, form=largest, price=Fraction(1)),)


def _copies(problem: Problem, stock: Stock, model: Model) -> tuple[Candidate, ...]:
    """Return as many servers of a model as would be enough by themselves.

    Bought servers stand in a rack of their own, or each in its own where racks must be lost.
    """

    def servers(number: int) -> tuple[Candidate, ...]:
        return candidates_of(
            stock,
            [
                Server(
                    name=f"{model.name}/{position:03d}",
                    site="",
                    rack=f"new-{position:03d}" if stock.survive is Loss.RACK else "new",
                    form=model.form,
                )
                for position in range(number)
            ],
            cost=max(round(model.price * 100), 1),
        )

    # Each machine alone on a server, and as many again for the room that a loss needs.
    low, high = 1, min(_MOST_ORDERED, 2 * missing_machines(problem) + 2)
    while low < high:
        middle = (low + high) // 2
        trial = replace(problem, candidates=servers(middle))
        placed = first_placement(trial).placed
        if sum(placed.values()) == missing_machines(problem):
            high = middle
        else:
            low = middle + 1
    return servers(low)
