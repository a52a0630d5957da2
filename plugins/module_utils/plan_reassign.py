# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Give planned machines other ids and addresses in the plan file, before anything is made with them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .core.machine import Machine
from .core.plan import Plan
from .core.spares import Wanted, reassign
from .inputs import load_plan, plan_lock, write_plan
from .provision_taken import Taken

LOCK_WAIT_S = 30.0
"""How long the lock of the plan is waited for, in seconds: others hold it for moments."""


class PlanFile:
    """A plan file as the source of other ids and addresses; in a dry run it is only read."""

    def __init__(self, path: Path | str, *, dry_run: bool = False) -> None:
        self._path = Path(path)
        self._dry_run = dry_run

    def reassign(self, taken: Taken) -> Mapping[str, Machine]:
        """Return the machines with what they get instead, by name, once the file says so.

        Whatever the moment at which a run is cut off: what was given is in the file before it is used, so
        that the next run uses the same.

        Raises:
            RenfortError: nothing is left to give, or the file is locked or cannot be written.
        """
        if self._dry_run:
            return _named(self._changed(taken), taken)
        with plan_lock(self._path, wait_s=LOCK_WAIT_S):
            plan = self._changed(taken)
            write_plan(self._path, plan)
        return _named(plan, taken)

    def _changed(self, taken: Taken) -> Plan:
        wanted = {name: Wanted(what=what, value=value) for name, (what, value) in taken.machines.items()}
        return reassign(load_plan(self._path), wanted, ids=taken.ids, addresses=taken.addresses)


def _named(plan: Plan, taken: Taken) -> Mapping[str, Machine]:
    return {machine.name: machine for machine in plan.machines if machine.name in taken.machines}
