# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the inputs, the cluster and the current plan to the next plan: size, keep, place, name, address."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .addressing import AddressPool
from .allotting import Allotter, allot
from .asking import Pending, problem_of, still_pending
from .committed import committed_servers, in_use, with_their_room
from .existing import existing_machines
from .explaining import explain_machines, explain_servers, served_of, shortages_of
from .feasibility import check_sizing
from .hosts import Hardware, hardware
from .machine import Machine
from .model import Inputs, Live
from .outlook import Outlook, outlook_of
from .placement.problem import Problem, Solution
from .placement.realise import realise
from .placement.solve import Tell, solve
from .plan import Plan
from .plan_records import Change
from .sizing import Sizing, size
from .spares import spare_ids, spare_networks
from .summary import summarise


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The plan, what it changes and, line by line, how it comes about.

    ``before`` is the placement that was solved, ``after`` what is left once everything planned exists.
    """

    plan: Plan
    changes: tuple[Change, ...]
    summary: tuple[str, ...]
    sizing: Sizing
    hardware: Hardware
    solution: Solution
    before: Problem
    after: Problem
    existing: frozenset[str]


def make_plan(
    inputs: Inputs,
    live: Live,
    current: Plan,
    *,
    outlook: bool = True,
    tell: Tell = lambda _line: None,
) -> Outcome:
    """Return the next plan.

    Machines that exist stay as they are. Machines that are planned and do not exist yet keep their
    name, id, place and address as long as the demand asks for them, their place holds, and no tenant
    would be served worse for it. Servers that were switched on stay what they are to become. What finds
    no place becomes a shortage.

    Args:
        inputs: what people edit.
        live: the cluster now.
        current: the plan before; an empty one when there is none.
        outlook: whether to look at what deliveries bring and what is to be ordered.
        tell: receives a line when a step that takes long begins.

    Raises:
        InputError: a network, the ids or a spare contradict the need.
        PlanError: the cluster contradicts the plan.
    """
    sizing = size(inputs.tenants, inputs.capacity)
    committed = committed_servers(inputs, current)
    inputs = replace(inputs, stock=in_use(inputs.stock, committed))
    existing = existing_machines(inputs, live.guests, current)
    pools = _pools(inputs, live, existing)
    check_sizing(inputs, live, sizing, existing, pools)
    equipment = with_their_room(hardware(inputs, live, existing), committed)
    pending = still_pending(inputs, live, current, existing, sizing, equipment, pools)
    before = problem_of(inputs, sizing, existing, pending, equipment)
    tell(
        f"placing {sum(ask.wanted for ask in before.asks):,} machines on {len(before.hosts):,} hypervisors "
        f"and {len(before.candidates):,} servers of the shelf"
    )
    solution = solve(before, tell=tell)
    allotter = Allotter(inputs, live, existing, pools)
    allotter.reserve([Pending(record=use) for use in committed if use.machine])
    allotted = allot(inputs, sizing, pending, solution, allotter)
    after = realise(before, solution)
    ahead = outlook_of(after, inputs.stock, tell=tell) if outlook else Outlook()
    plan = Plan.of(
        machines=explain_machines(inputs, sizing, (*existing, *allotted.machines), allotted.servers),
        servers=(*committed, *explain_servers(inputs, sizing, existing, allotted, solution)),
        shortages=shortages_of(inputs, after, equipment.offline, ahead),
        served=served_of(after),
        stages=ahead.stages,
        orders=ahead.orders,
        ids=(spare_ids(inputs.stock.guests.first_vmid, inputs.stock.guests.last_vmid),),
        networks=spare_networks(inputs.networks.values()),
    )
    names = frozenset(machine.name for machine in existing)
    changes = plan.changes_from(current, existing=names)
    notes = (*equipment.notes, *solution.notes)
    return Outcome(
        plan=plan,
        changes=changes,
        summary=summarise(sizing, plan, changes=changes, notes=notes, proofs=solution.proofs),
        sizing=sizing,
        hardware=equipment,
        solution=solution,
        before=before,
        after=after,
        existing=names,
    )


def _pools(inputs: Inputs, live: Live, existing: Iterable[Machine]) -> dict[str, AddressPool]:
    taken = {guest.tag_value("ip-") for guest in live.guests} | {machine.ip for machine in existing}
    taken |= {server.carries.address for server in inputs.stock.carriers if server.carries}
    taken |= {server.address for server in inputs.stock.servers}
    taken.discard("")
    return {
        network.name: AddressPool(network, taken=taken, file=inputs.files.networks)
        for network in inputs.networks.values()
    }
