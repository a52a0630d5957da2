# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to rack or to order when machines find no place."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, floor

from .model import Server, Stock, TierCapacity
from .text import count


def bridge_advice(stock: Stock, bridge: str, *, offline: Sequence[str]) -> str:
    """Return what to do about a bridge that no hypervisor on line has."""
    having = [node.name for node in stock.hypervisors if node.name in offline and bridge in node.bridges]
    bring_back = f"bring back {', '.join(having)} or " if having else ""
    return f"{bring_back}give the bridge {bridge} to another hypervisor"


class Shelf:
    """The servers that can still be put into service; what is proposed once is not proposed again."""

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._left = list(stock.servers)
        self._reserve = max(node.reserved_memory_mib for node in stock.hypervisors)

    def order_for(self, tier: TierCapacity, missing: int, *, offline: Sequence[str]) -> str:
        """Return what to do so that ``missing`` machines of a tier find their place."""
        advice: list[str] = []
        if offline:
            advice.append(f"bring back {', '.join(offline)}, which would take some of them")
        taken: list[str] = []
        rest = missing
        while rest > 0 and self._left:
            server = self._left.pop(0)
            room = self._machines_on(server.cores, server.memory_mib, tier)
            if room > 0:
                taken.append(server.name)
                rest -= room
        if taken:
            advice.append(f"put {', '.join(taken)} from the shelf into service as hypervisors")
        if rest > 0:
            advice.append(self._purchase(tier, rest))
        return "; ".join(advice)

    def _purchase(self, tier: TierCapacity, rest: int) -> str:
        models = [*self._stock.servers, *self._as_servers()]
        largest = max(models, key=lambda server: (server.memory_mib, server.cores))
        room = self._machines_on(largest.cores, largest.memory_mib, tier)
        size = f"{largest.cores} cores and {largest.memory_mib:,} MiB"
        if room < 1:
            return f"order servers with more than {size} for {count(rest, 'machine')}"
        announced = ", ".join(
            f"{delivery.name}: {count(delivery.servers, 'server')}, {delivery.expected}"
            for delivery in self._stock.deliveries
        )
        hint = f" (announced already: {announced})" if announced else ""
        return f"order {count(ceil(rest / room), 'server')} of {size}{hint}"

    def _as_servers(self) -> list[Server]:
        return [
            Server(name=node.name, cores=node.cores, memory_mib=node.memory_mib)
            for node in self._stock.hypervisors
        ]

    def _machines_on(self, cores: int, memory_mib: int, tier: TierCapacity) -> int:
        by_memory = (memory_mib - self._reserve) // tier.memory_mib
        by_cores = floor(cores * self._stock.guests.vcpus_per_core) // tier.cores
        return min(by_memory, by_cores)
