# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices of NetBox as the stock: rows in, the document of stock.yml out. No I/O.

Which rows count as what is decided by the filters of the client's calls; see docs/reference/netbox.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .netbox_networks import NetworkRows, networks_from
from .netbox_values import (
    LeftOut,
    Row,
    collect,
    custom,
    label,
    needed,
    related,
    require_fields,
    shown,
    sizes,
    tags,
    whole,
)

CORES, MEMORY, DISK, NICS = "renfort_cores", "renfort_memory_mib", "renfort_disk_gib", "renfort_nics"
RESERVED, STORAGES = "renfort_reserved_memory_mib", "renfort_storages"
ORDER, EARLIEST, LATEST = "renfort_order", "renfort_earliest", "renfort_latest"

LEAST_MEMORY_MIB = 1024
"""The least memory that the planner accepts for a server."""

UNKNOWN = "unknown"
"""What the stock says about a delivery whose date nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Everything that is read of NetBox, as rows of its API."""

    hypervisors: tuple[Row, ...] = ()
    servers: tuple[Row, ...] = ()
    deliveries: tuple[Row, ...] = ()
    device_types: tuple[Row, ...] = ()
    bridges: tuple[Row, ...] = ()
    nics: tuple[Row, ...] = ()
    networks: NetworkRows = field(default_factory=NetworkRows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What stock.yml (without its settings) and networks.yml would hold, and what had to be left out."""

    stock: dict[str, dict[str, dict[str, Any]]]
    networks: dict[str, dict[str, Any]]
    notes: list[str]


def documents_from(rows: Rows, *, network_tag: str = "", ignore_tag: str = "") -> Documents:
    """Return the documents that the rows make: the same rows, in any order, make the same documents.

    Raises:
        MissingFieldError: a custom field that is needed does not exist in this NetBox.
    """
    types = {int(row["id"]): row for row in rows.device_types}
    kept = [
        tuple(row for row in group if not ignore_tag or ignore_tag not in tags(row))
        for group in (rows.hypervisors, rows.servers, rows.deliveries)
    ]
    hypervisors, servers, deliveries = (sorted(group, key=lambda row: int(row["id"])) for group in kept)
    require_fields(
        (CORES, MEMORY), [*hypervisors, *servers, *deliveries, *types.values()], "devices or device types"
    )
    require_fields((ORDER, EARLIEST, LATEST), deliveries, "devices")
    notes: list[str] = []
    figures = _Figures(types, rows.bridges, rows.nics)
    in_service = collect(hypervisors, figures.hypervisor, "Hypervisor", notes)
    on_shelf = collect(servers, figures.server, "Server", notes)
    for name in sorted(set(in_service) & set(on_shelf)):
        del on_shelf[name]
        notes.append(f"Server {name} is left out: a hypervisor in service has this name.")
    stock = {
        "hypervisors": in_service,
        "servers": on_shelf,
        "deliveries": _deliveries(deliveries, figures, notes),
    }
    return Documents(
        stock=stock, networks=networks_from(rows.networks, tag=network_tag, notes=notes), notes=notes
    )


class _Figures:
    """What one device is worth: its own custom fields, else those of its type, and its interfaces."""

    def __init__(self, types: Mapping[int, Row], bridges: Iterable[Row], nics: Iterable[Row]) -> None:
        self._types = types
        self._bridges: dict[int, set[str]] = {}
        for row in bridges:
            if row.get("enabled", True):
                self._bridges.setdefault(int(row["device"]["id"]), set()).add(str(row["name"]))
        # A port that serves management only carries no guest.
        self._nics = Counter(int(row["device"]["id"]) for row in nics if not row.get("mgmt_only"))

    def hypervisor(self, device: Row) -> tuple[str, dict[str, Any]]:
        """Return the name and the entry of a hypervisor in service."""
        both = self._both(device)
        place = _place(device)
        if "rack" not in place:
            raise LeftOut("it stands in no rack, and machines are spread over racks")
        memory = needed(MEMORY, *both, least=LEAST_MEMORY_MIB)
        reserved = whole(RESERVED, *both) or 0
        if reserved > memory:
            raise LeftOut(f"{RESERVED} is {reserved}, more than its memory of {memory}")
        bridges = sorted(self._bridges.get(int(device["id"]), ()))
        if not bridges:
            raise LeftOut("it has no interface of the type bridge that is enabled")
        entry = place | {"cores": needed(CORES, *both), "memory_mib": memory, "reserved_memory_mib": reserved}
        storages = sizes(STORAGES, *both)
        return _name(device), entry | {"bridges": bridges} | ({"storages": storages} if storages else {})

    def server(self, device: Row) -> tuple[str, dict[str, Any]]:
        """Return the name and the entry of a server on the shelf."""
        return _name(device), _place(device) | self.form(device) | _access(device)

    def form(self, device: Row) -> dict[str, Any]:
        """Return cores, memory, disk and network ports of a server that is not in service."""
        both = self._both(device)
        form = {"cores": needed(CORES, *both), "memory_mib": needed(MEMORY, *both, least=LEAST_MEMORY_MIB)}
        disk = whole(DISK, *both)
        stated = whole(NICS, *both)
        counted = self._nics[int(device["id"])]
        nics = counted or None if stated is None else stated
        optional = {"disk_gib": disk, "nics": nics}
        return form | {key: value for key, value in optional.items() if value is not None}

    def _both(self, device: Row) -> tuple[Row, ...]:
        kind = self._types.get(int(related(device, "device_type", "id") or 0))
        return (device,) if kind is None else (device, kind)


def _name(device: Row) -> str:
    """The short host name of a device; a server on the shelf often has an asset tag only."""
    name = device.get("name") or device.get("asset_tag")
    if not name:
        raise LeftOut("it has neither a name nor an asset tag")
    return label(str(name).partition(".")[0])


def _access(device: Row) -> dict[str, str]:
    """How a server on the shelf is reached and known: NetBox has these values of its own."""
    management = str(related(device, "oob_ip", "address") or "").partition("/")[0]
    host = f"[{management}]" if ":" in management else management
    found = {
        "bmc": f"https://{host}" if host else "",
        "address": str(related(device, "primary_ip4", "address") or "").partition("/")[0],
        "serial": str(device.get("serial") or "").strip(),
    }
    return {key: value for key, value in found.items() if value}


def _place(device: Row) -> dict[str, str]:
    """Site and rack; NetBox lets two rooms of a site have racks of the same name."""
    place = {"site": label(str(related(device, "site", "slug")))}
    rack = related(device, "rack", "name")
    if rack:
        room = related(device, "location", "slug")
        place["rack"] = label(f"{room} {rack}" if room else str(rack))
    return place


def _deliveries(devices: Iterable[Row], figures: _Figures, notes: list[str]) -> dict[str, dict[str, Any]]:
    """Devices that are announced, in groups of the same order, place, form and date.

    An order with several groups has its name for the one with the lowest device id; the others get
    a number, so that a later change leaves the names that are there as they are.
    """
    orders: dict[str, list[dict[str, Any]]] = {}
    for device in devices:
        try:
            order = _order(device)
            entry = _place(device) | figures.form(device) | {"expected": _expected(device, notes)}
        except LeftOut as reason:
            notes.append(f"Announced server {shown(device)} is left out: {reason}.")
            continue
        groups = orders.setdefault(order, [])
        same = next((group for group in groups if group | {"servers": 0} == entry | {"servers": 0}), None)
        if same is None:
            groups.append({"servers": 1} | entry)
        else:
            same["servers"] += 1
    named: dict[str, dict[str, Any]] = {}
    free = _free_names(orders)
    for order, groups in sorted(orders.items()):
        for position, group in enumerate(groups):
            named[free(order) if position else order] = group
    return dict(sorted(named.items()))


def _free_names(orders: Iterable[str]) -> Callable[[str], str]:
    taken = set(orders)

    def free(order: str) -> str:
        number = 2
        while f"{order}-{number}" in taken:
            number += 1
        taken.add(f"{order}-{number}")
        return f"{order}-{number}"

    return free


def _order(device: Row) -> str:
    order = custom(ORDER, device)
    if order is None:
        raise LeftOut(f"{ORDER} is empty, so nobody knows which delivery brings it")
    return label(str(order))


def _expected(device: Row, notes: list[str]) -> str | dict[str, str]:
    earliest, latest = custom(EARLIEST, device), custom(LATEST, device)
    if earliest is None and latest is None:
        return UNKNOWN
    # ISO dates of the same form sort as the days do.
    if earliest is None or latest is None or str(latest) < str(earliest):
        notes.append(
            f"Announced server {shown(device)} counts as one without a date: {EARLIEST} is "
            f"{earliest or 'empty'} and {LATEST} is {latest or 'empty'}."
        )
        return UNKNOWN
    return {"earliest": str(earliest), "latest": str(latest)}
