# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of a provisioning happens at once, and how long each thing may take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .core.machine import Machine
from .lanes import Lane, Width


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Counts, and times in seconds.

    ``clones_per_storage`` and the like are upper bounds: how many really run at once is learnt from the
    locks. ``lock_s`` is how long busy locks are waited out for one guest, ``lock_pause_s`` about how long
    until the next try.
    """

    workers: int = 48
    clones_per_storage: int = 16
    clones_per_template: int = 32
    clones_per_hypervisor: int = 8
    starts_per_hypervisor: int = 4
    changes_per_hypervisor: int = 3
    questions_per_hypervisor: int = 2
    task_s: float = 600.0
    shutdown_s: float = 180.0
    agent_s: float = 300.0
    agent_pause_s: float = 2.0
    lock_s: float = 900.0
    lock_pause_s: float = 1.0

    def widths(self) -> Mapping[str, Width]:
        """Return the lanes' widths by kind.

        A hypervisor's daemon has three workers for all calls, so few changes and questions go to each.
        """
        return {
            "storage": Width(first=min(2, self.clones_per_storage), most=self.clones_per_storage),
            "template": Width.fixed(self.clones_per_template),
            "hypervisor": Width.fixed(self.clones_per_hypervisor),
            "change": Width.fixed(self.changes_per_hypervisor),
            "start": Width.fixed(self.starts_per_hypervisor),
            "question": Width.fixed(self.questions_per_hypervisor),
        }


def clone_lanes(machine: Machine, *, shared: bool) -> tuple[Lane, ...]:
    """Return what the making of a guest uses: its storage, its template, its hypervisor.

    A storage that is not ``shared`` is another one, with another lock, on each hypervisor.
    """
    storage = machine.storage if shared else f"{machine.storage} of {machine.hypervisor}"
    return (("storage", storage), ("template", str(machine.template)), ("hypervisor", machine.hypervisor))
