# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at every planned guest and decide what to do with it; nothing is written to the cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from .address_probe import AddressProbe
from .core.errors import RenfortError
from .core.machine import Machine
from .hostkeys import KnownHosts
from .provision_act import Actor
from .provision_changes import Access
from .provision_check import kind_problem
from .provision_course import Job
from .provision_decide import Decision, GuestState, StrangerError, decide
from .provision_disks import SlotTakenError
from .provision_taken import Conflict, Move, Reassign, address_conflicts, taken_by
from .proxmox import Client
from .proxmox_cluster import ClusterView
from .proxmox_errors import (
    GuestMissingError,
    HalfMadeError,
    HypervisorSilentError,
    ProxmoxError,
    TaskTimeoutError,
)

READERS = 8
"""How many guests are read at once."""

ROUNDS = 5
"""How often machines may get other ids or addresses before something else must be wrong."""

Templates = Mapping[int, tuple[str, Mapping[str, Any]]]
"""The templates that are needed: by id their hypervisor and configuration."""


class Wanted(Protocol):
    """The part of a request that looking needs."""

    @property
    def access(self) -> Access:
        """How people and Ansible get in."""

    @property
    def allow_restart(self) -> bool:
        """Whether a running guest may be shut down."""

    @property
    def dry_run(self) -> bool:
        """Whether nothing is to be written."""

    @property
    def probe(self) -> bool:
        """Whether addresses are asked whether somebody has them."""

    @property
    def reassign(self) -> Reassign | None:
        """What gives machines other ids and addresses."""


def read_templates(client: Client, machines: Iterable[Machine], view: ClusterView) -> Templates:
    """Return each template that a missing machine is to be cloned from.

    Raises:
        RenfortError: it is not there, or is none.
    """
    missing = [machine for machine in machines if view.guest(machine.vmid) is None]
    templates: dict[int, tuple[str, Mapping[str, Any]]] = {}
    for vmid in sorted({machine.template for machine in missing}):
        guest, config = view.guest(vmid), {}
        if guest is not None:
            config = client.get(
                f"nodes/{guest.node}/qemu/{vmid}/config", doing=f"read the configuration of template {vmid}"
            )
        # The list shows only after some seconds that a guest has become a template.
        if guest is None or not config.get("template"):
            what = "is no template" if guest else "is not in the cluster"
            names = ", ".join(machine.name for machine in missing if machine.template == vmid)
            raise RenfortError(
                f"Cannot clone {names}: the plan names template {vmid}, which {what}.",
                hint="Make the template, correct its id in the inputs and plan again, or check that the "
                "API token may see it (VM.Audit).",
            )
        templates[vmid] = (guest.node, config)
    return templates


class Look:
    """Finds the guests of machines, and decides.

    ``moves`` are the ids and addresses that were changed, ``failures`` what could not be looked at, by name.
    """

    def __init__(
        self,
        actor: Actor,
        wanted: Wanted,
        templates: Templates,
        known_hosts: KnownHosts,
        tell: Callable[[str], None],
    ) -> None:
        self._actor = actor
        self._wanted = wanted
        self._templates = templates
        self._known = known_hosts.hosts()
        self._tell = tell
        self._probe = AddressProbe() if wanted.probe else None
        self.moves: list[Move] = []
        self.failures: dict[str, RenfortError] = {}

    def jobs(self, machines: Sequence[Machine], view: ClusterView) -> list[Job]:
        """Return the job of every machine that can be looked at, in their order; the others are `failures`.

        A machine whose id or address somebody took gets the next one, if that is wanted.

        Raises:
            StrangerError: a planned id is somebody else's and there is nobody who gives another.
            RenfortError: the same of an address, or the cluster cannot be asked.
        """
        order = [machine.name for machine in machines]
        found: dict[str, Job] = {}
        todo = list(machines)
        for _ in range(ROUNDS):
            conflicts = self._look(todo, view, found)
            if not conflicts:
                return [found[name] for name in order if name in found]
            todo = self.reassigned(conflicts, view)
        raise conflicts[0].error

    @property
    def remarks(self) -> tuple[str, ...]:
        """What people should know beside that."""
        return self._probe.remarks if self._probe else ()

    def decide(self, machine: Machine, guest: GuestState | None, *, host_key_known: bool) -> Decision:
        """Return what makes the guest the planned machine."""
        return decide(
            machine,
            guest,
            template=self._templates.get(machine.template, ("", {}))[1],
            access=self._wanted.access,
            host_key_known=host_key_known,
            allow_restart=self._wanted.allow_restart,
        )

    def reassigned(self, conflicts: Sequence[Conflict], view: ClusterView) -> list[Machine]:
        """Return the machines of conflicts with other ids and addresses; an error if nobody gives any."""
        if self._wanted.reassign is None:
            raise conflicts[0].error
        machines = self._wanted.reassign(
            taken_by(conflicts, view, self._probe.answered if self._probe else ())
        )
        for conflict in conflicts:
            old, new = conflict.machine, machines[conflict.machine.name]
            before, after = (old.vmid, new.vmid) if conflict.what == "id" else (old.ip, new.ip)
            self.moves.append(
                Move(machine=old.name, what=conflict.what, before=str(before), after=str(after))
            )
            self._tell(
                f"{old.name}: {conflict.what} {before} is taken, it gets {after}, as the plan says now. "
                f"{conflict.error.message}"
            )
        return [machines[conflict.machine.name] for conflict in conflicts]

    def _look(self, machines: Sequence[Machine], view: ClusterView, found: dict[str, Job]) -> list[Conflict]:
        """Add the jobs of machines to those found; return the conflicts that stand against the others."""
        missing = [machine for machine in machines if view.guest(machine.vmid) is None]
        conflicts = address_conflicts(missing, view, self._probe)
        clashing = {conflict.machine.name for conflict in conflicts}
        with ThreadPoolExecutor(READERS) as pool:
            looked = list(pool.map(lambda machine: self._try(machine, view), machines))
        for machine, seen in zip(machines, looked, strict=True):
            if isinstance(seen, Conflict):
                conflicts.append(seen)
            elif isinstance(seen, ProxmoxError):
                self.failures[machine.name] = seen
            elif machine.name not in clashing:
                found[machine.name] = seen
        return conflicts

    def _try(self, machine: Machine, view: ClusterView) -> Job | Conflict | ProxmoxError:
        """Look at one machine; what is wrong with its guest alone stops no other."""
        try:
            return self._one(machine, view)
        except (
            GuestMissingError,
            HalfMadeError,
            HypervisorSilentError,
            SlotTakenError,
            TaskTimeoutError,
        ) as error:
            return error

    def _one(self, machine: Machine, view: ClusterView) -> Job | Conflict:
        guest = view.guest(machine.vmid)
        if guest is not None and (problem := kind_problem(guest)):
            error = StrangerError(
                f"The plan gives id {machine.vmid} to {machine.name}, but "
                f"{guest.name or 'a guest without a name'} on {guest.node} bears it and {problem}: "
                "it was not touched.",
                hint="Plan again to get another id.",
            )
            return Conflict(machine=machine, what="id", error=error)
        if guest is not None and not self._wanted.dry_run and guest.lock == "clone":
            guest = self._actor.settled(machine.vmid)
        state = None if guest is None else self._actor.state(guest)
        try:
            decision = self.decide(machine, state, host_key_known=machine.ip in self._known)
        except StrangerError as error:
            return Conflict(machine=machine, what="id", error=error)
        return Job(decision=decision, guest=state)
