# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: every machine that must exist, and the demand that the stock cannot serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any

from .fields import Fields
from .machine import Machine
from .names import order_key
from .plan_format import MACHINE_KEYS, RECORDS, as_data, parse_machine, refuse_doubles
from .plan_records import Change, Order, Served, Shortage, SpareIds, SpareNetwork, Stage
from .server_use import ServerUse

PLAN_KEY = "renfort_fleet"
"""The top key of a plan file."""

PLAN_VERSION = 3
"""The version of the plan's format.

Version 1, which had machines and shortages only, and 2, in which servers had no state and which had no
spare ids and networks, are read too.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The machines and servers in the order of tier, tenant and number, and what follows from them.

    ``machines`` are guests; ``servers`` become hypervisors or are machines themselves. ``ids`` and
    ``networks`` are where another id or address is taken from when somebody took a planned one.
    """

    machines: tuple[Machine, ...] = ()
    servers: tuple[ServerUse, ...] = ()
    shortages: tuple[Shortage, ...] = ()
    served: tuple[Served, ...] = ()
    stages: tuple[Stage, ...] = ()
    orders: tuple[Order, ...] = ()
    ids: tuple[SpareIds, ...] = ()
    networks: tuple[SpareNetwork, ...] = ()

    @classmethod
    def of(
        cls,
        *,
        machines: Iterable[Machine],
        servers: Iterable[ServerUse] = (),
        shortages: Iterable[Shortage] = (),
        served: Iterable[Served] = (),
        stages: Iterable[Stage] = (),
        orders: Iterable[Order] = (),
        ids: Iterable[SpareIds] = (),
        networks: Iterable[SpareNetwork] = (),
    ) -> Plan:
        """Return the plan with everything in its fixed order."""
        by_order = sorted(machines, key=lambda m: order_key(tier=m.tier, tenant=m.tenant, name=m.name))
        short = sorted(shortages, key=lambda s: order_key(tier=s.tier, tenant=s.tenant, name=""))
        return cls(
            machines=tuple(by_order),
            servers=tuple(sorted(servers, key=lambda server: server.name)),
            shortages=tuple(short),
            served=tuple(sorted(served, key=lambda item: item.tenant)),
            stages=tuple(stages),
            orders=tuple(orders),
            ids=tuple(ids),
            networks=tuple(networks),
        )

    @classmethod
    def from_data(cls, data: object, *, file: str) -> Plan:
        """Return the plan held by the mapping under ``renfort_fleet``.

        Raises:
            InputError: the data is no plan of a known version, or names, ids or addresses are not unique.
        """
        top = Fields(file=file, key=PLAN_KEY, data=data)
        version = top.integer("version", minimum=1)
        if version > PLAN_VERSION:
            raise top.error("version", f"{version} is not readable here", f"{PLAN_VERSION} or older")
        if version == 1:
            machines = [parse_machine(item) for item in top.items("machines", MACHINE_KEYS)]
            refuse_doubles(top, PLAN_KEY, machines, [])
            return cls.of(machines=machines)
        top = top.only(("version", *RECORDS))
        found = {
            name: [record.parse(item) for item in top.items(name, record.keys)]
            for name, record in RECORDS.items()
            if name in top or not record.optional
        }
        refuse_doubles(top, PLAN_KEY, found["machines"], found["servers"])
        return cls.of(**found)

    def to_data(self) -> dict[str, Any]:
        """Return the plan as plain data, the value of ``renfort_fleet``, in a fixed order."""
        return {"version": PLAN_VERSION} | {
            name: [as_data(record) for record in getattr(self, name)] for name in RECORDS
        }

    def changes_from(self, before: Plan, *, existing: Collection[str] = ()) -> tuple[Change, ...]:
        """Return what this plan adds, changes and removes with regard to an earlier one.

        A machine that is new in the plan and already ``existing`` is adopted, not added.
        """
        old = {machine.name: machine for machine in before.machines}
        new = {machine.name: machine for machine in self.machines}
        found = [_change(old.get(machine.name), machine, existing) for machine in self.machines]
        changes = [change for change in found if change is not None]
        short = {(shortage.tier, shortage.tenant) for shortage in self.shortages}
        for machine in before.machines:
            if machine.name not in new:
                why = "finds no place" if (machine.tier, machine.tenant) in short else "is not asked for"
                reason = f"does not exist yet and {why} any more"
                changes.append(Change(action="remove", machine=machine.name, reason=reason))
        return (*changes, *self._server_changes(before))

    def _server_changes(self, before: Plan) -> list[Change]:
        old = {server.name: server for server in before.servers}
        new = {server.name: server for server in self.servers}
        changes: list[Change] = []
        for name in sorted(old | new):
            if name not in old:
                changes.append(Change(action="add", machine=name, reason=new[name].reason))
            elif name not in new:
                reason = "is in service already, or is not needed any more"
                changes.append(Change(action="remove", machine=name, reason=reason))
            elif old[name] != new[name]:
                changes.append(
                    Change(action="change", machine=name, reason=_difference(old[name], new[name]))
                )
        return changes


def _change(old: Machine | None, new: Machine, existing: Collection[str]) -> Change | None:
    if old is None:
        action = "adopt" if new.name in existing else "add"
        return Change(action=action, machine=new.name, reason=new.reason)
    difference = _difference(old, new)
    return Change(action="change", machine=new.name, reason=difference) if difference else None


def _difference[Record: (Machine, ServerUse)](old: Record, new: Record) -> str:
    return "; ".join(
        f"{field.name}: {getattr(old, field.name) or 'none'} -> {getattr(new, field.name) or 'none'}"
        for field in fields(old)
        if getattr(old, field.name) != getattr(new, field.name)
    )
