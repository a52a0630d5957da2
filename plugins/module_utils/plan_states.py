# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the servers of a plan are: each step is written into the plan file as soon as it is made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .core.errors import InputError, RenfortError
from .core.fields import did_you_mean
from .core.server_use import ServerState, ServerUse, advanced
from .inputs import load_plan, plan_lock, write_plan

LOCK_WAIT_S = 30.0
"""For how long the lock of the plan is waited for: others hold it while they note a step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What a run did with one server, or would do, and why; ``action`` is empty when there was nothing.

    ``waits_for`` is what a server needs from people before it can go on; ``state`` and ``since`` are where it
    is afterwards. ``machine`` and ``tier`` are empty for one that becomes a hypervisor.
    """

    server: str
    action: str = ""
    reason: str
    waits_for: str = ""
    before: ServerState
    state: ServerState
    since: str = ""
    machine: str = ""
    tier: str = ""


@dataclass(slots=True)
class Outcome:
    """What a run came to, by server."""

    steps: dict[str, Step] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything was done, or would be."""
        return any(step.action for step in self.steps.values())


def now() -> str:
    """Return the time as plans write it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def note_state(path: Path, server: str, state: ServerState, *, since: str) -> bool:
    """Write into the plan that a server reached a state; False when it was that far, or further, already.

    Raises:
        PlanError: the plan has no such server any more.
        RenfortError: the lock of the plan was not free in time, or the plan cannot be read or written.
    """
    with plan_lock(path, wait_s=LOCK_WAIT_S):
        plan = load_plan(path)
        servers = advanced(plan.servers, server, state, since=since)
        if servers == plan.servers:
            return False
        write_plan(path, replace(plan, servers=servers))
        return True


def chosen(path: Path, names: Collection[str]) -> tuple[ServerUse, ...]:
    """Return the servers of a plan that have one of these names; all of them without names.

    Raises:
        InputError: the plan cannot be read, or has no server of a name.
    """
    servers = load_plan(path).servers
    known = {use.name for use in servers}
    for name in names:
        if name not in known:
            raise InputError(
                file=str(path),
                key="renfort_fleet.servers",
                problem=f'the plan puts no server "{name}" into service',
                expected=did_you_mean(name, known),
            )
    return tuple(use for use in servers if not names or use.name in names)


def each(
    servers: Iterable[ServerUse],
    work: Callable[[ServerUse], Step],
    *,
    workers: int,
    tell: Callable[[str], None],
) -> Outcome:
    """Do the work for each server, so many at once; one that fails does not stop the others."""
    outcome = Outcome()

    def one(use: ServerUse) -> tuple[str, Step | RenfortError]:
        try:
            return use.name, replace(work(use), machine=use.machine, tier=use.tier)
        except RenfortError as error:
            tell(f"{use.name}: failed: {error}")
            return use.name, error

    with ThreadPoolExecutor(max_workers=workers, thread_name_prefix="server") as pool:
        for name, found in pool.map(one, servers):
            if isinstance(found, Step):
                outcome.steps[name] = found
            else:
                outcome.failures[name] = str(found)
    return outcome


def as_result(outcome: Outcome, path: Path) -> dict[str, Any]:
    """Return an outcome as a module's result, the diff of states included."""
    steps = [outcome.steps[name] for name in sorted(outcome.steps)]
    moved = [step for step in steps if step.state is not step.before]
    return {
        "changed": outcome.changed,
        "servers": [
            {
                "server": step.server,
                "machine": step.machine,
                "tier": step.tier,
                "action": step.action,
                "reason": step.reason,
                "waits_for": step.waits_for,
                "state": str(step.state),
                "since": step.since,
            }
            for step in steps
        ],
        "waiting": {step.server: step.waits_for for step in steps if step.waits_for},
        "failures": dict(sorted(outcome.failures.items())),
        "diff": {
            "before_header": f"{path} (states of servers)",
            "after_header": f"{path} (states of servers)",
            "before": "".join(f"{step.server}: {step.before.words}\n" for step in moved),
            "after": "".join(f"{step.server}: {step.state.words}\n" for step in moved),
        },
    }


def failure_message(failures: Mapping[str, str], *, doing: str) -> str:
    """Return what failed, a server a line; empty when nothing did."""
    if not failures:
        return ""
    listed = "\n".join(f"  {name}: {text}" for name, text in sorted(failures.items()))
    return f"{len(failures)} of the servers could not be {doing}; the others are done:\n{listed}"
