# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four input mappings made into the model; every refusal names file, key and what is expected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from fractions import Fraction

from .addresses import Span, Subnet, to_number, to_span, to_subnet
from .consistency import check_together
from .fields import Fields
from .model import (
    Accounts,
    Capacity,
    Delivery,
    GuestSettings,
    Hypervisor,
    InputFiles,
    Inputs,
    Network,
    Scope,
    Server,
    Stock,
    Tenant,
    TierCapacity,
    Traffic,
    Unit,
)
from .names import HOST_PATTERN, ID_PATTERN, LABEL_PATTERN, TENANT_EXPECTED, TENANT_PATTERN, TIERS

INPUT_KEYS = {
    "tenants": "renfort_tenants",
    "stock": "renfort_stock",
    "capacity": "renfort_capacity",
    "networks": "renfort_networks",
}
"""The top key of each input file."""

_TRAFFIC_KEYS = tuple(field.name for field in fields(Traffic))
_ACCOUNT_KEYS = tuple(field.name for field in fields(Accounts))
_DEMAND_KEYS = ("visits_per_month", "concurrent_sessions")
_NAME = "a name of letters, digits, points, hyphens and underscores"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What the four files hold under their top keys."""

    tenants: object
    stock: object
    capacity: object
    networks: object


def parse_inputs(documents: Documents, files: InputFiles | None = None) -> Inputs:
    """Return the checked inputs.

    Raises:
        InputError: a key is missing, misspelt or of a wrong type, or the inputs contradict each other.
    """
    where = files or InputFiles()
    tops = {
        name: Fields(file=getattr(where, name), key=key, data=getattr(documents, name))
        for name, key in INPUT_KEYS.items()
    }
    networks = {name: _network(tops["networks"].child(name, _NETWORK_KEYS)) for name in tops["networks"]}
    capacity, traffic = _capacity(tops["capacity"])
    tenant_tiers = tuple(tier.tier for tier in capacity.tiers if tier.scope is Scope.TENANT)
    tenants = [
        _tenant(tops["tenants"].child(name, _TENANT_KEYS), name, traffic, tenant_tiers)
        for name in sorted(tops["tenants"])
    ]
    inputs = Inputs(
        tenants=tuple(tenants),
        stock=_stock(tops["stock"]),
        capacity=capacity,
        networks=networks,
        files=where,
    )
    check_together(inputs)
    return inputs


# --- tenants --------------------------------------------------------------------------------------

_TENANT_KEYS = ("title", "region", "schools", "portals", "network", "tiers", "accounts", "demand")


def _tenant(item: Fields, name: str, platform: Traffic, tenant_tiers: tuple[str, ...]) -> Tenant:
    _checked_key(item, name, TENANT_PATTERN, TENANT_EXPECTED)
    demand = item.child("demand", _DEMAND_KEYS + _TRAFFIC_KEYS)
    given = [key for key in _DEMAND_KEYS if key in demand]
    if len(given) != 1:
        problem = "both figures are given" if given else "no figure of demand is given"
        raise item.error("demand", problem, f"either {' or '.join(_DEMAND_KEYS)}")
    figure = demand.number(given[0])
    portals = item.texts("portals", pattern=HOST_PATTERN, expected="host names in small letters")
    if not portals:
        raise item.error("portals", "the list is empty", "at least one host name")
    return Tenant(
        name=name,
        title=item.text("title", default=name),
        region=item.text("region", default="", expected="the name of a region"),
        schools=item.integer("schools", minimum=1),
        portals=portals,
        network=item.text("network", expected="a network of networks.yml"),
        tiers=_tenant_tiers(item, tenant_tiers),
        accounts=_accounts(item),
        visits_per_month=figure if given[0] == "visits_per_month" else None,
        concurrent_sessions=figure if given[0] == "concurrent_sessions" else None,
        traffic=_traffic(demand, platform),
    )


def _tenant_tiers(item: Fields, known: tuple[str, ...]) -> tuple[str, ...]:
    for position, tier in enumerate(item.texts("tiers", default=known)):
        if tier not in known:
            text = ", ".join(known) or "none yet"
            expected = f"a tier that capacity.yml sizes per tenant: {text}"
            raise item.error(f"tiers[{position}]", f'"{tier}" is not such a tier', expected)
    return item.texts("tiers", default=known)


def _accounts(item: Fields) -> Accounts:
    group = item.child("accounts", _ACCOUNT_KEYS)
    accounts = Accounts(**{name: group.integer(name, default=0) for name in _ACCOUNT_KEYS})
    if accounts.total == 0:
        raise item.error(
            "accounts", "this tenant has no account", f"at least one of {', '.join(_ACCOUNT_KEYS)} above 0"
        )
    return accounts


def _traffic(item: Fields, platform: Traffic | None) -> Traffic:
    read = {
        name: item.number(
            name,
            positive=not name.endswith("_per_visit"),
            default=None if platform is None else getattr(platform, name),
        )
        for name in _TRAFFIC_KEYS
    }
    if not 0 < read["busiest_hour_percent"] <= 100:
        raise item.error("busiest_hour_percent", "more than the whole day", "a number of at most 100")
    return Traffic(**read)


# --- capacity -------------------------------------------------------------------------------------

_TIER_KEYS = tuple(field.name for field in fields(TierCapacity) if field.name != "tier")


def _capacity(top: Fields) -> tuple[Capacity, Traffic]:
    top = Fields(file=top.file, key=top.key, data=top.data, allowed=("traffic", "tiers"))
    traffic = _traffic(top.child("traffic", _TRAFFIC_KEYS), None)
    tiers = top.child("tiers", TIERS)
    if not tiers.data:
        raise top.error("tiers", "no tier is given", f"at least one of {', '.join(TIERS)}")
    return Capacity(
        tiers=tuple(_tier(tiers.child(tier, _TIER_KEYS), tier) for tier in TIERS if tier in tiers)
    ), traffic


def _tier(item: Fields, tier: str) -> TierCapacity:
    scope = Scope(item.choice("scope", [scope.value for scope in Scope]))
    if scope is Scope.TENANT and "network" in item:
        raise item.error("network", "a tenant's machines stand in the tenant's network", "no such key here")
    units = item.child("per_machine", [unit.value for unit in Unit])
    minimum = item.integer("minimum", default=1)
    if not units.data and minimum == 0:
        raise item.error("per_machine", "nothing says how many machines are needed", "a unit, or a minimum")
    reserve = item.number("reserve_percent", positive=False, default=Fraction(0))
    if reserve >= 100:
        raise item.error("reserve_percent", f"{reserve} leaves nothing to use", "a number below 100")
    return TierCapacity(
        tier=tier,
        scope=scope,
        per_machine={unit: units.number(unit.value) for unit in Unit if unit.value in units},
        reserve_percent=reserve,
        spare=item.integer("spare", default=0),
        minimum=minimum,
        cores=item.integer("cores", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=16),
        disk_gib=item.integer("disk_gib", minimum=1),
        network="" if scope is Scope.TENANT else item.text("network", expected="a network of networks.yml"),
    )


# --- stock ----------------------------------------------------------------------------------------

_HYPERVISOR_KEYS = ("site", "rack", "cores", "memory_mib", "reserved_memory_mib", "bridges")


def _stock(top: Fields) -> Stock:
    top = Fields(
        file=top.file, key=top.key, data=top.data, allowed=("guests", "hypervisors", "servers", "deliveries")
    )
    hypervisors = top.child("hypervisors")
    if not hypervisors.data:
        raise top.error("hypervisors", "no hypervisor is given", "at least one hypervisor")
    return Stock(
        hypervisors=_each(hypervisors, _HYPERVISOR_KEYS, _hypervisor),
        servers=_each(_optional(top, "servers"), ("cores", "memory_mib"), _server),
        deliveries=_each(
            _optional(top, "deliveries"), ("servers", "cores", "memory_mib", "expected"), _delivery
        ),
        guests=_guest_settings(
            top.child("guests", ("template", "storage", "pool", "vmids", "vcpus_per_core"))
        ),
    )


def _guest_settings(item: Fields) -> GuestSettings:
    vmids = item.child("vmids", ("first", "last"))
    first = vmids.integer("first", minimum=100, maximum=999_999_999)
    last = vmids.integer("last", minimum=first, maximum=999_999_999)
    template = item.integer("template", minimum=100, maximum=999_999_999)
    if first <= template <= last:
        raise item.error("template", f"{template} lies among the ids of new guests", "an id outside vmids")
    return GuestSettings(
        template=template,
        storage=item.text("storage", pattern=ID_PATTERN, expected=_NAME),
        pool=item.text("pool", pattern=ID_PATTERN, expected=_NAME),
        first_vmid=first,
        last_vmid=last,
        vcpus_per_core=item.number("vcpus_per_core", default=Fraction(4)),
    )


def _hypervisor(item: Fields, name: str) -> Hypervisor:
    memory = item.integer("memory_mib", minimum=1024)
    return Hypervisor(
        name=name,
        site=item.text("site", default="", expected="the name of a site"),
        rack=item.text("rack", pattern=ID_PATTERN, expected=_NAME),
        cores=item.integer("cores", minimum=1),
        memory_mib=memory,
        reserved_memory_mib=item.integer("reserved_memory_mib", maximum=memory, default=0),
        bridges=item.texts("bridges", pattern=ID_PATTERN, expected=_NAME),
    )


def _server(item: Fields, name: str) -> Server:
    return Server(
        name=name, cores=item.integer("cores", minimum=1), memory_mib=item.integer("memory_mib", minimum=1024)
    )


def _delivery(item: Fields, name: str) -> Delivery:
    return Delivery(
        name=name,
        servers=item.integer("servers", minimum=1),
        cores=item.integer("cores", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=1024),
        expected=item.text("expected", expected="a date between quotes, or what the supplier says"),
    )


# --- networks -------------------------------------------------------------------------------------

_NETWORK_KEYS = ("bridge", "cidr", "gateway", "nameservers", "ranges", "reserved")


def _network(item: Fields) -> Network:
    subnet: Subnet = _converted(item, "cidr", to_subnet, "a network such as 10.83.0.0/24")
    gateway = item.text("gateway")
    if not subnet.is_host(_converted(item, "gateway", to_number, "an address such as 10.83.0.1")):
        raise item.error("gateway", f"{gateway} is not a host of {subnet}", f"an address of {subnet}")
    servers = item.texts("nameservers")
    for position in range(len(servers)):
        _converted(
            item, f"nameservers[{position}]", to_number, "an address such as 10.83.0.1", servers[position]
        )
    ranges = _spans(item, "ranges", item.texts("ranges"), subnet)
    if not ranges:
        raise item.error("ranges", "the list is empty", f"at least one range of {subnet}")
    return Network(
        name=item.key.rpartition(".")[2],
        bridge=item.text("bridge", pattern=ID_PATTERN, expected=_NAME),
        subnet=subnet,
        gateway=gateway,
        nameservers=servers,
        ranges=ranges,
        reserved=_spans(item, "reserved", item.texts("reserved", default=()), subnet),
    )


def _spans(item: Fields, name: str, texts: tuple[str, ...], subnet: Subnet) -> tuple[Span, ...]:
    found: list[Span] = []
    expected = f"addresses of {subnet}: one, first-last, or a smaller network"
    for position, text in enumerate(texts):
        here = f"{name}[{position}]"
        span = _converted(item, here, to_span, expected, text)
        if not span.within(subnet.span):
            raise item.error(here, f"{span} is not in {subnet}", expected)
        found.append(span)
    return tuple(sorted(found))


# --- shared ---------------------------------------------------------------------------------------


def _each[Parsed](
    group: Fields, allowed: tuple[str, ...], parse: Callable[[Fields, str], Parsed]
) -> tuple[Parsed, ...]:
    found: list[Parsed] = []
    for name in sorted(group):
        item = group.child(name, allowed)
        _checked_key(item, name, LABEL_PATTERN, "one label of a host name")
        found.append(parse(item, name))
    return tuple(found)


def _optional(top: Fields, name: str) -> Fields:
    return top.child(name) if name in top else Fields(file=top.file, key=top.path(name), data={})


def _checked_key(item: Fields, name: str, pattern: str, expected: str) -> None:
    holder = Fields(file=item.file, key=item.key.rpartition(".")[0], data={name: name})
    holder.text(name, pattern=pattern, expected=expected)


def _converted[Parsed](
    item: Fields, name: str, convert: Callable[[str], Parsed], expected: str, text: str | None = None
) -> Parsed:
    try:
        return convert(item.text(name, expected=expected) if text is None else text)
    except ValueError as error:
        raise item.error(name, str(error), expected) from None
