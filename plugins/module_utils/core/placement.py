# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where new machines go. A placer sees only what is free; nothing that exists ever moves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A machine that needs a place. ``group`` (tier and tenant) is what is to be spread."""

    key: str
    group: tuple[str, str]
    cores: int
    memory_mib: int
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A hypervisor that is on line, with what is free on it; ``load`` counts its machines by group."""

    name: str
    rack: str
    free_vcpus: int
    free_memory_mib: int
    bridges: frozenset[str]
    load: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def fits(self, request: Request) -> bool:
        """Tell whether the machine can stand here without overcommitting memory."""
        return (
            request.bridge in self.bridges
            and request.memory_mib <= self.free_memory_mib
            and request.cores <= self.free_vcpus
        )

    def with_machine(self, request: Request) -> Host:
        """Return this hypervisor once the machine stands here."""
        return Host(
            name=self.name,
            rack=self.rack,
            free_vcpus=self.free_vcpus - request.cores,
            free_memory_mib=self.free_memory_mib - request.memory_mib,
            bridges=self.bridges,
            load={**self.load, request.group: self.load.get(request.group, 0) + 1},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """The hypervisor of each request by key, and why each of the others has none."""

    places: Mapping[str, str]
    refused: Mapping[str, str]


class Placer(Protocol):
    """Anything that can place machines."""

    def place(self, requests: Sequence[Request], hosts: Sequence[Host]) -> Placement:
        """Return a place for as many requests as possible, the first ones before the others."""


class SpreadingPlacer:
    """Place one machine after the other, each where its group is the thinnest.

    A group spreads over hypervisors, then over racks; then comes the hypervisor with the most
    memory free, then the first by name, so that the same requests always give the same places.
    """

    def place(self, requests: Sequence[Request], hosts: Sequence[Host]) -> Placement:
        """Return a place for each request that fits, in the order of the requests."""
        state = {host.name: host for host in hosts}
        places: dict[str, str] = {}
        refused: list[Request] = []
        for request in requests:
            fitting = [host for host in state.values() if host.fits(request)]
            if not fitting:
                refused.append(request)
                continue
            racks = _count_by_rack(state.values(), request.group)
            best = min(fitting, key=partial(_order, request, racks))
            places[request.key] = best.name
            state[best.name] = best.with_machine(request)
        # Told from what is free in the end, so that planning again tells the same.
        reasons = {request.key: refusal(request, tuple(state.values())) for request in refused}
        return Placement(places=places, refused=reasons)


def refusal(request: Request, hosts: Sequence[Host]) -> str:
    """Return why no hypervisor can take a machine: the first condition that none of them meets."""
    if not hosts:
        return "no hypervisor of the stock is on line"
    bridged = [host for host in hosts if request.bridge in host.bridges]
    if not bridged:
        return f"no hypervisor on line has the bridge {request.bridge}"
    roomy = [host for host in bridged if request.memory_mib <= host.free_memory_mib]
    if not roomy:
        largest = max(host.free_memory_mib for host in bridged)
        return (
            f"a machine needs {request.memory_mib:,} MiB and no hypervisor has more than "
            f"{max(largest, 0):,} MiB free"
        )
    return f"a machine needs {request.cores} vCPUs and no hypervisor with enough memory has them free"


def _order(request: Request, racks: Counter[str], host: Host) -> tuple[int, int, int, str]:
    return host.load.get(request.group, 0), racks[host.rack], -host.free_memory_mib, host.name


def _count_by_rack(hosts: Iterable[Host], group: tuple[str, str]) -> Counter[str]:
    racks: Counter[str] = Counter()
    for host in hosts:
        racks[host.rack] += host.load.get(group, 0)
    return racks
