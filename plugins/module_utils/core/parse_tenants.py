# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tenants and the traffic of their portals, from what people edit to the model."""

from __future__ import annotations

from dataclasses import dataclass, fields

from .fields import Fields
from .interval import NOTHING, Interval
from .model import Accounts, Figure, FigureKind, Tenant, Traffic
from .names import HOST_PATTERN, TENANT_EXPECTED, TENANT_PATTERN

TRAFFIC_KEYS = tuple(field.name for field in fields(Traffic))
"""The keys of ``traffic``, which a tenant may also state under its demand."""

_ACCOUNT_KEYS = tuple(field.name for field in fields(Accounts))
_FIGURE_KEYS = tuple(kind.value for kind in FigureKind)
_TENANT_KEYS = ("title", "region", "schools", "portals", "network", "tiers", "accounts", "priority", "demand")
_HIGHEST_PRIORITY = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bounds:
    """What a key of the traffic may be; beyond ``maximum`` it can only be a mistake."""

    minimum: int | None = None
    maximum: int
    positive: bool = True


_BOUNDS = {
    "school_days": _Bounds(minimum=1, maximum=31),
    # The busiest hour has at least its 24th of the day.
    "busiest_hour_percent": _Bounds(minimum=5, maximum=100),
    "peak_to_mean": _Bounds(minimum=1, maximum=20),
    "visit_minutes": _Bounds(maximum=600),
    "pages_per_visit": _Bounds(positive=False, maximum=1000),
    "requests_per_page": _Bounds(maximum=1000),
    "connection_seconds": _Bounds(maximum=3600),
    "connection_kib": _Bounds(maximum=10_240),
    "handshakes_per_visit": _Bounds(positive=False, maximum=1000),
    "logins_per_visit": _Bounds(positive=False, maximum=100),
    "messages_per_visit": _Bounds(positive=False, maximum=1000),
    "mail_kib_per_message": _Bounds(positive=False, maximum=102_400),
    "database_milliseconds_per_request": _Bounds(positive=False, maximum=60_000),
    "io_per_request": _Bounds(positive=False, maximum=1000),
    "tunnels_per_staff": _Bounds(positive=False, maximum=10),
    "storage_mib_per_visit": _Bounds(positive=False, maximum=10_240),
    "storage_months": _Bounds(positive=False, maximum=120),
    "surge_visits": _Bounds(maximum=100),
    "surge_duration": _Bounds(maximum=100),
    "surge_pages": _Bounds(maximum=100),
}


def parse_traffic(item: Fields, platform: Traffic | None) -> Traffic:
    """Return how people use a portal; what a tenant does not state is that of the platform.

    Raises:
        InputError: a number is missing, negative or absurd.
    """
    return Traffic(
        **{
            name: item.interval(
                name,
                positive=bounds.positive,
                minimum=bounds.minimum,
                maximum=bounds.maximum,
                default=None if platform is None else getattr(platform, name),
            )
            for name, bounds in _BOUNDS.items()
        }
    )


def parse_tenant(tenants: Fields, name: str, platform: Traffic, tenant_tiers: tuple[str, ...]) -> Tenant:
    """Return one tenant.

    Args:
        tenants: the mapping that holds it.
        name: its key there.
        platform: the traffic of a tenant that states none of its own.
        tenant_tiers: the tiers that the capacity model sizes per tenant.

    Raises:
        InputError: a key is missing, misspelt or impossible.
    """
    tenants.check_name(name, TENANT_PATTERN, TENANT_EXPECTED)
    item = tenants.child(name, _TENANT_KEYS)
    demand = item.child("demand", (*_FIGURE_KEYS, "forecast", *TRAFFIC_KEYS))
    accounts = _accounts(item)
    schools = item.integer("schools", minimum=1)
    portals = item.texts("portals", pattern=HOST_PATTERN, expected="host names in small letters")
    if not portals:
        raise item.error("portals", "the list is empty", "at least one host name")
    return Tenant(
        name=name,
        title=item.text("title", default=name),
        region=item.text("region", default="", expected="the name of a region"),
        schools=schools,
        portals=portals,
        network=item.text("network", expected="a network of networks.yml"),
        tiers=_tiers(item, tenant_tiers),
        accounts=accounts,
        priority=item.integer("priority", minimum=1, maximum=_HIGHEST_PRIORITY, default=1),
        figure=_figure(item, demand, accounts, schools),
        traffic=parse_traffic(demand, platform),
    )


def _tiers(item: Fields, known: tuple[str, ...]) -> tuple[str, ...]:
    tiers = item.texts("tiers", default=known)
    for position, tier in enumerate(tiers):
        if tier not in known:
            text = ", ".join(known) or "none yet"
            expected = f"a tier that capacity.yml sizes per tenant: {text}"
            raise item.error(f"tiers[{position}]", f'"{tier}" is not such a tier', expected)
    return tiers


def _accounts(item: Fields) -> Accounts:
    group = item.child("accounts", _ACCOUNT_KEYS)
    accounts = Accounts(**{name: group.integer(name, default=0) for name in _ACCOUNT_KEYS})
    if accounts.total == 0:
        raise item.error(
            "accounts", "this tenant has no account", f"at least one of {', '.join(_ACCOUNT_KEYS)} above 0"
        )
    return accounts


def _figure(item: Fields, demand: Fields, accounts: Accounts, schools: int) -> Figure:
    given = [key for key in _FIGURE_KEYS if key in demand]
    if len(given) != 1:
        problem = f"{' and '.join(given)} are given" if given else "no figure of demand is given"
        raise item.error("demand", problem, f"exactly one of {', '.join(_FIGURE_KEYS)}")
    kind = FigureKind(given[0])
    by_profile: dict[str, Interval] = {}
    if kind is FigureKind.VISITS_PER_ACCOUNT:
        by_profile = _visits_by_profile(demand, accounts)
        value = sum(by_profile.values(), start=NOTHING)
        if value.low == 0:
            raise demand.error(kind.value, "no account visits anything", "a number above 0 for a profile")
    else:
        value = demand.interval(kind.value)
        value = value * schools if kind is FigureKind.VISITS_PER_SCHOOL else value
    # Sessions are what a customer asks for, so the surge is in them unless it is said that it is not.
    forecast = demand.boolean("forecast", default=kind is FigureKind.SESSIONS)
    return Figure(kind=kind, value=value, forecast=forecast, by_profile=by_profile)


def _visits_by_profile(demand: Fields, accounts: Accounts) -> dict[str, Interval]:
    rates = demand.child(FigureKind.VISITS_PER_ACCOUNT.value, _ACCOUNT_KEYS)
    return {
        profile: rates.interval(profile, positive=False, maximum=100) * getattr(accounts, profile)
        for profile in _ACCOUNT_KEYS
        if profile in rates
    }
