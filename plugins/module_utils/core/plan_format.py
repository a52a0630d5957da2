# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of a plan as plain data, and back with every value checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from enum import StrEnum
from typing import Any

from .addresses import to_host, to_number, to_span, to_subnet
from .errors import InputError
from .fields import Fields
from .machine import Machine
from .names import ID_PATTERN, LABEL_PATTERN, TENANT_EXPECTED, TENANT_PATTERN, TIERS
from .plan_records import Order, Served, Shortage, SpareIds, SpareNetwork, Stage
from .server_access import parse_access
from .server_use import ServerState, ServerUse

_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"
_TIME_EXPECTED = "a time such as 2020-03-28T17:04:00Z"


def as_data(record: Any) -> dict[str, Any]:
    """Return a record of a plan as plain data, without what a server's use leaves empty and absent disks."""
    data: dict[str, Any] = {}
    for field in fields(record):
        held = getattr(record, field.name)
        if not held and (isinstance(record, ServerUse) or field.name == "data_disk_gib"):
            continue
        plain = dict(held) if isinstance(held, Mapping) else str(held) if isinstance(held, StrEnum) else held
        data[field.name] = list(plain) if isinstance(plain, tuple) else plain
    return data


def parse_machine(item: Fields) -> Machine:
    """Return a guest of the plan."""
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
        data_disk_gib=item.integer("data_disk_gib", minimum=1, default=0),
        storage=item.text("storage", pattern=ID_PATTERN, expected="the name of a storage"),
        bridge=item.text("bridge", pattern=ID_PATTERN, expected="the name of a bridge"),
        address=_address(item),
        gateway=_ip(item, "gateway", item.text("gateway", expected="an address without prefix length")),
        nameservers=_nameservers(item),
        pool=item.text("pool", pattern=ID_PATTERN, expected="the name of a pool"),
        reason=item.text("reason", expected="why the machine must exist"),
    )


def _server(item: Fields) -> ServerUse:
    use = ServerUse(
        name=item.text("name", pattern=LABEL_PATTERN, expected="the name of a server"),
        site=item.text("site", default=""),
        rack=item.text("rack", default=""),
        origin=item.text("origin", default=""),
        state=ServerState(item.choice("state", list(ServerState), default=ServerState.RACKED)),
        since=item.text("since", default="", pattern=_TIME, expected=_TIME_EXPECTED),
        **asdict(parse_access(item)),
        reason=item.text("reason", expected="why the server is put into service"),
    )
    if "machine" not in item:
        return replace(use, address=_ip(item, "address", item.text("address"))) if "address" in item else use
    return replace(
        use,
        machine=item.text("machine", pattern=LABEL_PATTERN, expected="one label of a host name"),
        tier=item.choice("tier", TIERS),
        tenant=item.text("tenant", pattern=TENANT_PATTERN, expected=TENANT_EXPECTED, default=""),
        address=_address(item),
        gateway=_ip(item, "gateway", item.text("gateway")),
        nameservers=_nameservers(item) if "nameservers" in item else (),
    )


def _shortage(item: Fields) -> Shortage:
    return Shortage(
        tier=item.choice("tier", TIERS),
        tenant=_tenant(item),
        missing=item.integer("missing", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=1),
        reason=item.text("reason"),
        advice=_may_be_empty(item, "advice"),
        until=_may_be_empty(item, "until"),
    )


def _served(item: Fields) -> Served:
    return Served(
        tenant=_tenant(item),
        percent=_percent(item, "percent"),
        bound_by=_may_be_empty(item, "bound_by"),
    )


def _stage(item: Fields) -> Stage:
    served = item.child("served")
    return Stage(
        when=item.text("when"),
        earliest=_may_be_empty(item, "earliest"),
        arrives=item.texts("arrives"),
        served={tenant: _percent(served, tenant) for tenant in sorted(served)},
        missing=item.integer("missing"),
    )


def _order(item: Fields) -> Order:
    return Order(
        closes=item.choice("closes", ("now", "rest")),
        model=item.text("model"),
        servers=item.integer("servers", minimum=1),
        cores=item.integer("cores", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=1),
        price=float(item.number("price", positive=False)),
    )


def _spare_ids(item: Fields) -> SpareIds:
    first = item.integer("first", minimum=100, maximum=999_999_999)
    return SpareIds(first=first, last=item.integer("last", minimum=first, maximum=999_999_999))


def _spare_network(item: Fields) -> SpareNetwork:
    return SpareNetwork(
        name=item.text("name"),
        cidr=_converted(item, "cidr", to_subnet, item.text("cidr")),
        ranges=_spans(item, "ranges"),
        reserved=_spans(item, "reserved"),
    )


def _spans(item: Fields, name: str) -> tuple[str, ...]:
    return tuple(
        _converted(item, f"{name}[{position}]", to_span, text)
        for position, text in enumerate(item.texts(name))
    )


def _converted(item: Fields, name: str, convert: Callable[[str], Any], text: str) -> str:
    try:
        convert(text)
    except ValueError as error:
        raise item.error(
            name, str(error), "addresses such as 10.83.0.0/24 or 10.83.0.11-10.83.0.99"
        ) from None
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Record:
    """A kind of record: how it is read, the keys that it may have, and whether its list may be absent."""

    parse: Callable[[Fields], Any]
    keys: tuple[str, ...]
    optional: bool = False


def _record(of: Any, parse: Callable[[Fields], Any], *, optional: bool = False) -> _Record:
    return _Record(parse=parse, keys=tuple(field.name for field in fields(of)), optional=optional)


MACHINE_KEYS = tuple(field.name for field in fields(Machine))
"""The keys of a machine in a plan."""

RECORDS: Mapping[str, _Record] = {
    "machines": _record(Machine, parse_machine),
    "servers": _record(ServerUse, _server),
    "shortages": _record(Shortage, _shortage),
    "served": _record(Served, _served),
    "stages": _record(Stage, _stage),
    "orders": _record(Order, _order),
    "ids": _record(SpareIds, _spare_ids, optional=True),
    "networks": _record(SpareNetwork, _spare_network, optional=True),
}
"""The lists of a plan in their order."""


def refuse_doubles(top: Fields, key: str, machines: list[Machine], servers: Iterable[ServerUse]) -> None:
    """Refuse a plan in which two machines have the same name, id or address.

    Raises:
        InputError: they do.
    """
    uses = tuple(servers)
    for name in ("name", "vmid", "ip"):
        seen: dict[object, str] = {}
        values = [(f"machines[{n}]", m.name, getattr(m, name)) for n, m in enumerate(machines)]
        if name != "vmid":
            values += [
                (f"servers.{it.name}", label, it.ip if name == "ip" else label)
                for it in uses
                for label in [it.machine or it.name]
                if name == "name" or it.ip
            ]
        for where, machine, value in values:
            if value in seen:
                raise InputError(
                    file=top.file,
                    key=f"{key}.{where}.{'address' if name == 'ip' else name}",
                    problem=f"{value} is also that of {seen[value]}",
                    expected="each value once in the plan",
                )
            seen[value] = machine


def _tenant(item: Fields) -> str:
    if item.raw("tenant", 'the tenant\'s name, or "" for a machine that serves all tenants') == "":
        return ""
    return item.text("tenant", pattern=TENANT_PATTERN, expected=TENANT_EXPECTED)


def _may_be_empty(item: Fields, name: str) -> str:
    return "" if item.raw(name, "a text, which may be empty") == "" else item.text(name)


def _percent(item: Fields, name: str) -> float:
    return float(item.number(name, positive=False, maximum=100))


def _address(item: Fields) -> str:
    expected = "an address with its prefix length, such as 10.83.20.11/24"
    text = item.text("address", expected=expected)
    try:
        to_host(text)
    except ValueError as error:
        raise item.error("address", str(error), expected) from None
    return text


def _nameservers(item: Fields) -> tuple[str, ...]:
    return tuple(
        _ip(item, f"nameservers[{position}]", text) for position, text in enumerate(item.texts("nameservers"))
    )


def _ip(item: Fields, name: str, text: str) -> str:
    try:
        to_number(text)
    except ValueError as error:
        raise item.error(name, str(error), "an address such as 10.83.20.1") from None
    return text
