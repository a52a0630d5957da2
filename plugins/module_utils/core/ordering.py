# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What to rack or to order when machines find no place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

from .model import Server, Stock, TierCapacity
from .text import count


def bridge_advice(stock: Stock, bridge: str, *, offline: Sequence[str]) -> str:
    """Return what to do about a bridge that no hypervisor on line has."""
    having = [node.name for node in stock.hypervisors if node.name in offline and bridge in node.bridges]
    bring_back = f"bring back {', '.join(having)} or " if having else ""
    return f"{bring_back}give the bridge {bridge} to another hypervisor"


@dataclass(slots=True, kw_only=True)
class _Room:
    """A server that would be a hypervisor, and what would still be free on it."""

    name: str
    vcpus: int
    memory_mib: int

    def take(self, tier: TierCapacity) -> bool:
        """Take the room of one machine, when there is enough."""
        if tier.cores > self.vcpus or tier.memory_mib > self.memory_mib:
            return False
        self.vcpus -= tier.cores
        self.memory_mib -= tier.memory_mib
        return True


class Shelf:
    """The servers that could take machines: those on the shelf, then those to be ordered.

    It remembers what it proposed: a server that one shortage brings into service has its room counted
    once, and what is left of it serves the next shortage.
    """

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self._reserve = max(node.reserved_memory_mib for node in stock.hypervisors)
        self._shelf = [self._room(server) for server in stock.servers]
        nodes = [
            Server(name=node.name, cores=node.cores, memory_mib=node.memory_mib) for node in stock.hypervisors
        ]
        self._model = max([*stock.servers, *nodes], key=lambda server: (server.memory_mib, server.cores))
        self._ordered: list[_Room] = []

    def order_for(self, tier: TierCapacity, missing: int, *, offline: Sequence[str]) -> str:
        """Return what to do so that ``missing`` machines of a tier find their place."""
        had = len(self._ordered)
        places = [self._take(tier) for _ in range(missing)]
        advice: list[str] = []
        if offline:
            advice.append(f"bring back {', '.join(offline)}, which would take some of them")
        shelf = list(dict.fromkeys(room.name for room in places if room is not None and room.name))
        if shelf:
            advice.append(f"put {', '.join(shelf)} from the shelf into service as hypervisors")
        size = f"{self._model.cores} cores and {self._model.memory_mib:,} MiB"
        if None in places:
            advice.append(f"order servers of more than {size} for {count(places.count(None), 'machine')}")
        elif len(self._ordered) > had:
            advice.append(f"order {count(len(self._ordered) - had, 'server')} of {size}{self._announced()}")
        elif any(not room.name for room in places if room is not None):
            advice.append("the servers to be ordered for other machines have room for the rest")
        return "; ".join(advice)

    def _take(self, tier: TierCapacity) -> _Room | None:
        found = next((room for room in (*self._shelf, *self._ordered) if room.take(tier)), None)
        if found is None:
            new = self._room(Server(name="", cores=self._model.cores, memory_mib=self._model.memory_mib))
            if new.take(tier):
                self._ordered.append(new)
                found = new
        return found

    def _room(self, server: Server) -> _Room:
        return _Room(
            name=server.name,
            vcpus=floor(server.cores * self._stock.guests.vcpus_per_core),
            memory_mib=server.memory_mib - self._reserve,
        )

    def _announced(self) -> str:
        texts = [
            f"{delivery.name}: {count(delivery.servers, 'server')}, {delivery.expected}"
            for delivery in self._stock.deliveries
        ]
        return f" (announced already: {', '.join(texts)})" if texts else ""
