# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the cluster what the plan says: read once, decide for every guest, write only the difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .core.errors import RenfortError
from .core.machine import Machine
from .hostkeys import KnownHosts
from .lanes import Lanes
from .provision_act import Actor
from .provision_changes import Access, Change
from .provision_check import check_places
from .provision_course import CourseMaker, Job, phases_of
from .provision_decide import Decision
from .provision_limits import Limits
from .provision_look import Look, read_templates
from .provision_progress import Progress
from .provision_taken import Move, Reassign
from .proxmox import Client
from .proxmox_cluster import ClusterView, Guest, read_cluster, read_guests, with_maintenance
from .scheduler import Scheduler

LIST_WAIT_S = 60.0
"""How long the resource list may take to show what was made, in seconds; it lags by some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: the machines, how to get in, and what is allowed.

    ``awaited`` names servers that the plan makes hypervisors: machines there wait until they are.
    ``reassign`` gives a machine another id or address when somebody took it; without it that is an error.
    ``probe`` tells whether the addresses of machines to be made are asked whether somebody has them.
    """

    machines: tuple[Machine, ...]
    access: Access
    awaited: frozenset[str] = frozenset()
    known_hosts_file: str
    allow_restart: bool = False
    dry_run: bool = False
    probe: bool = False
    reassign: Reassign | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was decided and done.

    ``failures`` maps a machine's name to what went wrong with it, ``waiting`` to the server that must
    become a hypervisor first, ``skipped`` to why its hypervisor was left alone, ``late`` to the changes
    that a running guest did not take after all. ``moves`` are the ids and addresses that others had taken,
    ``remarks`` are about the whole run.
    """

    decisions: tuple[Decision, ...]
    failures: Mapping[str, RenfortError]
    nodes: Mapping[str, str]
    waiting: Mapping[str, str]
    skipped: Mapping[str, str]
    late: Mapping[str, tuple[Change, ...]]
    moves: tuple[Move, ...]
    remarks: tuple[str, ...]
    reads: int
    writes: int

    @property
    def changed(self) -> bool:
        """Whether anything was, or in a dry run would be, done."""
        return any(decision.actions for decision in self.decisions)

    def withheld(self, decision: Decision) -> tuple[Change, ...]:
        """Return the changes of a guest that wait for its restart."""
        return (*decision.withheld, *self.late.get(decision.machine.name, ()))


class Provisioner:
    """One run. ``tell`` receives each line for people, one at a time."""

    def __init__(self, client: Client, request: Request, tell: Callable[[str], None]) -> None:
        self._client = client
        self._request = request
        self._known_hosts = KnownHosts(request.known_hosts_file)
        self._actor = Actor(client, self._known_hosts, request.limits)
        self._tell = tell

    def run(self) -> Outcome:
        """Decide for every machine, then act, unless this is a dry run.

        Raises:
            RenfortError: the cluster cannot be read, or the plan does not fit it; nothing was touched.
        """
        view, remarks = with_maintenance(self._client, read_cluster(self._client))
        waiting = self._waiting(view)
        machines = [machine for machine in self._request.machines if machine.name not in waiting]
        places = check_places(machines, view)
        self._tell_skipped(places.skipped)
        machines = [it for it in machines if it.name not in places.refused and it.name not in places.skipped]
        templates = read_templates(self._client, machines, view)
        look = Look(self._actor, self._request, templates, self._known_hosts, self._tell)
        jobs = look.jobs(machines, view)
        failures, late = {**places.refused, **look.failures}, dict[str, tuple[Change, ...]]()
        work = [job for job in jobs if job.decision.actions]
        if work and not self._request.dry_run:
            self._tell(f"{len(work)} of {len(self._request.machines)} guests need a change.")
            shared = frozenset(storage.name for storage in view.storages if storage.shared)
            maker = CourseMaker(self._actor, look, templates, self._request.limits, shared=shared, late=late)
            failures |= self._act(work, maker)
        elif not work and not failures:
            self._tell(f"All {len(jobs)} guests are as planned.")
        if not self._request.dry_run:
            there = [job.machine for job in jobs if job.machine.name not in failures]
            failures |= self._await_list(there, () if work else view.guests)
        return Outcome(
            decisions=tuple(job.decision for job in jobs),
            failures=failures,
            nodes={job.machine.name: job.node for job in jobs},
            waiting=waiting,
            skipped=places.skipped,
            late=late,
            moves=tuple(look.moves),
            remarks=(*remarks, *look.remarks),
            reads=self._client.reads,
            writes=self._client.writes,
        )

    def _waiting(self, view: ClusterView) -> dict[str, str]:
        """Return the machines whose hypervisor is still to be racked, with its name."""
        waiting = {
            machine.name: machine.hypervisor
            for machine in self._request.machines
            if machine.hypervisor in self._request.awaited
            and view.hypervisor(machine.hypervisor) is None
            and view.guest(machine.vmid) is None
        }
        if waiting:
            servers = ", ".join(sorted(set(waiting.values())))
            self._tell(f"{len(waiting)} guests wait for {servers} to become hypervisors.")
        return waiting

    def _tell_skipped(self, skipped: Mapping[str, str]) -> None:
        for reason in sorted(set(skipped.values())):
            count = sum(1 for item in skipped.values() if item == reason)
            self._tell(f"{count} guests are left alone: {reason}.")

    def _act(self, work: Sequence[Job], maker: CourseMaker) -> dict[str, RenfortError]:
        """Do every guest's actions, many guests at once; one guest's failure stops none of the others."""
        expected = {job.machine.name: phases_of(job.decision) for job in work}
        scheduler = Scheduler(
            Lanes(self._request.limits.widths()),
            workers=self._request.limits.workers,
            observer=Progress(expected, self._tell),
            sleep=self._client.sleep,
        )
        return scheduler.run({job.machine.name: maker.course(job) for job in work})

    def _await_list(self, machines: Sequence[Machine], seen: Sequence[Guest]) -> dict[str, RenfortError]:
        """Wait until the resource list, which the inventory reads, shows the machines.

        ``seen`` is what the list showed already, if that still holds. Returns the machines it lacks.
        """
        deadline, told = time.monotonic() + LIST_WAIT_S, False
        late = _not_shown(machines, seen)
        while late and time.monotonic() < deadline:
            late = _not_shown(machines, read_guests(self._client))
            if late and not told:
                self._tell(f"Waiting for the cluster's list to show {len(late)} guests as running.")
                told = True
            if late:
                self._client.sleep(1.0)
        return {machine.name: _not_listed(machine) for machine in late}


def _not_shown(machines: Iterable[Machine], guests: Iterable[Guest]) -> list[Machine]:
    """Return the machines that are not shown running under their names."""
    shown = {guest.vmid: guest for guest in guests}
    return [
        machine
        for machine in machines
        if (guest := shown.get(machine.vmid)) is None
        or guest.name != machine.name
        or guest.status != "running"
    ]


def _not_listed(machine: Machine) -> RenfortError:
    return RenfortError(
        f"{machine.name} ({machine.vmid}) is not shown as running by the cluster's resource list "
        f"after {LIST_WAIT_S:.0f} s.",
        hint="Look at the guest's console and at pvestatd on its hypervisor, then run again.",
    )
