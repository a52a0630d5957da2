# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prefixes of NetBox as the networks of the guests: rows in, the document of networks.yml out. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .core.addresses import Span, Subnet, to_number, to_span, to_subnet, to_text
from .netbox_values import LeftOut, Row, collect, custom, label, related, require_fields, tags

NETWORK, BRIDGE = "renfort_network", "renfort_bridge"
GATEWAY, NAMESERVERS = "renfort_gateway", "renfort_nameservers"

_BITS = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkRows:
    """What is read of NetBox's IPAM: ``prefixes`` carry the tag, ``others`` may lie inside them."""

    prefixes: tuple[Row, ...] = ()
    others: tuple[Row, ...] = ()
    ranges: tuple[Row, ...] = ()
    addresses: tuple[Row, ...] = ()


def networks_from(rows: NetworkRows, *, tag: str, notes: list[str]) -> dict[str, dict[str, Any]]:
    """Return the networks, and add notes about what is left out.

    Args:
        rows: what is read of NetBox.
        tag: the tag of the IP ranges that guests may be given addresses of.
        notes: the notes so far.

    Raises:
        MissingFieldError: a custom field that is needed does not exist in this NetBox.
    """
    require_fields((BRIDGE, GATEWAY), rows.prefixes, "prefixes")
    prefixes = sorted(rows.prefixes, key=lambda row: int(row["id"]))
    return collect(prefixes, lambda prefix: _network(prefix, rows, tag), "Network", notes)


def _network(prefix: Row, rows: NetworkRows, tag: str) -> tuple[str, dict[str, Any]]:
    subnet = _subnet(prefix)
    nameservers = _nameservers(prefix)
    gateway = _stated(GATEWAY, prefix)
    given, taken = _given_and_taken(prefix, subnet, rows, tag)
    if not given:
        raise LeftOut(f"no IP range in it is active and has the tag {tag}")
    # The gateway and the name servers are never given out anyway.
    known = {_number(GATEWAY, gateway), *(_number(NAMESERVERS, text) for text in nameservers)}
    taken = [span for span in taken if span.first != span.last or span.first not in known]
    return _name(prefix), {
        "bridge": _stated(BRIDGE, prefix),
        "cidr": str(subnet),
        "gateway": gateway,
        "nameservers": nameservers,
        "ranges": [str(span) for span in _merged(given)],
        "reserved": [_text(span) for span in _merged(taken)],
    }


def _given_and_taken(
    prefix: Row, subnet: Subnet, rows: NetworkRows, tag: str
) -> tuple[list[Span], list[Span]]:
    """What guests may be given, and what is somebody else's: other ranges, prefixes and addresses."""
    given: list[Span] = []
    taken: list[Span] = []
    for row in _inside(rows.ranges, prefix, subnet):
        active = related(row, "status", "value") == "active" and not row.get("mark_populated")
        (given if active and tag in tags(row) else taken).append(_span(row))
    taken += [_span(row) for row in _inside(rows.others, prefix, subnet) if row["id"] != prefix["id"]]
    taken += [_span(row) for row in _inside(rows.addresses, prefix, subnet)]
    return given, taken


def _name(prefix: Row) -> str:
    name = custom(NETWORK, prefix) or related(prefix, "vlan", "name")
    if not name:
        raise LeftOut(f"{NETWORK} is empty and it has no VLAN, so it has no name")
    return label(str(name), also="_")


def _subnet(prefix: Row) -> Subnet:
    if ":" in str(prefix["prefix"]):
        raise LeftOut("it is IPv6, which is not planned")
    return to_subnet(str(prefix["prefix"]))


def _stated(name: str, prefix: Row) -> str:
    value = custom(name, prefix)
    if value is None:
        raise LeftOut(f"{name} is empty")
    return str(value)


def _nameservers(prefix: Row) -> list[str]:
    """The name servers, from a field that refers to IP addresses or from a text."""
    value = custom(NAMESERVERS, prefix)
    if isinstance(value, list):
        return [str(item) for item in value]
    return [] if value is None else str(value).replace(",", " ").split()


def _number(name: str, text: str) -> int:
    try:
        return to_number(text)
    except ValueError as error:
        raise LeftOut(f"{name}: {error}") from error


def _inside(rows: Iterable[Row], prefix: Row, subnet: Subnet) -> list[Row]:
    """The rows that lie in a prefix and in its VRF, by id."""
    vrf = related(prefix, "vrf", "id")
    return [
        row
        for row in sorted(rows, key=lambda row: int(row["id"]))
        if related(row, "vrf", "id") == vrf and _is_ipv4(row) and _span(row).within(subnet.span)
    ]


def _is_ipv4(row: Row) -> bool:
    return ":" not in str(row.get("prefix") or row.get("start_address") or row.get("address"))


def _span(row: Row) -> Span:
    """The addresses of a prefix, an IP range or an IP address."""
    if "prefix" in row:
        return to_span(str(row["prefix"]))
    first = str(row["start_address"] if "start_address" in row else row["address"])
    last = str(row["end_address"] if "end_address" in row else row["address"])
    return Span(first=to_number(first.partition("/")[0]), last=to_number(last.partition("/")[0]))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """The spans in their order, those that touch each other as one."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.first <= merged[-1].last + 1:
            merged[-1] = Span(first=merged[-1].first, last=max(merged[-1].last, span.last))
        else:
            merged.append(span)
    return merged


def _text(span: Span) -> str:
    """A span as a network where it is one, which is how people reserve."""
    size = span.last - span.first + 1
    if size > 1 and size & (size - 1) == 0 and span.first % size == 0:
        return f"{to_text(span.first)}/{_BITS - size.bit_length() + 1}"
    return str(span)
