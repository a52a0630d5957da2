# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan: every machine that must exist, and the demand that the stock cannot serve."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any

from .addresses import to_host, to_number
from .errors import InputError
from .fields import Fields
from .machine import Machine
from .names import ID_PATTERN, LABEL_PATTERN, TENANT_EXPECTED, TENANT_PATTERN, TIERS, order_key

PLAN_KEY = "renfort_fleet"
"""The top key of a plan file."""

PLAN_VERSION = 1
"""The version of the plan's format; a reader refuses any other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortage:
    """Machines of one tier and tenant that no hypervisor can take.

    ``missing`` counts them, ``memory_mib`` is what they need together, ``reason`` says why they
    find no place and ``order`` what to rack or to buy.
    """

    tier: str
    tenant: str
    missing: int
    memory_mib: int
    reason: str
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference between two plans: ``action`` is add, adopt, change or remove."""

    action: str
    machine: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The machines in the order of tier, tenant and number, and the shortages in that of tier and tenant."""

    machines: tuple[Machine, ...] = ()
    shortages: tuple[Shortage, ...] = ()

    @classmethod
    def of(cls, *, machines: Iterable[Machine], shortages: Iterable[Shortage] = ()) -> Plan:
        """Return the plan with everything in its fixed order."""
        by_order = sorted(machines, key=lambda m: order_key(tier=m.tier, tenant=m.tenant, name=m.name))
        short = sorted(shortages, key=lambda s: order_key(tier=s.tier, tenant=s.tenant, name=""))
        return cls(machines=tuple(by_order), shortages=tuple(short))

    @classmethod
    def from_data(cls, data: object, *, file: str) -> Plan:
        """Return the plan held by the mapping under ``renfort_fleet``.

        Raises:
            InputError: the data is no plan of this version, or names, ids or addresses are not unique.
        """
        top = Fields(file=file, key=PLAN_KEY, data=data, allowed=("version", "machines", "shortages"))
        version = top.integer("version", minimum=1)
        if version != PLAN_VERSION:
            raise top.error("version", f"{version} is not readable here", str(PLAN_VERSION))
        machines = [_machine(item) for item in top.items("machines", _MACHINE_KEYS)]
        shortages = [_shortage(item) for item in top.items("shortages", _SHORTAGE_KEYS)]
        _refuse_doubles(top, machines)
        return cls.of(machines=machines, shortages=shortages)

    def to_data(self) -> dict[str, Any]:
        """Return the plan as plain data, the value of ``renfort_fleet``, in a fixed order."""
        return {
            "version": PLAN_VERSION,
            "machines": [_as_data(machine) for machine in self.machines],
            "shortages": [_as_data(shortage) for shortage in self.shortages],
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
        return tuple(changes)


_MACHINE_KEYS = tuple(field.name for field in fields(Machine))
_SHORTAGE_KEYS = tuple(field.name for field in fields(Shortage))


def _as_data(value: Machine | Shortage) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for field in fields(value):
        held = getattr(value, field.name)
        data[field.name] = list(held) if isinstance(held, tuple) else held
    return data


def _change(old: Machine | None, new: Machine, existing: Collection[str]) -> Change | None:
    if old is None:
        action = "adopt" if new.name in existing else "add"
        return Change(action=action, machine=new.name, reason=new.reason)
    differences = [
        f"{field.name}: {getattr(old, field.name)} -> {getattr(new, field.name)}"
        for field in fields(Machine)
        if getattr(old, field.name) != getattr(new, field.name)
    ]
    if not differences:
        return None
    return Change(action="change", machine=new.name, reason="; ".join(differences))


def _machine(item: Fields) -> Machine:
    return Machine(
        name=item.text("name", pattern=LABEL_PATTERN, expected="one label of a host name"),
        vmid=item.integer("vmid", minimum=100, maximum=999_999_999),
        tier=item.choice("tier", TIERS),
        tenant=_tenant(item),
        hypervisor=item.text("hypervisor", pattern=LABEL_PATTERN, expected="the name of a hypervisor"),
        template=item.integer("template", minimum=100, maximum=999_999_999),
        cores=item.integer("cores", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=16),
        disk_gib=item.integer("disk_gib", minimum=1),
        storage=item.text("storage", pattern=ID_PATTERN, expected="the name of a storage"),
        bridge=item.text("bridge", pattern=ID_PATTERN, expected="the name of a bridge"),
        address=_address(item),
        gateway=_ip(item, "gateway", item.text("gateway", expected="an address without prefix length")),
        nameservers=tuple(
            _ip(item, f"nameservers[{position}]", text)
            for position, text in enumerate(item.texts("nameservers"))
        ),
        pool=item.text("pool", pattern=ID_PATTERN, expected="the name of a pool"),
        reason=item.text("reason", expected="why the machine must exist"),
    )


def _tenant(item: Fields) -> str:
    if item.raw("tenant", 'the tenant\'s name, or "" for a machine that serves all tenants') == "":
        return ""
    return item.text("tenant", pattern=TENANT_PATTERN, expected=TENANT_EXPECTED)


def _shortage(item: Fields) -> Shortage:
    return Shortage(
        tier=item.choice("tier", TIERS),
        tenant=_tenant(item),
        missing=item.integer("missing", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=1),
        reason=item.text("reason"),
        order=item.text("order"),
    )


def _address(item: Fields) -> str:
    expected = "an address with its prefix length, such as 10.83.20.11/24"
    text = item.text("address", expected=expected)
    try:
        to_host(text)
    except ValueError as error:
        raise item.error("address", str(error), expected) from None
    return text


def _ip(item: Fields, name: str, text: str) -> str:
    try:
        to_number(text)
    except ValueError as error:
        raise item.error(name, str(error), "an address such as 10.83.20.1") from None
    return text


def _refuse_doubles(top: Fields, machines: list[Machine]) -> None:
    for name in ("name", "vmid", "ip"):
        seen: dict[object, str] = {}
        for position, machine in enumerate(machines):
            value = getattr(machine, name)
            if value in seen:
                key = "address" if name == "ip" else name
                raise InputError(
                    file=top.file,
                    key=f"{PLAN_KEY}.machines[{position}].{key}",
                    problem=f"{value} is also that of {seen[value]}",
                    expected="each value once in the plan",
                )
            seen[value] = machine.name
