# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a server is on its way into service, why it is not further, and who must do what."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from .server_use import ServerState, ServerUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The state that a server has reached, why, and what it waits for; nothing, when that is empty."""

    state: ServerState
    reason: str
    waits_for: str = ""


def progress_of(
    use: ServerUse, *, hypervisors: Mapping[str, bool] | None, serving: Collection[str]
) -> Progress:
    """Return how far a server is.

    Args:
        use: the server as the plan has it.
        hypervisors: whether each node that the cluster knows is on line; None when it was not asked.
        serving: the machines of which a probe just showed that they serve their tier.
    """
    since = f"is {use.state.words}{f' since {use.since}' if use.since else ''}"
    if use.state is ServerState.IN_SERVICE:
        entry = "what it carries, at its entry in" if use.machine else "its entry among the hypervisors of"
        return Progress(state=use.state, reason=since, waits_for=f"{entry} the stock")
    if use.state is not ServerState.ENROLLED:
        return Progress(state=use.state, reason=since, waits_for=_before_enrolment(use, hypervisors))
    return _enrolled(use, since, hypervisors, serving)


def _before_enrolment(use: ServerUse, hypervisors: Mapping[str, bool] | None) -> str:
    if not use.machine and (hypervisors or {}).get(use.name):
        return "enrolment: it is a hypervisor on line already, and nobody pinned its host key"
    if use.state is ServerState.POWERED:
        return "its installation, then enrolment" if use.ip else "its address in the stock, and a new plan"
    if use.origin:
        return f"the delivery {use.origin}, and its racking"
    if not use.bmc:
        return "somebody who switches it on, or its bmc in the stock and a new plan"
    return "power"


def _enrolled(
    use: ServerUse, since: str, hypervisors: Mapping[str, bool] | None, serving: Collection[str]
) -> Progress:
    if use.machine and use.machine in serving:
        return Progress(state=ServerState.IN_SERVICE, reason=f"{use.machine} serves its tier, {use.tier}")
    if use.machine:
        return Progress(
            state=use.state, reason=since, waits_for=f"the role of its tier, {use.tier}, and a probe of it"
        )
    if hypervisors is None:
        return Progress(state=use.state, reason=since, waits_for="a look at the cluster")
    if use.name not in hypervisors:
        return Progress(state=use.state, reason=since, waits_for="its joining the cluster (pvecm add)")
    if not hypervisors[use.name]:
        return Progress(state=use.state, reason=since, waits_for="its coming on line in the cluster")
    return Progress(state=ServerState.IN_SERVICE, reason="is a hypervisor of the cluster, on line")
