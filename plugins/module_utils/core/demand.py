# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant will need in the surge, by arithmetic that is shown step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .interval import NOTHING, Interval
from .model import Figure, FigureKind, Tenant, Traffic, Unit
from .text import show_interval as show

_SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The quantities that one tenant (or, with an empty name, all of them) needs at the peak.

    ``steps`` are the lines of the arithmetic, in its order.
    """

    tenant: str
    quantities: Mapping[Unit, Interval]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Peak:
    """The traffic at the peak of the surge, and the visits of one whole day in it."""

    visits: Interval
    sessions: Interval
    daily: Interval
    steps: tuple[str, ...]


def tenant_demand(tenant: Tenant) -> Demand:
    """Return one tenant's demand at the peak of the surge.

    From visits, Little's law (L = λ × W; Little, Operations Research 9, 1961) gives the sessions:
    visits/s × duration. From sessions it gives the visits/s the other way round.
    """
    from_sessions = tenant.figure.kind is FigureKind.SESSIONS
    peak = _peak_of_sessions(tenant) if from_sessions else _peak_of_visits(tenant)
    quantities: dict[Unit, Interval] = {
        Unit.SESSIONS: peak.sessions,
        Unit.VISITS: peak.visits,
        Unit.ACCOUNTS: Interval.exactly(tenant.accounts.total),
    }
    steps = list(peak.steps)
    for derived, lines in (
        _of_pages(tenant.traffic, peak.visits),
        _of_visits(tenant.traffic, peak.visits),
        _of_people(tenant, peak.daily),
    ):
        quantities |= derived
        steps += lines
    return Demand(tenant=tenant.name, quantities=quantities, steps=tuple(steps))


def total_demand(demands: Iterable[Demand], operators: Interval = NOTHING) -> Demand:
    """Return the demand of all tenants together, for the tiers that serve them all.

    Each of the ``operators`` has a VPN tunnel on top of those of the tenants' staff.
    """
    every = tuple(demands)
    quantities = {unit: sum((demand.quantities[unit] for demand in every), start=NOTHING) for unit in Unit}
    quantities[Unit.TUNNELS] += operators
    return Demand(tenant="", quantities=quantities, steps=())


# --- the peak -------------------------------------------------------------------------------------


def _peak_of_sessions(tenant: Tenant) -> _Peak:
    traffic, figure = tenant.traffic, tenant.figure
    seconds, duration = _duration(traffic, surge=figure.forecast)
    visits = figure.value / seconds
    law = f"Little's law: {show(figure.value)} sessions ÷ {show(seconds)} s = {show(visits)} visits/s"
    if figure.forecast:
        steps = [f"{show(figure.value)} concurrent sessions, as asked for", f"{duration}; {law}"]
        sessions = figure.value
    else:
        steps = [f"{show(figure.value)} concurrent sessions, as measured", f"{duration}; {law}"]
        visits, line = _surge(traffic, visits)
        sessions, more = _sessions(traffic, visits)
        steps += [line, more]
    daily = visits / traffic.peak_to_mean / traffic.busiest_hour_percent * 100 * _SECONDS_AN_HOUR
    steps.append(
        f"{show(visits)} visits/s ÷ {show(traffic.peak_to_mean)} peak to mean × 3,600 s "
        f"÷ {show(traffic.busiest_hour_percent)} % in the busiest hour = {show(daily)} visits a day"
    )
    return _Peak(visits=visits, sessions=sessions, daily=daily, steps=tuple(steps))


def _peak_of_visits(tenant: Tenant) -> _Peak:
    traffic, figure = tenant.traffic, tenant.figure
    daily, steps = _daily_visits(tenant)
    mean = daily * traffic.busiest_hour_percent / 100 / _SECONDS_AN_HOUR
    steps[-1] += (
        f" × {show(traffic.busiest_hour_percent)} % in the busiest hour ÷ 3,600 s = {show(mean)} visits/s"
    )
    if figure.forecast:
        visits = mean * traffic.peak_to_mean
        steps.append(
            f"{show(mean)} visits/s × {show(traffic.peak_to_mean)} peak to mean = {show(visits)} visits/s, "
            "the surge being in the forecast"
        )
    else:
        visits = mean * traffic.peak_to_mean * traffic.surge_visits
        daily = daily * traffic.surge_visits
        steps.append(
            f"{show(mean)} visits/s × {show(traffic.peak_to_mean)} peak to mean "
            f"× {show(traffic.surge_visits)} in the surge = {show(visits)} visits/s"
        )
    sessions, line = _sessions(traffic, visits)
    return _Peak(visits=visits, sessions=sessions, daily=daily, steps=(*steps, line))


def _daily_visits(tenant: Tenant) -> tuple[Interval, list[str]]:
    """Return the visits of a day as the figure tells them; the last line is still to be continued."""
    figure, traffic = tenant.figure, tenant.traffic
    if figure.kind is FigureKind.VISITS_PER_MONTH:
        return figure.value / traffic.school_days, [
            f"{show(figure.value)} visits a month ÷ {show(traffic.school_days)} school days"
        ]
    if figure.kind is FigureKind.REQUESTS_PER_DAY:
        pages = traffic.pages_per_visit * (traffic.surge_pages if figure.forecast else 1)
        daily = figure.value / pages / traffic.requests_per_page
        return daily, [
            f"{show(figure.value)} requests a day ÷ {show(pages)} pages a visit "
            f"÷ {show(traffic.requests_per_page)} requests a page = {show(daily)} visits a day",
            f"{show(daily)} visits a day",
        ]
    return figure.value, [
        f"{_of_whom(tenant, figure)} = {show(figure.value)} visits a day",
        f"{show(figure.value)} visits a day",
    ]


def _of_whom(tenant: Tenant, figure: Figure) -> str:
    if figure.kind is FigureKind.VISITS_PER_SCHOOL:
        return f"{tenant.schools:,} schools × {show(figure.value / tenant.schools)} visits a day"
    return " + ".join(
        f"{getattr(tenant.accounts, profile):,} {profile} × "
        f"{show(visits / max(getattr(tenant.accounts, profile), 1))} visits a day"
        for profile, visits in figure.by_profile.items()
    )


def _duration(traffic: Traffic, *, surge: bool) -> tuple[Interval, str]:
    seconds = traffic.visit_minutes * 60 * (traffic.surge_duration if surge else 1)
    line = f"{show(traffic.visit_minutes)} min a visit"
    if surge:
        line += f" × {show(traffic.surge_duration)} in the surge = {show(seconds / 60)} min"
    return seconds, line


def _surge(traffic: Traffic, visits: Interval) -> tuple[Interval, str]:
    after = visits * traffic.surge_visits
    line = f"{show(visits)} visits/s × {show(traffic.surge_visits)} in the surge = {show(after)} visits/s"
    return after, line


def _sessions(traffic: Traffic, visits: Interval) -> tuple[Interval, str]:
    seconds, duration = _duration(traffic, surge=True)
    sessions = visits * seconds
    return sessions, (
        f"{duration}; Little's law: {show(visits)} visits/s × {show(seconds)} s "
        f"= {show(sessions)} concurrent sessions"
    )


# --- what follows from it -------------------------------------------------------------------------

_Derived = tuple[dict[Unit, Interval], list[str]]


def _of_pages(traffic: Traffic, visits: Interval) -> _Derived:
    pages = visits * traffic.pages_per_visit * traffic.surge_pages
    requests = pages * traffic.requests_per_page
    connections = pages * traffic.connection_seconds
    memory = connections * traffic.connection_kib / 1024
    busy = requests * traffic.database_milliseconds_per_request / 1000
    operations = requests * traffic.io_per_request
    quantities = {
        Unit.REQUESTS: requests,
        Unit.CONNECTIONS: connections,
        Unit.CONNECTION_MEMORY: memory,
        Unit.DATABASE_CONNECTIONS: busy,
        Unit.IO: operations,
    }
    return quantities, [
        f"{show(visits)} visits/s × {show(traffic.pages_per_visit)} pages a visit "
        f"× {show(traffic.surge_pages)} in the surge = {show(pages)} pages/s; "
        f"× {show(traffic.requests_per_page)} requests a page = {show(requests)} requests/s",
        f"Little's law: {show(pages)} pages/s × {show(traffic.connection_seconds)} s that a page "
        f"keeps its connection = {show(connections)} connections; "
        f"× {show(traffic.connection_kib)} KiB = {show(memory)} MiB of connections",
        f"Little's law: {show(requests)} requests/s × {show(traffic.database_milliseconds_per_request)} ms "
        f"in the database = {show(busy)} database connections; "
        f"× {show(traffic.io_per_request)} I/O operations a request = {show(operations)}/s",
    ]


def _of_visits(traffic: Traffic, visits: Interval) -> _Derived:
    handshakes = visits * traffic.handshakes_per_visit
    logins = visits * traffic.logins_per_visit
    messages = visits * traffic.messages_per_visit
    mail = messages * traffic.mail_kib_per_message
    quantities = {
        Unit.HANDSHAKES: handshakes,
        Unit.LOGINS: logins,
        Unit.MESSAGES: messages,
        Unit.MAIL: mail,
    }
    return quantities, [
        f"{show(visits)} visits/s × {show(traffic.handshakes_per_visit)} full TLS handshakes "
        f"= {show(handshakes)}/s; × {show(traffic.logins_per_visit)} logins = {show(logins)}/s; "
        f"× {show(traffic.messages_per_visit)} messages = {show(messages)}/s; "
        f"× {show(traffic.mail_kib_per_message)} KiB a message = {show(mail)} KiB/s of mail",
    ]


def _of_people(tenant: Tenant, daily: Interval) -> _Derived:
    traffic, staff = tenant.traffic, tenant.accounts.staff
    tunnels = traffic.tunnels_per_staff * staff
    monthly = daily * traffic.school_days
    growth = monthly * traffic.storage_mib_per_visit / 1024 * traffic.storage_months
    return {Unit.TUNNELS: tunnels, Unit.STORAGE: growth}, [
        f"{staff:,} staff × {show(traffic.tunnels_per_staff)} tunnels = {show(tunnels)} VPN tunnels",
        f"{show(daily)} visits a day × {show(traffic.school_days)} school days "
        f"× {show(traffic.storage_mib_per_visit)} MiB a visit × {show(traffic.storage_months)} months "
        f"= {show(growth)} GiB of growth",
    ]
