# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and ids for new machines: the lowest free one, never one that is reserved, planned or live."""

from __future__ import annotations

from collections.abc import Iterable

from .addresses import Span, to_number, to_text
from .errors import InputError
from .model import Network


class AddressPool:
    """The addresses of one network that may still be given out.

    Args:
        network: the network with its ranges and what is reserved.
        taken: addresses (without prefix length) that machines bear or are planned to bear.
        file: the file that defines the network, for messages.
    """

    def __init__(self, network: Network, *, taken: Iterable[str], file: str) -> None:
        self._network = network
        self._file = file
        self._taken = {to_number(address) for address in taken} | {to_number(network.gateway)}
        self._taken |= {to_number(address) for address in network.nameservers}

    def may_give(self, address: str) -> bool:
        """Tell whether an address (without prefix length) is one that this pool gives out."""
        number = to_number(address)
        return any(number in span for span in self._network.ranges) and self._is_open(number)

    def reserve(self, address: str) -> None:
        """Never give out an address (without prefix length)."""
        self._taken.add(to_number(address))

    def has_free(self, wanted: int) -> bool:
        """Tell whether so many addresses may still be given out."""
        numbers = (number for span in self._network.ranges for number in self._free(span))
        found: set[int] = set()
        while len(found) < wanted:
            number = next(numbers, None)
            if number is None:
                return False
            found.add(number)
        return True

    def take(self) -> str:
        """Return the lowest free address with its prefix length.

        Raises:
            InputError: the ranges are exhausted.
        """
        for span in self._network.ranges:
            for number in self._free(span):
                self._taken.add(number)
                return f"{to_text(number)}/{self._network.subnet.prefix}"
        raise InputError(
            file=self._file,
            key=f"renfort_networks.{self._network.name}.ranges",
            problem=f"no address of {', '.join(str(span) for span in self._network.ranges)} is free any more",
            expected="larger ranges, or fewer reserved addresses",
        )

    def _free(self, span: Span) -> Iterable[int]:
        return (number for number in range(span.first, span.last + 1) if self._is_open(number))

    def _is_open(self, number: int) -> bool:
        return (
            number not in self._taken
            and self._network.subnet.is_host(number)
            and not any(number in span for span in self._network.reserved)
        )


class IdPool:
    """The guest ids that may still be given out, both ends included."""

    def __init__(self, first: int, last: int, *, taken: Iterable[int], file: str) -> None:
        self._first, self._last, self._file = first, last, file
        self._next = first
        self._taken = set(taken)

    def reserve(self, vmid: int) -> None:
        """Never give out an id."""
        self._taken.add(vmid)

    def free(self) -> int:
        """Return how many ids may still be given out."""
        return (
            self._last - self._first + 1 - sum(1 for vmid in self._taken if self._first <= vmid <= self._last)
        )

    def take(self) -> int:
        """Return the lowest free id, and never return it again.

        Raises:
            InputError: the ids are exhausted.
        """
        for vmid in range(self._next, self._last + 1):
            if vmid not in self._taken:
                self._next = vmid + 1
                return vmid
        raise InputError(
            file=self._file,
            key="renfort_stock.guests.vmids",
            problem=f"no id from {self._first} to {self._last} is free any more",
            expected="a larger range",
        )
