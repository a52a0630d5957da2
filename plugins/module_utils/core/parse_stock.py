# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stock, from what people edit to the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from fractions import Fraction

from .addresses import to_number
from .fields import Fields
from .model import Delivery, GuestSettings, Hypervisor, Loss, Model, Racking, Stock
from .names import ID_EXPECTED, ID_PATTERN, LABEL_PATTERN, TENANT_EXPECTED, TENANT_PATTERN, TIERS
from .server import Carried, Form, Server
from .server_access import ACCESS_KEYS, parse_access

_STOCK_KEYS = (
    "guests",
    "hypervisors",
    "servers",
    "deliveries",
    "catalogue",
    "shared_storages",
    "racking",
    "survive_loss_of",
)
_HYPERVISOR_KEYS = ("site", "rack", "cores", "memory_mib", "reserved_memory_mib", "bridges", "storages")
_FORM_KEYS = ("cores", "memory_mib", "disk_gib", "nics")
_PLACE_KEYS = ("site", "rack")
_LABEL_EXPECTED = "one label of a host name"
_EXPECTED_DATE = 'a date such as "2020-04-06", two of them as earliest and latest, or unknown'
UNKNOWN = "unknown"
"""What is written for the date of a delivery that nobody knows."""


def parse_stock(top: Fields, *, today: str = "") -> Stock:
    """Return the stock.

    Args:
        top: what the file holds.
        today: the ISO date before which no delivery can be announced; empty when that is not checked.

    Raises:
        InputError: a key is missing, misspelt or impossible.
    """
    top = top.only(_STOCK_KEYS)
    hypervisors = top.child("hypervisors")
    if not hypervisors.data:
        raise top.error("hypervisors", "no hypervisor is given", "at least one hypervisor")
    catalogue = _each(top.optional("catalogue"), (*_FORM_KEYS, "price"), _model)
    forms = {model.name: model.form for model in catalogue}
    in_service = _each(hypervisors, _HYPERVISOR_KEYS, _hypervisor)
    return Stock(
        hypervisors=in_service,
        servers=_each(
            top.optional("servers"),
            (*_PLACE_KEYS, *_FORM_KEYS, *ACCESS_KEYS, "model", "carries", "address"),
            lambda item, name: _server(item, name, forms),
        ),
        deliveries=_each(
            top.optional("deliveries"),
            ("servers", *_PLACE_KEYS, *_FORM_KEYS, "model", "expected"),
            lambda item, name: _delivery(item, name, forms, today),
        ),
        catalogue=catalogue,
        shared_storages=_sizes(top, "shared_storages"),
        racking=_racking(top.optional("racking"), in_service),
        survive=Loss(
            top.choice("survive_loss_of", [loss.value for loss in Loss], default=Loss.HYPERVISOR.value)
        ),
        guests=_guest_settings(top),
    )


def _guest_settings(top: Fields) -> GuestSettings:
    item = top.child("guests", ("template", "storage", "pool", "vmids", "vcpus_per_core"))
    vmids = item.child("vmids", ("first", "last"))
    first = vmids.integer("first", minimum=100, maximum=999_999_999)
    return GuestSettings(
        template=item.integer("template", minimum=100, maximum=999_999_999, default=0),
        storage=item.text("storage", pattern=ID_PATTERN, expected=ID_EXPECTED),
        pool=item.text("pool", pattern=ID_PATTERN, expected=ID_EXPECTED),
        first_vmid=first,
        last_vmid=vmids.integer("last", minimum=first, maximum=999_999_999),
        vcpus_per_core=item.number("vcpus_per_core", default=Fraction(4)),
    )


def _hypervisor(item: Fields, name: str) -> Hypervisor:
    memory = item.integer("memory_mib", minimum=1024)
    return Hypervisor(
        name=name,
        site=_site(item),
        rack=item.text("rack", pattern=ID_PATTERN, expected=ID_EXPECTED),
        cores=item.integer("cores", minimum=1),
        memory_mib=memory,
        reserved_memory_mib=item.integer("reserved_memory_mib", maximum=memory, default=0),
        bridges=item.texts("bridges", pattern=ID_PATTERN, expected=ID_EXPECTED),
        storages=_sizes(item, "storages"),
    )


def _server(item: Fields, name: str, forms: Mapping[str, Form]) -> Server:
    return Server(
        name=name,
        site=_site(item),
        rack=_rack(item),
        form=_form(item, forms),
        carries=_carried(item.child("carries", ("tier", "tenant", "address", "machine")))
        if "carries" in item
        else None,
        address=_address(item) if "address" in item else "",
        access=parse_access(item),
    )


def _address(item: Fields) -> str:
    address = item.text("address", expected="an address such as 10.83.0.21")
    try:
        to_number(address)
    except ValueError as error:
        raise item.error("address", str(error), "an address such as 10.83.0.21") from None
    return address


def _carried(item: Fields) -> Carried:
    address = _address(item)
    tenant = item.text("tenant", default="", pattern=TENANT_PATTERN, expected=TENANT_EXPECTED)
    return Carried(
        tier=item.choice("tier", TIERS),
        tenant=tenant,
        address=address,
        machine=item.text("machine", default="", pattern=LABEL_PATTERN, expected=_LABEL_EXPECTED),
    )


def _delivery(item: Fields, name: str, forms: Mapping[str, Form], today: str) -> Delivery:
    earliest, latest = _dates(item)
    if latest and latest < today:
        raise item.error("expected", f"{latest} is before today, {today}", "a date to come, or unknown")
    return Delivery(
        name=name,
        servers=item.integer("servers", minimum=1, maximum=10_000),
        site=_site(item),
        rack=_rack(item),
        form=_form(item, forms),
        earliest=earliest,
        latest=latest,
    )


def _dates(item: Fields) -> tuple[str, str]:
    value = item.raw("expected", _EXPECTED_DATE)
    if value == UNKNOWN:
        return "", ""
    if isinstance(value, Mapping):
        ends = item.child("expected", ("earliest", "latest"))
        earliest, latest = _date(ends, "earliest"), _date(ends, "latest")
        if latest < earliest:
            raise ends.error("latest", f"{latest} is before the earliest date {earliest}", "a later date")
        return earliest, latest
    return (only := _date(item, "expected")), only


def _date(item: Fields, name: str) -> str:
    # YAML reads an unquoted date as such; one between quotes is a text.
    value = item.raw(name, _EXPECTED_DATE)
    try:
        return (value if type(value) is date else date.fromisoformat(item.text(name))).isoformat()
    except ValueError:
        raise item.error(name, f'"{value}" is not a date', _EXPECTED_DATE) from None


def _model(item: Fields, name: str) -> Model:
    return Model(name=name, form=_own_form(item), price=item.number("price", default=Fraction(1)))


def _form(item: Fields, forms: Mapping[str, Form]) -> Form:
    if "model" not in item:
        return _own_form(item)
    stated = [key for key in _FORM_KEYS if key in item]
    if stated:
        raise item.error(stated[0], "the model says it already", "either a model or the figures themselves")
    return forms[item.choice("model", forms)]


def _own_form(item: Fields) -> Form:
    return Form(
        cores=item.integer("cores", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=1024),
        disk_gib=item.integer("disk_gib", default=0),
        nics=item.integer("nics", default=2),
    )


def _racking(item: Fields, hypervisors: tuple[Hypervisor, ...]) -> Racking:
    """What is not stated is as in service: the largest reserve of the hypervisors, all their bridges."""
    item = item.only(("reserved_memory_mib", "bridges", "nics"))
    everywhere = sorted({bridge for node in hypervisors for bridge in node.bridges})
    return Racking(
        reserved_memory_mib=item.integer(
            "reserved_memory_mib", default=max(node.reserved_memory_mib for node in hypervisors)
        ),
        bridges=item.texts("bridges", pattern=ID_PATTERN, expected=ID_EXPECTED, default=everywhere),
        nics=item.integer("nics", default=2),
    )


def _sizes(item: Fields, name: str) -> Mapping[str, int]:
    pools = item.optional(name)
    for pool in pools:
        pools.check_name(pool, ID_PATTERN, ID_EXPECTED)
    return {pool: pools.integer(pool) for pool in sorted(pools)}


def _site(item: Fields) -> str:
    return item.text("site", default="", expected="the name of a site")


def _rack(item: Fields) -> str:
    return item.text("rack", pattern=ID_PATTERN, expected=ID_EXPECTED, default="")


def _each[Parsed](
    group: Fields, allowed: tuple[str, ...], parse: Callable[[Fields, str], Parsed]
) -> tuple[Parsed, ...]:
    found: list[Parsed] = []
    for name in sorted(group):
        group.check_name(name, LABEL_PATTERN, _LABEL_EXPECTED)
        found.append(parse(group.child(name, allowed), name))
    return tuple(found)
