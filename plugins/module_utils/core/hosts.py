# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is free on the hypervisors: the stock and the cluster compared, the smaller of the two counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import floor

from .machine import Machine
from .model import Hypervisor, Live, LiveHypervisor, Stock
from .placement import Host


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """The hypervisors that can take machines by name, those that are off line, and what is to be told."""

    hosts: Mapping[str, Host]
    offline: tuple[str, ...]
    notes: tuple[str, ...]


def room_for_machines(stock: Stock, live: Live, existing: Iterable[Machine]) -> Room:
    """Return what is free once every live guest, Renfort's own or not, has all the memory it may use.

    A guest counts with its configured memory whether it runs or not, so that starting it never
    overcommits its hypervisor. Templates never run and count for nothing.
    """
    reported = {node.name: node for node in live.hypervisors}
    machines = {machine.vmid: machine for machine in existing}
    memory: Counter[str] = Counter()
    vcpus: Counter[str] = Counter()
    for guest in live.guests:
        if not guest.template:
            planned = machines.get(guest.vmid)
            memory[guest.node] += max(guest.memory_mib, planned.memory_mib if planned else 0)
            vcpus[guest.node] += max(guest.cores, planned.cores if planned else 0)
    load = _load_by_host(machines.values())
    hosts = {
        node.name: _host(stock, node, reported[node.name], memory[node.name], vcpus[node.name], load)
        for node in stock.hypervisors
        if node.name in reported and reported[node.name].online
    }
    offline = tuple(node.name for node in stock.hypervisors if node.name not in hosts)
    return Room(hosts=hosts, offline=offline, notes=tuple(_notes(stock, reported)))


def _load_by_host(machines: Iterable[Machine]) -> dict[str, Counter[tuple[str, str]]]:
    load: dict[str, Counter[tuple[str, str]]] = {}
    for machine in machines:
        load.setdefault(machine.hypervisor, Counter())[machine.tier, machine.tenant] += 1
    return load


def _host(
    stock: Stock,
    node: Hypervisor,
    reported: LiveHypervisor,
    used_memory: int,
    used_vcpus: int,
    load: Mapping[str, Mapping[tuple[str, str], int]],
) -> Host:
    cores = min(node.cores, reported.cores)
    memory = min(node.memory_mib, reported.memory_mib)
    return Host(
        name=node.name,
        rack=f"{node.site}/{node.rack}",
        free_vcpus=floor(cores * stock.guests.vcpus_per_core) - used_vcpus,
        free_memory_mib=memory - node.reserved_memory_mib - used_memory,
        bridges=frozenset(node.bridges),
        load=load.get(node.name, {}),
    )


def _notes(stock: Stock, reported: Mapping[str, LiveHypervisor]) -> Iterable[str]:
    known = {node.name for node in stock.hypervisors}
    for name in sorted(set(reported) - known):
        yield f"hypervisor {name} is in the cluster and not in the stock: no machine goes there"
    for node in stock.hypervisors:
        if node.name not in reported:
            yield f"hypervisor {node.name} is in the stock and not in the cluster: no machine goes there"
        elif not reported[node.name].online:
            yield f"hypervisor {node.name} is off line: no machine goes there"
        elif reported[node.name].memory_mib < node.memory_mib:
            yield (
                f"hypervisor {node.name} reports {reported[node.name].memory_mib:,} MiB, less than the "
                f"{node.memory_mib:,} MiB of the stock: the smaller figure counts"
            )
