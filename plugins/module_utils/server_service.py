# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which servers of a plan are in service, as the cluster and a probe show; how far all others are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from .core.errors import InputError
from .core.server_progress import progress_of
from .core.server_use import ServerState, ServerUse
from .plan_states import Outcome, Step, chosen, each, note_state, now

IN_SERVICE = "note that it is in service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """The plan, and what is known about its servers.

    ``hypervisors`` says of each node of the cluster whether it is on line; None when it was not asked.
    ``serving`` names the machines that a probe showed to serve.
    """

    plan_file: Path
    names: Collection[str] = ()
    hypervisors: Mapping[str, bool] | None = None
    serving: Collection[str] = ()
    dry_run: bool = False


def note_services(request: Request, tell: Callable[[str], None], clock: Callable[[], str] = now) -> Outcome:
    """Note in the plan which servers are in service, and return how far each is.

    Raises:
        InputError: the plan cannot be read, or has no server of a name.
    """
    servers = chosen(request.plan_file, request.names)

    def one(use: ServerUse) -> Step:
        found = progress_of(use, hypervisors=request.hypervisors, serving=request.serving)
        moved = found.state is not use.state
        step = Step(
            server=use.name,
            action=IN_SERVICE if moved else "",
            reason=found.reason,
            waits_for=found.waits_for,
            before=use.state,
            state=found.state,
            since=clock() if moved else use.since,
        )
        if moved and not request.dry_run:
            note_state(request.plan_file, use.name, ServerState.IN_SERVICE, since=step.since)
            tell(f"{use.name}: in service: {step.reason}")
        return step

    return each(servers, one, workers=1, tell=tell)


def lines_of(outcome: Outcome) -> list[str]:
    """Return a line for each server: name, state, since when, and what it waits for."""
    found: list[str] = []
    for name, step in sorted(outcome.steps.items()):
        waits = f"; waits for {step.waits_for}" if step.waits_for else ""
        since = f" since {step.since}" if step.since else ""
        found.append(f"{name}: {step.state.words}{since}{waits}")
    return found


def online_of(rows: object) -> dict[str, bool] | None:
    """Return which hypervisors are on line, from the result of M(ent.renfort.pve_cluster_info).

    Raises:
        InputError: it is no such list.
    """
    if rows is None:
        return None
    try:
        return {str(row["name"]): bool(row["online"]) for row in rows}  # type: ignore[attr-defined]  # checked below
    except (TypeError, KeyError):
        raise InputError(
            file="ent.renfort.server_service",
            key="hypervisors",
            problem="there is a hypervisor without name or online",
            expected="what ent.renfort.pve_cluster_info returns",
        ) from None
