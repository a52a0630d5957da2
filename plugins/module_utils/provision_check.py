# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the planned machines fit the cluster as it is now, before anything is written. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .core.errors import RenfortError
from .core.machine import Machine
from .proxmox_cluster import ClusterView, Guest, Hypervisor
from .proxmox_errors import PRIVILEGES_PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The machines that cannot be worked on, by name; the others can.

    ``refused`` are those that do not fit, with the reason; ``skipped`` those whose hypervisor is off-line
    or in maintenance, which says nothing against the plan.
    """

    refused: Mapping[str, RenfortError]
    skipped: Mapping[str, str]


def check_places(machines: Iterable[Machine], view: ClusterView) -> Places:
    """Return the machines whose hypervisor is unknown, out of memory, off-line or in maintenance.

    Raises:
        RenfortError: the API token may not see a hypervisor's memory.
    """
    refused: dict[str, RenfortError] = {}
    skipped: dict[str, str] = {}
    free = {node.name: node.memory_mib - _promised(node, view) for node in view.hypervisors}
    for machine in machines:
        guest = view.guest(machine.vmid)
        name = guest.node if guest else machine.hypervisor
        node = view.hypervisor(name)
        if node is None:
            refused[machine.name] = _unknown(machine, name, view)
        elif not node.online or node.maintenance:
            skipped[machine.name] = f"{name} is {'in maintenance' if node.online else 'off-line'}"
        elif guest is None:
            _refuse_blind(node)
            free[name] -= machine.memory_mib
            if free[name] < 0:
                refused[machine.name] = _too_full(machine, -free[name])
    return Places(refused=refused, skipped=skipped)


def kind_problem(guest: Guest) -> str:
    """Return why the guest of a planned id can be no machine of the plan; empty when it may be one."""
    if guest.type == "qemu" and not guest.template:
        return ""
    return f"is {'a template' if guest.template else 'a container'}"


def _promised(node: Hypervisor, view: ClusterView) -> int:
    """The MiB of all guests of a hypervisor, running or not: a stopped one may be started at any time."""
    return sum(guest.memory_mib for guest in view.guests if guest.node == node.name and not guest.template)


def _refuse_blind(node: Hypervisor) -> None:
    """An on-line hypervisor of no memory is one whose figures the token may not see."""
    if not node.memory_mib:
        raise RenfortError(
            f"The API does not tell how much memory {node.name} has, so nothing can be placed there safely.",
            hint=f"Give the API token Sys.Audit on /nodes; {PRIVILEGES_PAGE} lists all that it needs.",
        )


def _unknown(machine: Machine, name: str, view: ClusterView) -> RenfortError:
    known = ", ".join(item.name for item in view.hypervisors) or "none"
    return RenfortError(
        f"Cannot make {machine.name} ({machine.vmid}): the cluster has no hypervisor {name}.",
        hint=f"It has: {known}. Plan again.",
    )


def _too_full(machine: Machine, lacking_mib: int) -> RenfortError:
    return RenfortError(
        f"Cannot make {machine.name} ({machine.vmid}): {machine.hypervisor} lacks {lacking_mib} MiB of "
        f"memory for its {machine.memory_mib} MiB beside the guests that it has now.",
        hint="Guests were added there since the plan was made: plan again.",
    )
