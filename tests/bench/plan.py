# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast and how well the planner places, beside first fit decreasing on the same problem.

Two problems: the example fleet as it is doubled in the surge, and eight times that, cut to 400
hypervisors and 5,000 machines to add. The last line printed is a JSON object with the figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.live import parse_live
from ansible_collections.ent.renfort.plugins.module_utils.core.placement import levels, measures
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.problem import (
    Ask,
    Candidate,
    Counts,
    Host,
    Problem,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.realise import counts_of
from ansible_collections.ent.renfort.plugins.module_utils.core.placement.solve import solve
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_inputs
from tests.bench.first_fit import first_fit_decreasing

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "inventories" / "example"
JUDGED = (levels.WORST, levels.TOTAL, levels.BALANCE)
"""The levels whose proven gap counts: those that the objective of the planner is made of."""

Figures = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A problem and what is asked of the planner on it."""

    name: str
    seconds: float
    gap_percent: float
    hosts: int = 0
    machines: int = 0


EXAMPLE_FLEET = Scene(name="example", seconds=10, gap_percent=1)
LARGE_FLEET = Scene(name="large", seconds=90, gap_percent=2, hosts=400, machines=5000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=[EXAMPLE_FLEET.name, LARGE_FLEET.name], help="one of the problems")
    only = parser.parse_args().only
    figures: Figures = {}
    if only != LARGE_FLEET.name:
        figures |= example_figures()
    if only != EXAMPLE_FLEET.name:
        figures |= large_figures()
    print(json.dumps({"bench": "plan", "figures": figures}, ensure_ascii=False))


def example_figures() -> Figures:
    """Time a whole plan of the example: sizing, placement, names, addresses and what deliveries bring."""
    started = time.monotonic()
    problem = example_problem()
    say(f"example: {size_of(problem)}; the inputs and the first plan took {time.monotonic() - started:.1f} s")
    return compare(EXAMPLE_FLEET, problem)


def large_figures() -> Figures:
    """Time the placement of a fleet eight times as large, cut to the size that is asked for."""
    problem = enlarged(example_problem(), hosts=LARGE_FLEET.hosts, machines=LARGE_FLEET.machines)
    say(f"large: {size_of(problem)}")
    return compare(LARGE_FLEET, problem)


def example_problem() -> Problem:
    """Return the placement that the example inventory asks for, on the cluster of its snapshot."""
    inputs = load_inputs(EXAMPLE / "group_vars" / "all", today="2020-03-16")
    snapshot = yaml.load(
        (EXAMPLE / "cluster.yml").read_text(encoding="utf-8"),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )["renfort_cluster"]
    live = parse_live(snapshot["hypervisors"], snapshot["guests"], source="cluster.yml")
    return make_plan(inputs, live, Plan(), outlook=False).before


def enlarged(problem: Problem, *, hosts: int, machines: int) -> Problem:
    """Return copies of a problem as one, with so many hypervisors and machines to add."""
    copies = -(-machines // size(problem))
    parties = [replace(p, name=f"{p.name}_{n}") for n in range(copies) for p in problem.parties]
    asks = [copied_ask(ask, n) for n in range(copies) for ask in problem.asks]
    nodes = [copied_host(host, n) for n in range(copies) for host in problem.hosts]
    servers = [copied_candidate(item, n) for n in range(copies) for item in problem.candidates]
    whole = replace(
        problem,
        asks=tuple(asks),
        hosts=tuple(nodes[:hosts]),
        candidates=tuple(servers),
        parties=tuple(parties),
        shared_storages={pool: free * copies for pool, free in problem.shared_storages.items()},
    )
    kept = {host.name for host in whole.hosts}
    return replace(whole, asks=tuple(cut(whole.asks, machines, kept)))


def copied_ask(ask: Ask, number: int) -> Ask:
    """Return a group of another copy; what is shared by all tenants becomes its first tenant's own."""
    tier, tenant = ask.group
    existing = Counter({f"{spot}-{number}": count for spot, count in ask.existing.items()})
    return replace(ask, group=(tier, f"{tenant or 'all'}_{number}"), existing=existing)


def copied_host(host: Host, number: int) -> Host:
    """Return a hypervisor of another copy, in a rack of that copy."""
    return replace(host, name=f"{host.name}-{number}", rack=f"{host.rack}-{number}")


def copied_candidate(item: Candidate, number: int) -> Candidate:
    """Return a server of another copy."""
    return replace(
        item,
        name=f"{item.name}-{number}",
        rack=f"{item.rack}-{number}",
        kind=f"{item.kind}-{number}",
        host=copied_host(item.host, number) if item.host else None,
    )


def cut(asks: Sequence[Ask], machines: int, hosts: set[str]) -> list[Ask]:
    """Return the groups with no more than so many machines, and no memory of hypervisors that were cut."""
    left, found = machines, []
    for ask in asks:
        needed = min(ask.needed, left)
        spare = min(ask.spare, left - needed)
        left -= needed + spare
        existing = Counter({spot: count for spot, count in ask.existing.items() if spot in hosts})
        # What is cut is demanded by nobody: else it would count as not served, whatever is done.
        demand = ask.demand - (ask.needed - needed)
        found.append(replace(ask, needed=needed, spare=spare, demand=demand, existing=existing))
    return found


def compare(scene: Scene, problem: Problem) -> Figures:
    """Place with the planner and with first fit decreasing; return the figures of both."""
    seconds, solution = timed(lambda: solve(problem, tell=say))
    baseline_seconds, baseline = timed(lambda: first_fit_decreasing(problem))
    mine = counts_of(problem, solution)
    gaps = {proof.level: float(proof.gap_percent) for proof in solution.proofs}
    gap = max(gaps[level] for level in JUDGED)
    figures: Figures = {
        f"{scene.name}_placement_s": figure(seconds, f"≤ {scene.seconds:g}", seconds <= scene.seconds),
        f"{scene.name}_proven_gap_percent": figure(gap, f"≤ {scene.gap_percent:g}", gap <= scene.gap_percent),
    }
    for name, counts, took in (("planner", mine, seconds), ("first_fit", baseline, baseline_seconds)):
        say(f"{scene.name}, {name:9}: {described(problem, counts)}, {took:.1f} s")
    for name, measure in (("worst_served", worst), ("total_served", total), ("balance", balance)):
        ours, theirs = measure(problem, mine), measure(problem, baseline)
        # All together may be served a little less for the sake of the worst-served tenant.
        judged = name != "total_served"
        target = f"≥ first fit's {theirs:.2f}" if judged else ""
        figures[f"{scene.name}_{name}_percent"] = figure(ours, target, ours >= theirs or not judged)
        figures[f"{scene.name}_first_fit_{name}_percent"] = figure(theirs, "", met=True)
    return figures


def timed[Result](work: Callable[[], Result]) -> tuple[float, Result]:
    """Return how long some work took, in seconds, and what it returned."""
    started = time.monotonic()
    result = work()
    return time.monotonic() - started, result


def figure(value: float, target: str, met: bool) -> dict[str, Any]:
    """Return one figure as it is printed."""
    return {"value": round(value, 3), "target": target, "met": met}


def worst(problem: Problem, counts: Counts) -> float:
    """Return the served share of the worst-served tenant, in percent."""
    shares = measures.party_shares(problem, counts.placed)
    return min(shares.values()) * 100 / measures.SHARE_SCALE


def total(problem: Problem, counts: Counts) -> float:
    """Return the served share of all tenants together, by their sessions, in percent."""
    weights = sum(party.weight for party in problem.parties)
    return measures.total_served(problem, counts.placed) * 100 / measures.SHARE_SCALE / weights


def balance(problem: Problem, counts: Counts) -> float:
    """Return how even the hypervisors are filled, in percent."""
    return float(measures.balance(problem, counts) * 100)


def described(problem: Problem, counts: Counts) -> str:
    """Return what a placement comes to, for people."""
    return (
        f"worst-served {worst(problem, counts):.2f} %, all {total(problem, counts):.2f} %, "
        f"balance {balance(problem, counts):.2f} %, {sum(counts.placed.values()):,} machines placed"
    )


def size(problem: Problem) -> int:
    """Return how many machines a problem asks for."""
    return sum(ask.wanted for ask in problem.asks)


def size_of(problem: Problem) -> str:
    """Return how large a problem is, for people."""
    return (
        f"{size(problem):,} machines to add, {len(problem.hosts):,} hypervisors, "
        f"{len(problem.candidates):,} servers on the shelf, {len(problem.parties):,} tenants"
    )


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)


if __name__ == "__main__":
    main()
