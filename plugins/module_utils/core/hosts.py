# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is free on the hypervisors: the stock and the cluster compared, the smaller of the two counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from .machine import Machine
from .model import Hypervisor, Inputs, Live, LiveHypervisor, Stock
from .placement.problem import Candidate, Host
from .server import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Hardware:
    """The hypervisors that can take machines, the servers that could, and what is to be told.

    ``shared_storages`` is what is free in the shared pools, in GiB; ``offline`` names the hypervisors of
    the stock that do not answer.
    """

    hosts: tuple[Host, ...]
    candidates: tuple[Candidate, ...]
    shared_storages: Mapping[str, int]
    offline: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(slots=True)
class _Use:
    """What the guests of one hypervisor use."""

    guests: list[tuple[int, str]] = field(default_factory=list)
    cores: Fraction = Fraction(0)
    disks: Counter[str] = field(default_factory=Counter)


def hardware(inputs: Inputs, live: Live, existing: Iterable[Machine]) -> Hardware:
    """Return what is free once every live guest, Renfort's own or not, has all that it may use.

    A guest counts with its configured memory whether it runs or not, so that starting it never
    overcommits its hypervisor. Templates never run; only their disks count. The disk of a guest that is
    not Renfort's own counts in the pool in which new guests are made.
    """
    stock, existing = inputs.stock, tuple(existing)
    reported = {node.name: node for node in live.hypervisors}
    uses = _uses(inputs, live, existing)
    nodes = [*stock.hypervisors, *_racked_already(stock, reported)]
    hosts = tuple(
        _host(stock, node, reported[node.name], uses.get(node.name, _Use()))
        for node in sorted(nodes, key=lambda node: node.name)
        if node.name in reported and reported[node.name].online
    )
    own_pools = {node.name: node.storages for node in nodes}
    shared: Counter[str] = Counter()
    for name, use in uses.items():
        shared.update({pool: size for pool, size in use.disks.items() if pool not in own_pools.get(name, {})})
    shared_free = {pool: size - shared[pool] for pool, size in stock.shared_storages.items()}
    known = {host.name for host in hosts}
    return Hardware(
        hosts=hosts,
        candidates=candidates_of(stock, [server for server in stock.shelf if server.name not in reported]),
        shared_storages=shared_free,
        offline=tuple(node.name for node in stock.hypervisors if node.name not in known),
        notes=(*_notes(stock, reported), *_too_small(hosts, shared_free, existing)),
    )


def candidates_of(stock: Stock, servers: Iterable[Server], cost: int = 1) -> tuple[Candidate, ...]:
    """Return the servers as what they could become."""
    return tuple(
        Candidate(
            name=server.name,
            rack=_rack(server.site, server.rack),
            form=server.form,
            host=_as_host(stock, server),
            cost=cost,
            kind=f"{server.site}/{server.rack}/{server.form}",
        )
        for server in servers
    )


def _as_host(stock: Stock, server: Server) -> Host | None:
    node = _as_hypervisor(stock, server)
    if server.form.nics < stock.racking.nics or node.memory_mib <= node.reserved_memory_mib:
        return None
    usable = node.memory_mib - node.reserved_memory_mib
    return Host(
        name=node.name,
        rack=_rack(node.site, node.rack),
        memory_mib=usable,
        free_memory_mib=usable,
        free_cores=Fraction(node.cores),
        bridges=frozenset(node.bridges),
        storages=_own_pools(stock, node.storages),
        in_service=False,
    )


def _as_hypervisor(stock: Stock, server: Server) -> Hypervisor:
    pool = stock.guests.storage
    limited = server.form.disk_gib or any(node.storages for node in stock.hypervisors)
    own_pool = limited and pool not in stock.shared_storages
    return Hypervisor(
        name=server.name,
        site=server.site,
        rack=server.rack,
        cores=server.form.cores,
        memory_mib=server.form.memory_mib,
        reserved_memory_mib=stock.racking.reserved_memory_mib,
        bridges=stock.racking.bridges,
        storages={pool: server.form.disk_gib} if own_pool else {},
    )


def _racked_already(stock: Stock, reported: Mapping[str, LiveHypervisor]) -> list[Hypervisor]:
    return [_as_hypervisor(stock, server) for server in stock.shelf if server.name in reported]


def _uses(inputs: Inputs, live: Live, existing: Iterable[Machine]) -> dict[str, _Use]:
    machines = {machine.vmid: machine for machine in existing}
    ratios = {tier.tier: tier.vcpus_per_core for tier in inputs.capacity.tiers}
    settings = inputs.stock.guests
    uses: dict[str, _Use] = {}
    for guest in live.guests:
        use = uses.setdefault(guest.node, _Use())
        own = machines.get(guest.vmid)
        disks = max(guest.disk_gib, own.disk_gib) + own.data_disk_gib if own else guest.disk_gib
        use.disks[own.storage if own else settings.storage] += disks
        if not guest.template:
            memory = max(guest.memory_mib, own.memory_mib if own else 0)
            use.guests.append((memory, own.bridge if own else ""))
            ratio = ratios.get(own.tier, settings.vcpus_per_core) if own else settings.vcpus_per_core
            use.cores += max(guest.cores, own.cores if own else 0) / ratio
    return uses


def _host(stock: Stock, node: Hypervisor, reported: LiveHypervisor, use: _Use) -> Host:
    pools = _own_pools(stock, node.storages)
    usable = min(node.memory_mib, reported.memory_mib) - node.reserved_memory_mib
    return Host(
        name=node.name,
        rack=_rack(node.site, node.rack),
        memory_mib=max(usable, 0),
        free_memory_mib=usable - sum(memory for memory, _bridge in use.guests),
        free_cores=min(node.cores, reported.cores) - use.cores,
        bridges=frozenset(node.bridges),
        storages={pool: size - use.disks[pool] for pool, size in pools.items()},
        guests=tuple(sorted(use.guests)),
    )


def _own_pools(stock: Stock, stated: Mapping[str, int]) -> dict[str, int]:
    """Return the pools of a hypervisor that states some: those of others, which it lacks, have no room."""
    if not stated:
        return {}
    others = {pool for node in stock.hypervisors for pool in node.storages} - set(stock.shared_storages)
    return dict.fromkeys(sorted(others), 0) | dict(stated)


def _rack(site: str, rack: str) -> str:
    return f"{site}/{rack}" if site else rack


def _notes(stock: Stock, reported: Mapping[str, LiveHypervisor]) -> Iterable[str]:
    known = {node.name for node in stock.hypervisors}
    shelf = {server.name for server in stock.shelf}
    for name in sorted(set(reported) & shelf):
        yield f"server {name} is a hypervisor of the cluster already: move it to the hypervisors of the stock"
        if not reported[name].online:
            yield f"hypervisor {name} is off line: no machine goes there"
    for name in sorted(set(reported) - known - shelf):
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


def _too_small(
    hosts: Iterable[Host], shared: Mapping[str, int], existing: Iterable[Machine]
) -> Iterable[str]:
    """Tell of pools that are too small for machines that exist, since their data disks grow."""
    machines = [machine for machine in existing if machine.data_disk_gib]
    own = {(host.name, pool): free for host in hosts for pool, free in host.storages.items()}
    pools = {(machine.hypervisor, machine.storage) for machine in machines}
    lacking = {f"{pool} of {node}": own[node, pool] for node, pool in pools if own.get((node, pool), 0) < 0}
    lacking |= {
        pool: shared[pool] for node, pool in pools if (node, pool) not in own and shared.get(pool, 0) < 0
    }
    for pool in sorted(lacking):
        yield (
            f"storage {pool} lacks {-lacking[pool]:,} GiB for the disks of machines that exist: "
            "their data disks grow with the data_disk_gib of their tier"
        )
