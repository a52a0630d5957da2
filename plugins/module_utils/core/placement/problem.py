# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is to be placed, and where it may go. Nothing that exists is part of it: it only takes room.

The machines of one tier and tenant are a *group* and stand in for each other; the groups of one tier
behind one bridge have one *shape*. A *spot* is a hypervisor, or a server that carries one machine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from ..model import Loss
from ..server import Form

Group = tuple[str, str]
"""Tier and tenant (empty: the machines serve all tenants)."""

_CARRIER = "server:"


def carrier_spot(server: str) -> str:
    """Return the spot of the machine that a server itself is; its name alone is the hypervisor it becomes."""
    return f"{_CARRIER}{server}"


def carrier_of(spot: str) -> str:
    """Return the server that a spot is, or an empty text when the spot is a hypervisor."""
    return spot.removeprefix(_CARRIER) if spot.startswith(_CARRIER) else ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Shape:
    """What one machine takes: MiB of memory, GiB of disk in a storage pool, vCPUs by a ratio.

    ``disk_gib`` is what its disks take together, ``data_disk_gib`` of that the data disk.
    """

    tier: str
    bridge: str
    cores: int
    memory_mib: int
    disk_gib: int
    storage: str
    vcpus_per_core: Fraction
    as_guest: bool = True
    as_server: bool = False
    data_disk_gib: int = 0

    @property
    def disks(self) -> str:
        """The disks in words: their sum, and of what it is one."""
        if not self.data_disk_gib:
            return f"{self.disk_gib:,} GiB"
        system = self.disk_gib - self.data_disk_gib
        return f"{self.disk_gib:,} GiB ({system:,} for its system and {self.data_disk_gib:,} for its data)"

    @property
    def label(self) -> str:
        """The shape in a few words, for messages of the solver's model."""
        return f"{self.tier}@{self.bridge}"

    @property
    def physical_cores(self) -> Fraction:
        """The share of physical cores that its vCPUs are promised."""
        return self.cores / self.vcpus_per_core

    def fits_server(self, form: Form) -> bool:
        """Tell whether a server of this form can be such a machine."""
        return (
            self.as_server
            and form.cores >= self.cores
            and form.memory_mib >= self.memory_mib
            and form.disk_gib >= self.disk_gib
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The machines of one group that do not exist yet.

    ``needed`` and ``spare`` count them. ``demand`` is how many machines the whole demand of the group
    needs and ``have`` how many of these exist. ``existing`` counts the group's machines by spot, and
    ``pending`` those that were planned before and would keep their spot.
    """

    group: Group
    shape: Shape
    needed: int
    spare: int
    demand: int
    have: int
    existing: Mapping[str, int] = field(default_factory=dict)
    pending: Mapping[str, int] = field(default_factory=dict)

    @property
    def wanted(self) -> int:
        """All machines asked for."""
        return self.needed + self.spare


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A hypervisor and what is free on it; of one that is not ``in_service`` yet, what will be.

    ``memory_mib`` is all that guests may use, ``free_memory_mib`` what of it they do not yet;
    ``free_cores`` counts physical cores. ``storages`` is the free GiB of its own pools; a pool that is
    not there is not limited. ``guests`` are those that it has, each with its memory (MiB) and its bridge,
    empty when that is not known.
    """

    name: str
    rack: str
    memory_mib: int
    free_memory_mib: int
    free_cores: Fraction
    bridges: frozenset[str]
    storages: Mapping[str, int] = field(default_factory=dict)
    guests: tuple[tuple[int, str], ...] = ()
    in_service: bool = True

    def behind(self, bridge: str) -> int:
        """Return the memory (MiB) of the guests that need a bridge."""
        return sum(memory for memory, needed in self.guests if needed == bridge)

    def refusal(self, shape: Shape) -> str:
        """Return what this hypervisor lacks for a machine: bridge, memory, cores or storage; or nothing."""
        if shape.bridge not in self.bridges:
            return "bridge"
        if shape.memory_mib > self.free_memory_mib:
            return "memory"
        if shape.physical_cores > self.free_cores:
            return "cores"
        if shape.disk_gib > self.storages.get(shape.storage, shape.disk_gib):
            return "storage"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A server that is not in service: what it can become, and what using it costs.

    ``host`` is the hypervisor that it would be, None when it cannot be one. Candidates of one ``kind``
    are alike, so that it does not matter which of them is used.
    """

    name: str
    rack: str
    form: Form
    host: Host | None
    cost: int = 1
    kind: str = ""

    @property
    def as_carrier(self) -> str:
        """The spot of the one machine that it would carry itself."""
        return carrier_spot(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """A tenant in the distribution of what there is: its weight in the total, its priority."""

    name: str
    priority: int
    weight: int


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Everything that the placement looks at, each kind in a fixed order.

    ``shared_storages`` is what is free in the pools that all hypervisors share, in GiB. ``margin_mib`` is
    memory to be kept free beyond what the loss of a hypervisor or rack needs, in case it is scattered.
    """

    asks: tuple[Ask, ...]
    hosts: tuple[Host, ...]
    candidates: tuple[Candidate, ...]
    parties: tuple[Party, ...]
    shared_storages: Mapping[str, int] = field(default_factory=dict)
    survive: Loss = Loss.NONE
    margin_mib: int = 0

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shapes asked for, in their order."""
        return tuple(sorted({ask.shape for ask in self.asks}))

    def all_hosts(self) -> tuple[Host, ...]:
        """Return the hypervisors in service, then those that candidates would be."""
        return (*self.hosts, *(item.host for item in self.candidates if item.host is not None))

    def lost_with(self, host: Host) -> str:
        """Return what is lost at once with a hypervisor: its rack, or itself alone."""
        return host.rack if self.survive is Loss.RACK else host.name

    @cached_property
    def scarce_bridges(self) -> tuple[str, ...]:
        """The bridges in use that not every hypervisor has, where a loss must be absorbed."""
        if self.survive is Loss.NONE:
            return ()
        hosts = self.all_hosts()
        asked = {ask.shape.bridge for ask in self.asks if ask.shape.as_guest}
        asked |= {bridge for host in hosts for _memory, bridge in host.guests if bridge}
        return tuple(sorted(bridge for bridge in asked if any(bridge not in it.bridges for it in hosts)))

    def free_behind(self, bridge: str) -> Counter[str]:
        """Return the memory (MiB) free behind a bridge on hypervisors in service, by what is lost at once."""
        free: Counter[str] = Counter()
        for host in self.hosts:
            if bridge in host.bridges:
                free[self.lost_with(host)] += max(host.free_memory_mib, 0)
        return free

    def moved_behind(self, bridge: str) -> Counter[str]:
        """Return the memory (MiB) of the guests that need a bridge, by what is lost at once."""
        moved: Counter[str] = Counter()
        for host in self.hosts:
            moved[self.lost_with(host)] += host.behind(bridge)
        return moved

    @cached_property
    def judged_parties(self) -> tuple[Party, ...]:
        """The tenants among which the worst-served one is looked for.

        Left out are those with a tier of their own that no spot can ever take: they would be the worst
        whatever is done, and fairness among the others would end. With none left, all are judged.
        """
        hopeless = {
            ask.group[1] for ask in self.asks if ask.group[1] and ask.needed and not self._takes(ask.shape)
        }
        return tuple(party for party in self.parties if party.name not in hopeless) or self.parties

    def _takes(self, shape: Shape) -> bool:
        as_guest = shape.as_guest and any(not host.refusal(shape) for host in self.all_hosts())
        return as_guest or any(shape.fits_server(item.form) for item in self.candidates)

    def existing_at(self, shape: Shape) -> Counter[str]:
        """Return how many machines of a shape exist, by spot."""
        found: Counter[str] = Counter()
        for ask in self.asks:
            if ask.shape == shape:
                found.update(ask.existing)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A solution before names: how many machines go where.

    ``placed`` counts the new machines by group; ``at`` by shape and spot; ``kept`` the pending machines
    of a group that keep their spot. ``racked`` are the candidates that become hypervisors.
    """

    placed: Mapping[Group, int]
    at: Mapping[tuple[Shape, str], int]
    kept: Mapping[tuple[Group, str], int]
    racked: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What is proved about one level of the objective: no placement is better than ``bound``.

    ``gap_percent`` is the distance of ``value`` from it. ``method`` is "solver", or "arithmetic" when
    the value is the best that there can be.
    """

    level: str
    value: Fraction
    bound: Fraction
    method: str

    @property
    def gap_percent(self) -> Fraction:
        """How much better, in percent of the bound, another placement could be at the most."""
        if self.value == self.bound:
            return Fraction(0)
        return abs(self.bound - self.value) / max(abs(self.bound), abs(self.value)) * 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Where the machines go: for each group the spots of its new machines, the pending that stay first.

    ``kept`` counts, by group and spot, how many of them are pending machines that keep their spot.
    ``racked`` are the candidates that become hypervisors, ``notes`` what is to be told, ``margin_mib`` the
    memory that is kept free since it is scattered.
    """

    spots: Mapping[Group, tuple[str, ...]]
    kept: Mapping[tuple[Group, str], int]
    racked: frozenset[str]
    proofs: tuple[Proof, ...]
    notes: tuple[str, ...] = ()
    margin_mib: int = 0
