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
from .interval import Interval, Level
from .server import Form, Server


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
    CONNECTION_MEMORY = "connection_memory_mib"
    HANDSHAKES = "tls_handshakes_per_second"
    LOGINS = "logins_per_second"
    MESSAGES = "messages_per_second"
    MAIL = "mail_kib_per_second"
    DATABASE_CONNECTIONS = "database_connections"
    IO = "io_per_second"
    TUNNELS = "vpn_tunnels"
    STORAGE = "storage_gib"
    ACCOUNTS = "accounts"


class Carrier(StrEnum):
    """What a machine of a tier can be."""

    GUEST = "guest"
    SERVER = "server"


class Loss(StrEnum):
    """What the hypervisors must be able to lose, all guests finding memory on the others."""

    NONE = "none"
    HYPERVISOR = "hypervisor"
    RACK = "rack"


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

    Units are in the names: ``visit_minutes`` is the length of a normal visit, ``connection_seconds``
    how long a page keeps its connection, ``connection_kib`` the memory of one, ``storage_months`` the
    time for which stored data grows.
    """

    school_days: Interval
    busiest_hour_percent: Interval
    peak_to_mean: Interval
    visit_minutes: Interval
    pages_per_visit: Interval
    requests_per_page: Interval
    connection_seconds: Interval
    connection_kib: Interval
    handshakes_per_visit: Interval
    logins_per_visit: Interval
    messages_per_visit: Interval
    mail_kib_per_message: Interval
    database_milliseconds_per_request: Interval
    io_per_request: Interval
    tunnels_per_staff: Interval
    storage_mib_per_visit: Interval
    storage_months: Interval
    surge_visits: Interval
    surge_duration: Interval
    surge_pages: Interval


class FigureKind(StrEnum):
    """The figure from which a tenant's demand is derived."""

    VISITS_PER_MONTH = "visits_per_month"
    REQUESTS_PER_DAY = "requests_per_day"
    VISITS_PER_ACCOUNT = "daily_visits_per_account"
    VISITS_PER_SCHOOL = "daily_visits_per_school"
    SESSIONS = "concurrent_sessions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The one figure that a tenant's demand is derived from.

    ``value`` counts as ``kind`` says; for visits by account it is the visits a day of all accounts, and
    ``by_profile`` holds what it is the sum of. ``forecast`` tells that the surge is in the figure already;
    else it is of a normal time and the surge multiplies it.
    """

    kind: FigureKind
    value: Interval
    forecast: bool
    by_profile: Mapping[str, Interval]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """One customer project; ``priority`` weighs its shortage against that of the others."""

    name: str
    title: str
    region: str
    schools: int
    portals: tuple[str, ...]
    network: str
    tiers: tuple[str, ...]
    accounts: Accounts
    priority: int
    figure: Figure
    traffic: Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCapacity:
    """What one machine of a tier is and carries.

    ``per_machine`` is what it carries at full load, ``utilisation_percent`` the part of it that is
    planned to be used; ``spare`` machines come on top of the need, ``minimum`` is the least need, and
    all together are a multiple of ``step``. ``data_disk_gib`` is 0 for machines without a data disk.
    ``network`` is empty for a tier of which each tenant's machines stand in the tenant's network.
    ``template`` is 0 and ``storage`` empty where the general settings for guests hold.
    """

    tier: str
    scope: Scope
    per_machine: Mapping[Unit, Fraction]
    utilisation_percent: Fraction
    spare: int
    minimum: int
    step: int
    cores: int
    memory_mib: int
    disk_gib: int
    data_disk_gib: int
    network: str
    runs_on: tuple[Carrier, ...]
    vcpus_per_core: Fraction
    template: int
    storage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """A contingency measure as the planner sees it: by how much it lowers demand, and what users see.

    ``reduces_percent`` maps a unit to the part of its demand that goes away; titles and what users see
    are French and English texts by ``fr`` and ``en``.
    """

    name: str
    title: Mapping[str, str]
    seen: Mapping[str, str]
    reduces_percent: Mapping[Unit, Fraction]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """The capacity model: the tiers in their fixed order, and for which level of demand to size.

    ``operators`` are the people who run the platform, each with a VPN tunnel.
    """

    tiers: tuple[TierCapacity, ...]
    level: Level
    operators: Interval
    measures: tuple[Measure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervisor:
    """A node in service; ``reserved_memory_mib`` stays for the node itself.

    ``storages`` are its own pools with their size in GiB; a pool that is not there and not shared is
    not limited.
    """

    name: str
    site: str
    rack: str
    cores: int
    memory_mib: int
    reserved_memory_mib: int
    bridges: tuple[str, ...]
    storages: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Servers that a supplier announced, between two dates (ISO); both are empty when none is known."""

    name: str
    servers: int
    site: str
    rack: str
    form: Form
    earliest: str
    latest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A server that can be ordered; ``price`` in any one currency, or 1 for each when only numbers count."""

    name: str
    form: Form
    price: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Racking:
    """What a server becomes when it is put into service as a hypervisor, and the interfaces it must have."""

    reserved_memory_mib: int
    bridges: tuple[str, ...]
    nics: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestSettings:
    """What every new guest is made from, and the ids it may get (both ends included).

    ``template`` is 0 when each tier names its own.
    """

    template: int
    storage: str
    pool: str
    first_vmid: int
    last_vmid: int
    vcpus_per_core: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What hardware there is, each kind sorted by name; shared storage pools with their size in GiB."""

    hypervisors: tuple[Hypervisor, ...]
    servers: tuple[Server, ...]
    deliveries: tuple[Delivery, ...]
    catalogue: tuple[Model, ...]
    shared_storages: Mapping[str, int]
    racking: Racking
    survive: Loss
    guests: GuestSettings

    @property
    def shelf(self) -> tuple[Server, ...]:
        """The servers that carry nothing yet."""
        return tuple(server for server in self.servers if server.carries is None)

    @property
    def carriers(self) -> tuple[Server, ...]:
        """The servers in service that carry a tier."""
        return tuple(server for server in self.servers if server.carries is not None)


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
    disk_gib: int = 0

    def tag_value(self, prefix: str) -> str:
        """Return what follows ``prefix`` in the first tag that starts with it, or an empty text."""
        return next((tag[len(prefix) :] for tag in sorted(self.tags) if tag.startswith(prefix)), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The cluster now."""

    hypervisors: tuple[LiveHypervisor, ...] = ()
    guests: tuple[LiveGuest, ...] = ()
