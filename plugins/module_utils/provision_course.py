# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The course of one guest, from the clone to its answer, as steps that the scheduler runs."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any

from .core.machine import Machine
from .lanes import Lane
from .provision_act import Actor
from .provision_changes import Change
from .provision_decide import Action, Decision, GuestState, Kind
from .provision_limits import Limits, clone_lanes
from .provision_progress import Phase
from .provision_taken import Conflict
from .proxmox_cluster import ClusterView
from .proxmox_errors import (
    AgentSilentError,
    FileMissingError,
    LockBusyError,
    OutcomeUnknownError,
    TakenError,
    busy_lock,
)
from .scheduler import Course, LaterError, Step

if TYPE_CHECKING:
    from .provision_look import Look

CLONE_TRIES = 4
"""How often a clone is asked for when the hypervisor has no worker for it and made nothing."""

PHASES: Mapping[Kind, Phase] = {
    Kind.CLONE: Phase.CLONE,
    Kind.STOP: Phase.STOP,
    Kind.CONFIGURE: Phase.CONFIGURE,
    Kind.ADD_DISK: Phase.CONFIGURE,
    Kind.GROW: Phase.CONFIGURE,
    Kind.POOL: Phase.CONFIGURE,
    Kind.START: Phase.START,
    Kind.HOST_KEY: Phase.ANSWER,
}
"""The phase of which each action is a part."""


@dataclass(slots=True, kw_only=True)
class Job:
    """One guest's work: its decision, and the guest as it is, if there is one."""

    decision: Decision
    guest: GuestState | None

    @property
    def machine(self) -> Machine:
        """The machine as it is planned now: another id or address may have been given to it."""
        return self.decision.machine

    @property
    def node(self) -> str:
        """The hypervisor where the guest is or will be."""
        return self.guest.node if self.guest else self.machine.hypervisor


def phases_of(decision: Decision) -> tuple[Phase, ...]:
    """Return the phases that a guest goes through, in their order."""
    return tuple(phase for phase, _ in groupby(PHASES[action.kind] for action in decision.actions))


class CourseMaker:
    """Makes courses.

    ``shared`` names the storages that all hypervisors see; ``late`` is filled with the changes that running
    guests did not take, by name.
    """

    def __init__(
        self,
        actor: Actor,
        look: Look,
        templates: Mapping[int, tuple[str, Mapping[str, Any]]],
        limits: Limits,
        *,
        shared: frozenset[str],
        late: dict[str, tuple[Change, ...]],
    ) -> None:
        self._actor = actor
        self._look = look
        self._templates = templates
        self._limits = limits
        self._shared = shared
        self._late = late
        self._lock = threading.Lock()

    def course(self, job: Job) -> Course:
        """Yield the steps that make a guest the planned machine."""
        decision = job.decision
        if job.guest is None:
            lanes = clone_lanes(job.machine, shared=job.machine.storage in self._shared)
            decision = yield Step(phase=Phase.CLONE, lanes=lanes, run=_Clone(self, job, lanes[0]))
        for phase, actions in groupby(decision.actions, lambda action: PHASES[action.kind]):
            run = _Actions(self, job, tuple(actions))
            yield Step(phase=phase, lanes=_lanes(phase, job.node), run=run)

    def clone(self, job: Job) -> Decision:
        """Make the guest and decide anew on it as it really is."""
        machine = job.machine
        template_node, template = self._templates[machine.template]
        self._actor.clone(machine, template, template_node)
        job.guest = self._actor.fresh_state(machine)
        return self._look.decide(machine, job.guest, host_key_known=False)

    def move(self, job: Job, error: TakenError) -> None:
        """Give a machine another id, since somebody took its own while it was being made."""
        conflict = Conflict(machine=job.machine, what="id", error=error)
        nobody = ClusterView(hypervisors=(), guests=(), storages=())
        with self._lock:
            (machine,) = self._look.reassigned([conflict], nobody)
        job.decision = replace(job.decision, machine=machine)

    def carry_out(self, job: Job, action: Action) -> None:
        """Do one action, and look whether a running guest took what it was given."""
        running = job.guest is not None and job.guest.running
        late = self._actor.carry_out(action, job.machine, job.node, running=running)
        if late:
            self._late[job.machine.name] = late

    @property
    def limits(self) -> Limits:
        """How long things may take."""
        return self._limits


class _Clone:
    """The step that makes a guest: tried again, after a pause of random length, while a lock is busy."""

    def __init__(self, maker: CourseMaker, job: Job, storage: Lane) -> None:
        self._maker = maker
        self._job = job
        self._storage = storage
        self._deadline = 0.0
        self._lost = 0

    def __call__(self) -> Decision:
        limits = self._maker.limits
        self._deadline = self._deadline or time.monotonic() + limits.lock_s
        try:
            return self._maker.clone(self._job)
        except LockBusyError as error:
            if time.monotonic() >= self._deadline:
                raise
            raise LaterError(self._pause_s(), busy=self._lane(error)) from error
        except TakenError as error:
            self._maker.move(self._job, error)
            raise LaterError(0.0) from error
        except OutcomeUnknownError as error:
            self._lost += 1
            if self._lost >= CLONE_TRIES:
                raise
            raise LaterError(self._lost * self._pause_s()) from error

    def _pause_s(self) -> float:
        return self._maker.limits.lock_pause_s * random.uniform(0.5, 1.5)

    def _lane(self, error: LockBusyError) -> Lane | None:
        kind, name = busy_lock(error)
        machine = self._job.machine
        if kind == "storage":
            return self._storage
        return ("template", name) if kind == "guest" and name == str(machine.template) else None


class _Actions:
    """The step that does the actions of one phase, in their order; a guest that boots is asked again."""

    def __init__(self, maker: CourseMaker, job: Job, actions: tuple[Action, ...]) -> None:
        self._maker = maker
        self._job = job
        self._actions = actions
        self._deadline = 0.0

    def __call__(self) -> None:
        limits = self._maker.limits
        self._deadline = self._deadline or time.monotonic() + limits.agent_s
        for action in self._actions:
            try:
                self._maker.carry_out(self._job, action)
            except (AgentSilentError, FileMissingError) as error:
                if action.kind is not Kind.HOST_KEY or time.monotonic() >= self._deadline:
                    raise
                raise LaterError(limits.agent_pause_s) from error


def _lanes(phase: Phase, node: str) -> tuple[Lane, ...]:
    kinds = {Phase.START: "start", Phase.ANSWER: "question"}
    return ((kinds.get(phase, "change"), node),)
