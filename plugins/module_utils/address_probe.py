# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether somebody has an address already: who accepts a connection to port 22 of it does."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from .core.addresses import Subnet, to_host, to_text

PROBE_S = 0.5
"""How long an address may take to answer before it counts as free, in seconds."""

PROBES = 32
"""How many addresses are asked at once."""

SSH_PORT = 22


class AddressProbe:
    """Asks addresses, and remembers those that answered.

    A refusal says nothing, since firewalls refuse. Where a network's own address answers, which no machine
    can have, something answers for every address there, and nothing is concluded; ``remarks`` say so.
    """

    def __init__(self) -> None:
        self.answered: set[str] = set()
        self._deceived: set[Subnet] = set()

    def answering(self, addresses: Iterable[str]) -> frozenset[str]:
        """Return those of the addresses (with prefix length) that somebody has, without prefix length."""
        asked = {text.partition("/")[0]: to_host(text)[1] for text in addresses}
        with ThreadPoolExecutor(PROBES) as pool:
            heard = [ip for ip, yes in zip(asked, pool.map(accepts, asked), strict=True) if yes]
        for subnet in {asked[ip] for ip in heard} - self._deceived:
            if accepts(to_text(subnet.span.first)):
                self._deceived.add(subnet)
        found = frozenset(ip for ip in heard if asked[ip] not in self._deceived)
        self.answered |= found
        return found

    @property
    def remarks(self) -> tuple[str, ...]:
        """What people should know, a sentence for each network that cannot be asked."""
        return tuple(
            f"Every address of {subnet} answers at port 22: whether planned ones are taken is not known. "
            "Set probe_addresses to false to not ask."
            for subnet in sorted(self._deceived, key=str)
        )


def accepts(address: str) -> bool:
    """Tell whether something accepts a connection to port 22 of an address."""
    try:
        with socket.create_connection((address, SSH_PORT), timeout=PROBE_S):
            return True
    except OSError:
        return False
