# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out the actions of one guest through the API, each so that an interrupted run can be run again."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any

from .core.machine import Machine
from .hostkeys import KnownHosts
from .provision_changes import CLAIM, MANAGED, Change
from .provision_decide import Action, GuestState, Kind, guest_state, is_own, linked
from .provision_limits import Limits
from .proxmox import Client
from .proxmox_cluster import Guest, read_guests
from .proxmox_errors import (
    ChangedError,
    ExistsError,
    FileMissingError,
    GuestMissingError,
    HalfMadeError,
    OutcomeUnknownError,
    TakenError,
    TaskFailedError,
    TaskTimeoutError,
)

HOST_KEY_FILE = "/etc/ssh/ssh_host_ed25519_key.pub"
"""The file in the guest that holds its public host key."""

IDLE_LOOKS = 3
"""So often no clone may be seen at work before one that was cut off is given up; lists lag a little."""

DISK_TRIES = 4
"""So often a disk is added to a guest that others change at the same time, or of which no answer comes."""


class Actor:
    """The hands of the provisioning: every method does one action on one guest and waits for its end."""

    def __init__(self, client: Client, known_hosts: KnownHosts, limits: Limits) -> None:
        self._client = client
        self._known_hosts = known_hosts
        self._limits = limits

    def state(self, guest: Guest) -> GuestState:
        """Return the guest as it is now; the list lags, so one that it shows as not running is asked."""
        path = f"nodes/{guest.node}/qemu/{guest.vmid}"
        rows = self._client.get(f"{path}/pending", doing=f"read the configuration of guest {guest.vmid}")
        running = guest.status == "running"
        if not running:
            status = self._client.get(f"{path}/status/current", doing=f"read the state of guest {guest.vmid}")
            running = status.get("status") == "running"
        return guest_state(rows, node=guest.node, running=running, pool=guest.pool)

    def fresh_state(self, machine: Machine) -> GuestState:
        """Return the state of the guest that was just cloned: where it was to be, or where it is found."""
        path = f"nodes/{machine.hypervisor}/qemu/{machine.vmid}/pending"
        try:
            rows = self._client.get(path, doing=f"read the configuration of {machine.name}")
        except GuestMissingError:
            found = self.settled(machine.vmid)
            if found is None:
                raise
            return self.state(found)
        return guest_state(rows, node=machine.hypervisor, running=False, pool=machine.pool)

    def settled(self, vmid: int) -> Guest | None:
        """Return the guest of an id once no clone of it is under way; None when there is none.

        Raises:
            HalfMadeError: a clone was cut off by the hypervisor's own failure; nobody goes on with it.
            TaskTimeoutError: the clone had not ended in time.
        """
        deadline, idle = time.monotonic() + self._limits.task_s, 0
        while True:
            guest = next((item for item in read_guests(self._client) if item.vmid == vmid), None)
            if guest is None or not self._being_cloned(guest):
                return guest
            idle = 0 if self._clones_run() else idle + 1
            if idle > IDLE_LOOKS:
                raise HalfMadeError(
                    f"Guest {vmid} on {guest.node} was left half made: its clone was cut off, and no "
                    "token may unlock it.",
                    hint=f"On {guest.node}: `qm unlock {vmid} && qm destroy {vmid}`, then run again.",
                )
            if time.monotonic() >= deadline:
                raise TaskTimeoutError(
                    f"Guest {vmid} on {guest.node} is still being cloned after {self._limits.task_s:.0f} s.",
                    hint="Look at the running tasks of this hypervisor, and run again when it has ended.",
                )
            self._client.sleep(1.0)

    def _clones_run(self) -> bool:
        rows = self._client.get("cluster/tasks", doing="look for clones that are under way")
        return any(row.get("type") == "qmclone" and not row.get("endtime") for row in rows)

    def clone(self, machine: Machine, template: Mapping[str, Any], template_node: str) -> None:
        """Make the guest. An answer that leaves it open whether it was made is settled by looking.

        Raises:
            LockBusyError: a lock was busy; nothing was made.
            TakenError: somebody else's guest has the id.
            OutcomeUnknownError: nothing was made; another try is safe.
        """
        self._known_hosts.forget(machine.ip)
        try:
            self._clone_once(machine, template, template_node)
        except (OutcomeUnknownError, ExistsError):
            guest = self.settled(machine.vmid)
            if guest is None:
                raise
            state = self.state(guest)
            if not is_own(machine, state):
                raise TakenError(machine.vmid, guest) from None

    def carry_out(self, action: Action, machine: Machine, node: str, *, running: bool) -> tuple[Change, ...]:
        """Do any action but a clone; return the changes that a ``running`` guest did not take after all."""
        steps: dict[Kind, Callable[[], None]] = {
            Kind.STOP: lambda: self._stop(machine, node),
            Kind.CONFIGURE: lambda: self._configure(action, machine, node),
            Kind.ADD_DISK: lambda: self._add_disk(action, machine, node),
            Kind.GROW: lambda: self._grow(action, machine, node),
            Kind.POOL: lambda: self._join_pool(machine),
            Kind.START: lambda: self._start(machine, node),
            Kind.HOST_KEY: lambda: self._record_host_key(machine, node),
        }
        steps[action.kind]()
        plugged = tuple(it for it in action.changes if it.key in MANAGED and not it.restarts)
        return self._refused(plugged, machine, node) if running and plugged else ()

    def _refused(self, plugged: tuple[Change, ...], machine: Machine, node: str) -> tuple[Change, ...]:
        path = f"nodes/{node}/qemu/{machine.vmid}/pending"
        rows = self._client.get(path, doing=f"read what {machine.name} took of its changes")
        waiting = guest_state(rows, node=node, running=True, pool="").live
        return tuple(change for change in plugged if change.key in waiting)

    def _clone_once(self, machine: Machine, template: Mapping[str, Any], template_node: str) -> None:
        doing = (
            f"clone template {machine.template} to {machine.name} ({machine.vmid}) on {machine.hypervisor}"
        )
        data: dict[str, Any] = {
            "newid": machine.vmid,
            "name": machine.name,
            "target": machine.hypervisor,
            "description": f"{CLAIM}{machine.name}",
        }
        if machine.pool:
            data["pool"] = machine.pool
        if not linked(machine, template):
            data |= {"full": 1, "storage": machine.storage}
        path = f"nodes/{template_node}/qemu/{machine.template}/clone"
        upid = self._client.post(path, doing=doing, **data)
        self._client.wait(str(upid), doing=doing, timeout_s=self._limits.task_s)

    def _being_cloned(self, guest: Guest) -> bool:
        if guest.lock:
            return guest.lock == "clone"
        try:
            config = self._client.get(
                f"nodes/{guest.node}/qemu/{guest.vmid}/config", doing=f"read guest {guest.vmid}"
            )
        except GuestMissingError:
            # A clone to another hypervisor is made at the template's and moved at its end.
            return True
        return str(config.get("lock", "")) == "clone"

    def _submit(self, write: Callable[[], Any], doing: str, *, timeout_s: float | None = None) -> None:
        """Send a call that starts a task and wait for its end, again while a lock is busy."""

        def attempt() -> None:
            upid = write()
            if upid:
                self._client.wait(str(upid), doing=doing, timeout_s=timeout_s or self._limits.task_s)

        self._client.retry_lock(attempt)

    def _repeatable(self, write: Callable[[], None]) -> None:
        """Write a state to reach: where nobody knows whether it took effect, twice does no harm."""
        try:
            write()
        except OutcomeUnknownError:
            self._client.sleep(2.0)
            write()

    def _configure(self, action: Action, machine: Machine, node: str) -> None:
        data = {change.key: change.value for change in action.changes if change.value is not None}
        gone = ",".join(change.key for change in action.changes if change.value is None)
        if gone:
            data["delete"] = gone
        path, doing = f"nodes/{node}/qemu/{machine.vmid}/config", f"configure {machine.name} ({machine.vmid})"
        self._repeatable(lambda: self._submit(lambda: self._client.put(path, doing=doing, **data), doing))

    def _add_disk(self, action: Action, machine: Machine, node: str) -> None:
        """Add a disk, unless another run has done it before or meanwhile: sent twice there would be two."""
        change = action.changes[0]
        path = f"nodes/{node}/qemu/{machine.vmid}/config"
        doing = f"add disk {change.key} ({change.after}) to {machine.name} ({machine.vmid})"
        for left in reversed(range(DISK_TRIES)):
            config = self._client.get(path, doing=f"read the disks of {machine.name}")
            if config.get(change.key):
                return
            # With the digest nothing is added to a guest that has got its disk since it was read.
            data = {change.key: change.value, "digest": config["digest"]}
            try:
                self._submit(functools.partial(self._client.put, path, doing=doing, **data), doing)
                return
            except (OutcomeUnknownError, ChangedError):
                if not left:
                    raise
                self._client.sleep(2.0)

    def _grow(self, action: Action, machine: Machine, node: str) -> None:
        change = action.changes[0]
        doing = f"grow disk {change.key} of {machine.name} ({machine.vmid}) to {change.after}"
        path = f"nodes/{node}/qemu/{machine.vmid}/resize"
        data = {"disk": change.key, "size": change.value}
        self._repeatable(lambda: self._submit(lambda: self._client.put(path, doing=doing, **data), doing))

    def _join_pool(self, machine: Machine) -> None:
        doing = f"move {machine.name} ({machine.vmid}) to the pool {machine.pool}"
        data: dict[str, Any] = {"vms": machine.vmid, "allow-move": 1}
        path = f"pools/{machine.pool}"
        self._repeatable(lambda: self._submit(lambda: self._client.put(path, doing=doing, **data), doing))

    def _stop(self, machine: Machine, node: str) -> None:
        doing = f"shut down {machine.name} ({machine.vmid})"
        path = f"nodes/{node}/qemu/{machine.vmid}/status/shutdown"
        wait_s = self._limits.shutdown_s
        self._power(
            lambda: self._submit(
                lambda: self._client.post(path, doing=doing, timeout=int(wait_s)),
                doing,
                timeout_s=wait_s + 30,
            ),
            machine,
            node,
            wanted="stopped",
        )

    def _start(self, machine: Machine, node: str) -> None:
        doing = f"start {machine.name} ({machine.vmid}) on {node}"
        path = f"nodes/{node}/qemu/{machine.vmid}/status/start"
        self._power(
            lambda: self._submit(lambda: self._client.post(path, doing=doing), doing),
            machine,
            node,
            wanted="running",
        )

    def _power(self, attempt: Callable[[], None], machine: Machine, node: str, *, wanted: str) -> None:
        """Change the power state; after a failure look, since an interrupted run's task may have done it."""
        try:
            attempt()
        except (OutcomeUnknownError, TaskFailedError) as error:
            self._client.sleep(2.0)
            status = self._client.get(
                f"nodes/{node}/qemu/{machine.vmid}/status/current", doing=f"read the state of {machine.name}"
            )
            if status.get("status") == wanted:
                return
            if isinstance(error, TaskFailedError):
                raise
            attempt()

    def _record_host_key(self, machine: Machine, node: str) -> None:
        """Record the guest's public host key, read through its agent.

        Raises:
            AgentSilentError, FileMissingError: the agent, or the key, is not there yet.
        """
        path = f"nodes/{node}/qemu/{machine.vmid}/agent/file-read"
        doing = f"read the ssh host key of {machine.name} ({machine.vmid}) through its agent"
        content = str(self._client.get(path, doing=doing, file=HOST_KEY_FILE).get("content", ""))
        # ssh-keygen creates the file before it writes it: a line that has no end yet is not read.
        if not content.endswith("\n"):
            raise FileMissingError(f"Could not {doing}: {HOST_KEY_FILE} has no whole line.")
        self._known_hosts.record(machine.ip, content)
