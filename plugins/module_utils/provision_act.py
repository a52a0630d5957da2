# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Carry out the actions of one guest through the API, each so that an interrupted run can be run again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .core.machine import Machine
from .hostkeys import KnownHosts
from .provision_decide import CLAIM, Action, GuestState, Kind, is_claimed, linked
from .proxmox import Client
from .proxmox_cluster import Guest, read_guests
from .proxmox_errors import (
    AgentSilentError,
    ExistsError,
    FileMissingError,
    GuestMissingError,
    OutcomeUnknownError,
    ProxmoxError,
    TaskFailedError,
    TaskTimeoutError,
)

HOST_KEY_FILE = "/etc/ssh/ssh_host_ed25519_key.pub"
"""The file in the guest that holds its public host key."""

CLONE_TRIES = 4
"""How often a clone is asked for when the hypervisor has no worker for it and made nothing."""

AGENT_PAUSE_S = 1.0
"""Seconds between two questions to an agent that is silent: each costs the hypervisor some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much happens at once, and how long each thing may take, in seconds."""

    guests: int = 8
    clones: int = 2
    task_s: float = 600.0
    shutdown_s: float = 180.0
    agent_s: float = 300.0


class Actor:
    """The hands of the provisioning: every method does one action on one guest and waits for its end."""

    def __init__(self, client: Client, known_hosts: KnownHosts, limits: Limits) -> None:
        self._client = client
        self._known_hosts = known_hosts
        self._limits = limits
        self._clones = threading.BoundedSemaphore(limits.clones)

    def state(self, guest: Guest) -> GuestState:
        """Return the guest as it is now; the list lags, so one that it shows as not running is asked."""
        path = f"nodes/{guest.node}/qemu/{guest.vmid}"
        config = self._client.get(f"{path}/config", doing=f"read the configuration of guest {guest.vmid}")
        running = guest.status == "running"
        if not running:
            status = self._client.get(f"{path}/status/current", doing=f"read the state of guest {guest.vmid}")
            running = status.get("status") == "running"
        return GuestState(node=guest.node, running=running, pool=guest.pool, config=config)

    def settled(self, vmid: int) -> Guest | None:
        """Return the guest of an id once no clone of it is under way; None when there is none.

        Raises:
            TaskTimeoutError: the clone had not ended in time.
        """
        deadline = time.monotonic() + self._limits.task_s
        while True:
            guest = next((item for item in read_guests(self._client) if item.vmid == vmid), None)
            if guest is None or not self._being_cloned(guest):
                return guest
            if time.monotonic() >= deadline:
                raise TaskTimeoutError(
                    f"Guest {vmid} on {guest.node} is still being cloned after {self._limits.task_s:.0f} s.",
                    hint="Look at the running tasks of this hypervisor, and run again when it has ended.",
                )
            self._client.sleep(1.0)

    def clone(self, machine: Machine, template: Mapping[str, Any], template_node: str) -> None:
        """Make the guest. An answer that leaves it open whether it was made is settled by looking."""
        self._known_hosts.forget(machine.ip)
        with self._clones:
            for number in range(1, CLONE_TRIES + 1):
                try:
                    self._clone_once(machine, template, template_node)
                    return
                except OutcomeUnknownError:
                    guest = self.settled(machine.vmid)
                    if guest is not None:
                        self._claim(machine, guest)
                        return
                    if number == CLONE_TRIES:
                        raise
                    self._client.sleep(float(number))

    def carry_out(self, action: Action, machine: Machine, node: str) -> None:
        """Do any action but a clone."""
        steps: dict[Kind, Callable[[], None]] = {
            Kind.STOP: lambda: self._stop(machine, node),
            Kind.CONFIGURE: lambda: self._configure(action, machine, node),
            Kind.GROW: lambda: self._grow(action, machine, node),
            Kind.POOL: lambda: self._join_pool(machine),
            Kind.START: lambda: self._start(machine, node),
            Kind.HOST_KEY: lambda: self._record_host_key(machine, node),
        }
        steps[action.kind]()

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
        self._submit(lambda: self._client.post(path, doing=doing, **data), doing)

    def _claim(self, machine: Machine, guest: Guest) -> None:
        """Go on only if the guest that is there now is the clone that was asked for."""
        if not is_claimed(machine, self.state(guest).config):
            raise ExistsError(
                f"Could not clone to {machine.name}: id {machine.vmid} was taken by the guest "
                f"{guest.name or 'without a name'} on {guest.node} meanwhile.",
                hint="Plan again to get another id.",
            )

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
        self._known_hosts.record(machine.ip, self._read_host_key(machine, node))

    def _read_host_key(self, machine: Machine, node: str) -> str:
        """Return the guest's public host key, read through its agent as soon as both are there."""
        path = f"nodes/{node}/qemu/{machine.vmid}/agent/file-read"
        doing = f"read the ssh host key of {machine.name} ({machine.vmid}) through its agent"
        deadline = time.monotonic() + self._limits.agent_s
        while True:
            problem: ProxmoxError | None = None
            try:
                content = str(self._client.get(path, doing=doing, file=HOST_KEY_FILE).get("content", ""))
            except (AgentSilentError, FileMissingError) as error:
                content, problem = "", error
            # ssh-keygen creates the file before it writes it: a line that has no end yet is not read.
            if content.endswith("\n"):
                return content
            if time.monotonic() >= deadline:
                raise problem or ProxmoxError(f"Could not {doing}: {HOST_KEY_FILE} has no whole line.")
            self._client.sleep(AGENT_PAUSE_S)
