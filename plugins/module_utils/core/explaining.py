# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why each machine is in the plan, why another is not, and who is served how far."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from .allotting import Allotted
from .binding import advice, refusal
from .machine import Machine
from .model import Inputs
from .names import order_key
from .outlook import Outlook, percent
from .placement.measures import SHARE_SCALE, share_of
from .placement.problem import Group, Problem, Solution
from .plan_records import Served, Shortage
from .server_use import ServerUse
from .sizing import Need, Sizing
from .text import count


def explain_machines(
    inputs: Inputs, sizing: Sizing, machines: Iterable[Machine], servers: Iterable[ServerUse]
) -> list[Machine]:
    """Return the guests, each with the reason why it exists or must exist."""
    reasons = _Reasons(inputs, sizing, machines, servers)
    return [replace(machine, reason=reasons.of(machine.name)) for machine in reasons.machines]


def explain_servers(
    inputs: Inputs, sizing: Sizing, existing: Sequence[Machine], allotted: Allotted, solution: Solution
) -> list[ServerUse]:
    """Return the servers that are put into service: those that are machines, then new hypervisors."""
    reasons = _Reasons(inputs, sizing, (*existing, *allotted.machines), allotted.servers)
    carriers = [replace(use, reason=reasons.of(use.machine)) for use in allotted.servers]
    guests = Counter(machine.hypervisor for machine in allotted.machines)
    by_name = {server.name: server for server in inputs.stock.shelf}
    hypervisors = [
        ServerUse(
            name=name,
            site=by_name[name].site,
            rack=by_name[name].rack,
            origin=by_name[name].origin,
            address=by_name[name].address,
            **asdict(by_name[name].access),
            reason=(
                f"becomes a hypervisor for {count(guests[name], 'planned machine')}"
                if guests[name]
                else "becomes a hypervisor: its memory is needed for the loss of another"
            ),
        )
        for name in sorted(solution.racked)
    ]
    return [*carriers, *hypervisors]


class _Reasons:
    """The reason of each machine by name: which of how many it is, and the arithmetic."""

    def __init__(
        self, inputs: Inputs, sizing: Sizing, machines: Iterable[Machine], servers: Iterable[ServerUse]
    ) -> None:
        self.machines = tuple(machines)
        needs = {need.group: need for need in sizing.needs}
        members: dict[Group, list[str]] = {}
        for machine in self.machines:
            members.setdefault((machine.tier, machine.tenant), []).append(machine.name)
        for use in servers:
            members.setdefault((use.tier, use.tenant), []).append(use.machine)
        in_service = Counter(
            (server.carries.tier, server.carries.tenant) for server in inputs.stock.carriers if server.carries
        )
        self._texts: dict[str, str] = {}
        for group, names in members.items():
            # Of more machines than are needed, those with the highest numbers are the surplus.
            names.sort(key=lambda name: order_key(tier=group[0], tenant=group[1], name=name))
            for position, name in enumerate(names, start=1 + in_service[group]):
                self._texts[name] = _reason(needs.get(group), group, position)

    def of(self, name: str) -> str:
        return self._texts[name]


def _reason(need: Need | None, group: Group, position: int) -> str:
    tier, tenant = group
    whom = tenant or "all tenants"
    if need is None:
        return f"no demand for {tier} machines of {whom}; kept because it exists, until it is released"
    if position > need.total:
        return f"beyond the {need.total} that {whom} needs; kept because it exists, until it is released"
    return f"{tier} {position} of {need.total} for {whom}: {need.arithmetic}"


def shortages_of(inputs: Inputs, after: Problem, offline: Sequence[str], ahead: Outlook) -> list[Shortage]:
    """Return the groups of machines that find no place, with why, what to do, and until when.

    Args:
        inputs: what people edit.
        after: what is left when everything that is planned exists.
        offline: the hypervisors of the stock that do not answer.
        ahead: what deliveries bring.
    """
    return [
        Shortage(
            tier=ask.group[0],
            tenant=ask.group[1],
            missing=ask.wanted,
            memory_mib=ask.wanted * ask.shape.memory_mib,
            reason=refusal(after, ask.shape),
            advice=advice(inputs.stock, after, ask.shape, offline),
            until=_closed(ask.group, ahead),
        )
        for ask in after.asks
        if ask.wanted
    ]


def _closed(group: Group, ahead: Outlook) -> str:
    for stage, problem in zip(ahead.stages, ahead.left, strict=True):
        if not any(ask.wanted for ask in problem.asks if ask.group == group):
            return stage.when
    return ""


def served_of(after: Problem) -> list[Served]:
    """Return how far each tenant is served, and the tier that bounds it when that is not all."""
    found: list[Served] = []
    for party in after.parties:
        shares = [(share_of(ask, 0), ask.group[0]) for ask in after.asks if ask.group[1] in ("", party.name)]
        share, tier = min(shares, key=lambda item: item[0], default=(SHARE_SCALE, ""))
        found.append(
            Served(
                tenant=party.name,
                percent=percent(share),
                bound_by=tier if share < SHARE_SCALE else "",
            )
        )
    return found
