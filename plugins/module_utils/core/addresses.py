# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and networks with types: netaddr publishes none, so it is called here only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from netaddr import AddrFormatError, IPAddress, IPNetwork

_ip: Callable[[str | int], Any] = IPAddress
_network: Callable[[str], Any] = IPNetwork


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """Addresses from ``first`` to ``last``, both included, as numbers."""

    first: int
    last: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number <= self.last

    def overlaps(self, other: Span) -> bool:
        """Tell whether an address belongs to both."""
        return self.first <= other.last and other.first <= self.last

    def within(self, other: Span) -> bool:
        """Tell whether all of it lies in the other."""
        return other.first <= self.first and self.last <= other.last

    def __str__(self) -> str:
        first, last = to_text(self.first), to_text(self.last)
        return first if first == last else f"{first}-{last}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subnet:
    """An IPv4 network: its addresses, and the length of its prefix."""

    span: Span
    prefix: int

    def is_host(self, number: int) -> bool:
        """Tell whether a machine may bear the address: inside, and neither the first nor the last."""
        return self.span.first < number < self.span.last

    def __str__(self) -> str:
        return f"{to_text(self.span.first)}/{self.prefix}"


def to_number(text: str) -> int:
    """Return an IPv4 address as a number.

    Raises:
        ValueError: the text is no address of four decimal numbers.
    """
    try:
        address = _ip(text)
    except (AddrFormatError, ValueError) as error:
        raise ValueError(f'"{text}" is not an address') from error
    if address.version != 4 or str(address) != text:
        raise ValueError(f'"{text}" is not an IPv4 address written in full')
    return int(address)


def to_text(number: int) -> str:
    """Return the address of a number."""
    return str(_ip(number))


def to_subnet(text: str) -> Subnet:
    """Return a network written as ``10.83.0.0/24``.

    Raises:
        ValueError: the text is no IPv4 network, or a bit is set to the right of its prefix.
    """
    try:
        network = _network(text)
    except (AddrFormatError, ValueError) as error:
        raise ValueError(f'"{text}" is not a network') from error
    if network.version != 4 or "/" not in text:
        raise ValueError(f'"{text}" is not an IPv4 network with its prefix length')
    if network.ip != network.network:
        raise ValueError(f'"{text}" is an address inside the network {network.cidr}')
    return Subnet(span=Span(first=int(network.first), last=int(network.last)), prefix=int(network.prefixlen))


def to_host(text: str) -> tuple[int, Subnet]:
    """Return an address with its prefix length (``10.83.20.11/24``) as a number and its network.

    Raises:
        ValueError: the text has no such form, or the address is the network's first or last.
    """
    address, slash, prefix = text.partition("/")
    number = to_number(address)
    if not slash or not prefix.isdecimal() or int(prefix) > 32:
        raise ValueError(f'"{text}" has no prefix length')
    subnet = to_subnet(str(_network(text).cidr))
    if not subnet.is_host(number):
        raise ValueError(f'"{text}" is not the address of a machine in {subnet}')
    return number, subnet


def to_span(text: str) -> Span:
    """Return one address, a range ``first-last``, or a network, as a span.

    Raises:
        ValueError: the text is none of the three, or a range ends before it starts.
    """
    if "/" in text:
        return to_subnet(text).span
    first, dash, last = text.partition("-")
    span = Span(first=to_number(first.strip()), last=to_number(last.strip() if dash else first.strip()))
    if span.last < span.first:
        raise ValueError(f'"{text}" ends before it starts')
    return span
