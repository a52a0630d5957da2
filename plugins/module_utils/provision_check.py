# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the planned machines fit the cluster as it is now, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .core.errors import RenfortError
from .core.machine import Machine
from .provision_decide import StrangerError
from .proxmox_cluster import ClusterView, Guest, Hypervisor
from .proxmox_errors import PRIVILEGES_PAGE

Refused = dict[str, RenfortError]
"""A machine's name to the reason why it cannot be worked on; the others can."""


def check_places(machines: Iterable[Machine], view: ClusterView) -> Refused:
    """Return the machines whose hypervisor is off-line, unknown, or out of memory.

    Raises:
        StrangerError: a planned id belongs to a container or to a template.
        RenfortError: the API token may not see a hypervisor's memory.
    """
    refused: Refused = {}
    nodes = {node.name: node for node in view.hypervisors}
    free = {node.name: node.memory_mib - _promised(node, view) for node in view.hypervisors}
    for machine in machines:
        guest = view.guest(machine.vmid)
        if guest is not None:
            _refuse_kind(machine, guest)
        problem = _place_problem(machine, guest, view)
        if problem is None and guest is None:
            _refuse_blind(nodes[machine.hypervisor])
            free[machine.hypervisor] -= machine.memory_mib
            problem = _memory_problem(machine, free[machine.hypervisor])
        if problem is not None:
            refused[machine.name] = problem
    return refused


def _promised(node: Hypervisor, view: ClusterView) -> int:
    """The MiB of all guests of a hypervisor, running or not: a stopped one may be started at any time."""
    return sum(guest.memory_mib for guest in view.guests if guest.node == node.name and not guest.template)


def _refuse_kind(machine: Machine, guest: Guest) -> None:
    if guest.type == "qemu" and not guest.template:
        return
    what = "a template" if guest.template else "a container"
    raise StrangerError(
        f"The plan gives id {machine.vmid} to {machine.name}, but "
        f"{guest.name or 'a guest without a name'} on {guest.node} bears it and is {what}: "
        "it was not touched.",
        hint="Plan again to get another id.",
    )


def _refuse_blind(node: Hypervisor) -> None:
    """An on-line hypervisor of no memory is one whose figures the token may not see."""
    if node.online and not node.memory_mib:
        raise RenfortError(
            f"The API does not tell how much memory {node.name} has, so nothing can be placed there safely.",
            hint=f"Give the API token Sys.Audit on /nodes; {PRIVILEGES_PAGE} lists all that it needs.",
        )


def _place_problem(machine: Machine, guest: Guest | None, view: ClusterView) -> RenfortError | None:
    name = guest.node if guest else machine.hypervisor
    node = view.hypervisor(name)
    doing = "change" if guest else "make"
    if node is None:
        known = ", ".join(item.name for item in view.hypervisors) or "none"
        return RenfortError(
            f"Cannot {doing} {machine.name} ({machine.vmid}): the cluster has no hypervisor {name}.",
            hint=f"It has: {known}. Plan again.",
        )
    if not node.online:
        return RenfortError(
            f"Cannot {doing} {machine.name} ({machine.vmid}): its hypervisor {name} is off-line.",
            hint="Bring it back and run again, or take it out of the stock and plan again.",
        )
    return None


def _memory_problem(machine: Machine, left_mib: int) -> RenfortError | None:
    if left_mib >= 0:
        return None
    return RenfortError(
        f"Cannot make {machine.name} ({machine.vmid}): {machine.hypervisor} lacks {-left_mib} MiB of memory "
        f"for its {machine.memory_mib} MiB beside the guests that it has now.",
        hint="Guests were added there since the plan was made: plan again.",
    )
