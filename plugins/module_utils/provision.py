# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the cluster what the plan says: read once, decide for every guest, write only the difference."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from .core.errors import RenfortError
from .core.machine import Machine
from .hostkeys import KnownHosts
from .provision_act import Actor, Limits
from .provision_check import Refused, check_places
from .provision_decide import Access, Action, Decision, GuestState, Kind, decide
from .proxmox import Client
from .proxmox_cluster import ClusterView, Guest, read_cluster, read_guests

LIST_WAIT_S = 60.0
"""How long the resource list may take to show what was made, in seconds; it lags by some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: the machines, how to get in, and what is allowed.

    ``awaited`` names servers that the plan makes hypervisors: machines there wait until they are.
    """

    machines: tuple[Machine, ...]
    access: Access
    awaited: frozenset[str] = frozenset()
    known_hosts_file: str
    allow_restart: bool = False
    dry_run: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was decided and done.

    ``failures`` maps a machine's name to what went wrong with it, ``waiting`` to the server that must
    become a hypervisor first.
    """

    decisions: tuple[Decision, ...]
    failures: Mapping[str, RenfortError]
    nodes: Mapping[str, str]
    waiting: Mapping[str, str]
    reads: int
    writes: int

    @property
    def changed(self) -> bool:
        """Whether anything was, or in a dry run would be, done."""
        return any(decision.actions for decision in self.decisions)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One guest's work: its decision, and the place where it is or will be."""

    decision: Decision
    guest: GuestState | None

    @property
    def machine(self) -> Machine:
        return self.decision.machine

    @property
    def node(self) -> str:
        return self.guest.node if self.guest else self.machine.hypervisor


class Provisioner:
    """One run. ``tell`` receives one line for people at each step, one thread at a time."""

    def __init__(self, client: Client, request: Request, tell: Callable[[str], None]) -> None:
        self._client = client
        self._request = request
        self._known_hosts = KnownHosts(request.known_hosts_file)
        self._actor = Actor(client, self._known_hosts, request.limits)
        self._tell = tell
        self._lock = threading.Lock()
        self._templates: dict[int, tuple[str, Mapping[str, Any]]] = {}
        self._machines: tuple[Machine, ...] = request.machines

    def run(self) -> Outcome:
        """Decide for every machine, then act, unless this is a dry run.

        Raises:
            RenfortError: the cluster cannot be read, or the plan does not fit it; nothing was touched.
        """
        view = read_cluster(self._client)
        waiting = self._set_aside(view)
        refused = check_places(self._machines, view)
        self._read_templates(view)
        jobs, failures = self._decide_all(view, refused)
        work = [job for job in jobs if job.decision.actions]
        if work and not self._request.dry_run:
            self._say(f"{len(work)} of {len(self._machines)} guests need a change.")
            failures |= self._act_all(work)
        elif not work and not failures:
            self._say(f"All {len(self._machines)} guests are as planned.")
        if not self._request.dry_run:
            there = [job.machine for job in jobs if job.machine.name not in failures]
            failures |= self._await_list(there, () if work else view.guests)
        return Outcome(
            decisions=tuple(job.decision for job in jobs),
            failures=failures,
            nodes={job.machine.name: job.node for job in jobs},
            waiting=waiting,
            reads=self._client.reads,
            writes=self._client.writes,
        )

    def _set_aside(self, view: ClusterView) -> dict[str, str]:
        """Leave out the machines whose hypervisor is still to be racked; return which wait for which."""
        waiting = {
            machine.name: machine.hypervisor
            for machine in self._request.machines
            if machine.hypervisor in self._request.awaited
            and view.hypervisor(machine.hypervisor) is None
            and view.guest(machine.vmid) is None
        }
        self._machines = tuple(it for it in self._request.machines if it.name not in waiting)
        if waiting:
            servers = ", ".join(sorted(set(waiting.values())))
            self._say(f"{len(waiting)} guests wait for {servers} to become hypervisors.")
        return waiting

    def _read_templates(self, view: ClusterView) -> None:
        """Read each template that a missing machine is to be cloned from."""
        missing = [machine for machine in self._machines if view.guest(machine.vmid) is None]
        for vmid in sorted({machine.template for machine in missing}):
            guest = view.guest(vmid)
            if guest is None or not guest.template:
                what = "is no template" if guest else "is not in the cluster"
                names = ", ".join(machine.name for machine in missing if machine.template == vmid)
                raise RenfortError(
                    f"Cannot clone {names}: the plan names template {vmid}, which {what}.",
                    hint="Make the template, correct its id in the inputs and plan again, or check that the "
                    "API token may see it (VM.Audit).",
                )
            config = self._client.get(
                f"nodes/{guest.node}/qemu/{vmid}/config", doing=f"read the configuration of template {vmid}"
            )
            self._templates[vmid] = (guest.node, config)

    def _decide_all(self, view: ClusterView, refused: Refused) -> tuple[list[_Job], dict[str, RenfortError]]:
        """Decide for every machine; a stranger on a planned id stops the run before anything is touched."""
        known = self._known_hosts.hosts()
        machines = [machine for machine in self._machines if machine.name not in refused]

        def job(machine: Machine) -> _Job:
            guest = self._find(view, machine)
            return _Job(decision=self._decide(machine, guest, machine.ip in known), guest=guest)

        with ThreadPoolExecutor(self._request.limits.guests) as pool:
            return list(pool.map(job, machines)), dict(refused)

    def _find(self, view: ClusterView, machine: Machine) -> GuestState | None:
        guest = view.guest(machine.vmid)
        if guest is not None and not self._request.dry_run and guest.lock == "clone":
            guest = self._actor.settled(machine.vmid)
        return None if guest is None else self._actor.state(guest)

    def _decide(self, machine: Machine, guest: GuestState | None, host_key_known: bool) -> Decision:
        return decide(
            machine,
            guest,
            template=self._templates.get(machine.template, ("", {}))[1],
            access=self._request.access,
            host_key_known=host_key_known,
            allow_restart=self._request.allow_restart,
        )

    def _act_all(self, work: Sequence[_Job]) -> dict[str, RenfortError]:
        """Do every guest's actions, some guests at once; one guest's failure stops none of the others."""
        failures: dict[str, RenfortError] = {}

        def do(numbered: tuple[int, _Job]) -> None:
            number, job = numbered
            label = f"[{number}/{len(work)}] {job.machine.name}"
            try:
                self._act(job, label)
            except RenfortError as error:
                self._say(f"{label}: FAILED: {error}")
                with self._lock:
                    failures[job.machine.name] = error

        with ThreadPoolExecutor(self._request.limits.guests) as pool:
            list(pool.map(do, enumerate(work, start=1)))
        return failures

    def _act(self, job: _Job, label: str) -> None:
        machine, decision, node = job.machine, job.decision, job.node
        if job.guest is None:
            with self._timed(label, f"cloned to {machine.hypervisor}"):
                template_node, template = self._templates[machine.template]
                self._actor.clone(machine, template, template_node)
            # What was foretold from the template is decided anew on the guest as it really is.
            guest = self._actor.settled(machine.vmid)
            if guest is None:
                raise RenfortError(
                    f"{machine.name} ({machine.vmid}) was cloned and is gone.", hint="Run again."
                )
            state, node = self._actor.state(guest), guest.node
            decision = self._decide(machine, state, host_key_known=False)
        for action in decision.actions:
            with self._timed(label, _done(action, node)):
                self._actor.carry_out(action, machine, node)

    def _await_list(self, machines: Sequence[Machine], seen: Sequence[Guest]) -> dict[str, RenfortError]:
        """Wait until the resource list, which the inventory reads, shows the machines.

        ``seen`` is what the list showed already, if that still holds. Returns the machines it lacks.
        """
        deadline = time.monotonic() + LIST_WAIT_S
        late = _not_shown(machines, seen)
        while late and time.monotonic() < deadline:
            late = _not_shown(machines, read_guests(self._client))
            if late:
                self._client.sleep(1.0)
        return {machine.name: _not_listed(machine) for machine in late}

    @contextlib.contextmanager
    def _timed(self, label: str, text: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._say(f"{label}: {text} ({time.monotonic() - began:.1f} s)")

    def _say(self, line: str) -> None:
        with self._lock:
            self._tell(line)


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


def _done(action: Action, node: str) -> str:
    """Return what to say when an action is done."""
    keys = ", ".join(change.key for change in action.changes)
    return {
        Kind.CLONE: f"cloned to {node}",
        Kind.STOP: "shut down",
        Kind.CONFIGURE: f"configured: {keys}",
        Kind.GROW: f"disk grown: {action.reason}",
        Kind.POOL: f"moved, {action.reason}",
        Kind.START: f"started on {node}",
        Kind.HOST_KEY: "agent answers, host key recorded",
    }[action.kind]
