# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the planner works on: the four inputs once they are checked, and what the cluster reports.

Quantities that are divided or multiplied are exact fractions, so that 15,000 sessions on machines
of 5,000 are three machines and never four. Memory is MiB, disks are GiB, times are in the unit that
the name says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from .addresses import Span, Subnet


class Scope(StrEnum):
    """Whom the machines of a tier serve."""

    TENANT = "tenant"
    SHARED = "shared"


class Unit(StrEnum):
    """What demand and capacity are counted in."""

    SESSIONS = "sessions"
    VISITS = "visits_per_second"
    REQUESTS = "requests_per_second"
    CONNECTIONS = "connections"
    HANDSHAKES = "tls_handshakes_per_second"
    LOGINS = "logins_per_second"
    MESSAGES = "messages_per_second"
    ACCOUNTS = "accounts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """How many people of each profile have an account."""

    pupils: int = 0
    teachers: int = 0
    parents: int = 0
    staff: int = 0

    @property
    def total(self) -> int:
        """All accounts together."""
        return self.pupils + self.teachers + self.parents + self.staff


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """How people use a portal on a normal day, and what the surge multiplies.

    Durations are of a normal visit (minutes) and of an idle connection kept open (seconds).
    """

    school_days: Fraction
    busiest_hour_percent: Fraction
    peak_to_mean: Fraction
    visit_minutes: Fraction
    pages_per_visit: Fraction
    requests_per_page: Fraction
    connection_seconds: Fraction
    handshakes_per_visit: Fraction
    logins_per_visit: Fraction
    messages_per_visit: Fraction
    surge_visits: Fraction
    surge_duration: Fraction
    surge_pages: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One customer project. Exactly one of the two demand figures is set."""

    name: str
    title: str
    region: str
    schools: int
    portals: tuple[str, ...]
    network: str
    tiers: tuple[str, ...]
    accounts: Accounts
    visits_per_month: Fraction | None
    concurrent_sessions: Fraction | None
    traffic: Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCapacity:
    """What one machine of a tier is and carries.

    ``per_machine`` is what it carries at full load, ``reserve_percent`` the part of it that is not
    used; ``spare`` machines come on top of the need, ``minimum`` is the least need. ``network`` is
    set for a shared tier only: a tenant's machines stand in the tenant's network.
    """

    tier: str
    scope: Scope
    per_machine: Mapping[Unit, Fraction]
    reserve_percent: Fraction
    spare: int
    minimum: int
    cores: int
    memory_mib: int
    disk_gib: int
    network: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The capacity model: the tiers in their fixed order."""

    tiers: tuple[TierCapacity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervisor:
    """A node in service; ``reserved_memory_mib`` stays for the node itself."""

    name: str
    site: str
    rack: str
    cores: int
    memory_mib: int
    reserved_memory_mib: int
    bridges: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A physical machine on the shelf."""

    name: str
    cores: int
    memory_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Servers that a supplier announced; ``expected`` is a text, since the date is uncertain."""

    name: str
    servers: int
    cores: int
    memory_mib: int
    expected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSettings:
    """What every new guest is made from, and the ids it may get (both ends included)."""

    template: int
    storage: str
    pool: str
    first_vmid: int
    last_vmid: int
    vcpus_per_core: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What hardware there is, each kind sorted by name."""

    hypervisors: tuple[Hypervisor, ...]
    servers: tuple[Server, ...]
    deliveries: tuple[Delivery, ...]
    guests: GuestSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """A network for guests: ``ranges`` are to be given out, except what is ``reserved``."""

    name: str
    bridge: str
    subnet: Subnet
    gateway: str
    nameservers: tuple[str, ...]
    ranges: tuple[Span, ...]
    reserved: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFiles:
    """Where each input was read, for messages."""

    tenants: str = "tenants.yml"
    stock: str = "stock.yml"
    capacity: str = "capacity.yml"
    networks: str = "networks.yml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """The four inputs, checked each for itself and against each other; tenants sorted by name."""

    tenants: tuple[Tenant, ...]
    stock: Stock
    capacity: Capacity
    networks: Mapping[str, Network]
    files: InputFiles


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveHypervisor:
    """A node as the cluster reports it now."""

    name: str
    online: bool
    cores: int
    memory_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveGuest:
    """A guest as the cluster reports it now, Renfort's own or another."""

    vmid: int
    name: str
    node: str
    tags: tuple[str, ...]
    template: bool
    cores: int
    memory_mib: int

    def tag_value(self, prefix: str) -> str:
        """Return what follows ``prefix`` in the first tag that starts with it, or an empty text."""
        return next((tag[len(prefix) :] for tag in sorted(self.tags) if tag.startswith(prefix)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The cluster now."""

    hypervisors: tuple[LiveHypervisor, ...] = ()
    guests: tuple[LiveGuest, ...] = ()
