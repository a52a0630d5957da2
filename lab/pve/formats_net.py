# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The formats that speak of addresses."""

from __future__ import annotations

import ipaddress
import re

from .formats import CHECKS, FormatError, checker

_MIN_PREFIX = 8
_MASKS = frozenset(str(ipaddress.IPv4Network((0, bits)).netmask) for bits in range(33))


def is_ipv4(value: str) -> bool:
    """Whether the text is a dotted quad."""
    try:
        ipaddress.IPv4Address(value)
    except ValueError:
        return False
    return True


def is_ipv6(value: str) -> bool:
    """Whether the text is an IPv6 address, with a zone perhaps."""
    try:
        ipaddress.IPv6Address(value)
    except ValueError:
        return False
    return True


def _is_network(value: str, version: int) -> bool:
    address, slash, bits = value.partition("/")
    known = is_ipv4(address) if version == 4 else is_ipv6(address)
    return bool(
        slash and known and bits.isdigit() and _MIN_PREFIX <= int(bits) <= (32 if version == 4 else 128)
    )


def _valid(condition: bool, what: str) -> None:
    if not condition:
        raise FormatError(f"value does not look like a valid {what}\n")


@checker("ip")
def ip(value: str) -> None:
    """An address of either version."""
    _valid(is_ipv4(value) or is_ipv6(value), "IP address")


@checker("ipv4")
def ipv4(value: str) -> None:
    """An IPv4 address."""
    _valid(is_ipv4(value), "IPv4 address")


@checker("ipv6")
def ipv6(value: str) -> None:
    """An IPv6 address."""
    _valid(is_ipv6(value), "IPv6 address")


@checker("ipv4mask")
def mask(value: str) -> None:
    """A netmask as a dotted quad."""
    _valid(value in _MASKS, "IP netmask")


@checker("CIDR")
def cidr(value: str) -> None:
    """An address with its prefix length."""
    _valid(_is_network(value, 4) or _is_network(value, 6), "CIDR network")


@checker("CIDRv4")
def cidr4(value: str) -> None:
    """An IPv4 address with its prefix length."""
    _valid(_is_network(value, 4), "IPv4 CIDR network")


@checker("CIDRv6")
def cidr6(value: str) -> None:
    """An IPv6 address with its prefix length."""
    _valid(_is_network(value, 6), "IPv6 CIDR network")


@checker("IPorCIDR")
def ip_or_cidr(value: str) -> None:
    """An address, with or without prefix length."""
    known = is_ipv4(value) or is_ipv6(value) or _is_network(value, 4) or _is_network(value, 6)
    _valid(known, "IP address or CIDR network")


@checker("IPorCIDRorAlias")
def ip_or_alias(value: str) -> None:
    """An address, a network or the name of a firewall alias."""
    if not re.match(r"^(?i:[a-z][a-z0-9\-_]+)$", value):
        ip_or_cidr(value)


@checker("pve-ipv4-config")
def ipv4_config(value: str) -> None:
    """``dhcp``, ``manual`` or an address with prefix length."""
    _valid(value in ("dhcp", "manual") or _is_network(value, 4), "ipv4 network configuration")


@checker("pve-ipv6-config")
def ipv6_config(value: str) -> None:
    """``auto``, ``dhcp``, ``manual`` or an address with prefix length."""
    _valid(value in ("auto", "dhcp", "manual") or _is_network(value, 6), "ipv6 network configuration")


@checker("address")
def address(value: str) -> None:
    """An address or a DNS name."""
    if not is_ipv4(value) and not is_ipv6(value):
        try:
            CHECKS["dns-name"](value)
        except FormatError as error:
            raise FormatError(f"value does not look like a valid address: {value}\n") from error


@checker("pve-storage-server")
def storage_server(value: str) -> None:
    """A server's address or DNS name."""
    address(value)


@checker("pve-storage-portal-dns")
def storage_portal(value: str) -> None:
    """A server's address or DNS name, with a port perhaps."""
    host = re.sub(r":\d+$", "", value) if value.count(":") == 1 else value
    try:
        address(host.strip("[]"))
    except FormatError as error:
        raise FormatError(f"value does not look like a valid server address: {value}\n") from error


@checker("mac-addr")
def mac_address(value: str) -> None:
    """A unicast MAC address."""
    _valid(bool(re.match(r"^(?i:[a-f0-9][02468ace](?::[a-f0-9]{2}){5})$", value)), "unicast MAC address")


@checker("mac-prefix")
def mac_prefix(value: str) -> None:
    """The start of a unicast MAC address."""
    if not re.match(r"^(?i:[a-f0-9][02468ace](?::[a-f0-9]{2}){0,2}:?)$", value):
        raise FormatError("value is not a valid unicast MAC address prefix\n")
