# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant will need in the surge, by arithmetic that is shown step by step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from .model import Tenant, Unit
from .text import show

_SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """The quantities that one tenant (or, with an empty name, all of them) needs at the peak.

    ``steps`` are the lines of the arithmetic, in its order.
    """

    tenant: str
    quantities: Mapping[Unit, Fraction]
    steps: tuple[str, ...]


def tenant_demand(tenant: Tenant) -> Demand:
    """Return one tenant's demand at the peak of the surge.

    From visits a month, Little's law gives the sessions (visits/s × duration); from sessions that
    were asked for directly, it gives the visits/s the other way round.
    """
    traffic = tenant.traffic
    seconds = traffic.visit_minutes * 60 * traffic.surge_duration
    duration = (
        f"{show(traffic.visit_minutes)} min a visit × {show(traffic.surge_duration)} in the surge "
        f"= {show(seconds / 60)} min"
    )
    if tenant.concurrent_sessions is not None:
        sessions = tenant.concurrent_sessions
        visits = sessions / seconds
        steps = [
            f"{show(sessions)} concurrent sessions, as asked for",
            f"{duration}; Little's law: {show(sessions)} sessions ÷ {show(seconds)} s "
            f"= {show(visits)} visits/s",
        ]
    else:
        visits, steps = _peak_visits(tenant)
        sessions = visits * seconds
        steps.append(
            f"{duration}; Little's law: {show(visits)} visits/s × {show(seconds)} s "
            f"= {show(sessions)} concurrent sessions"
        )
    rates, more = _rates(tenant, visits)
    quantities = {
        Unit.SESSIONS: sessions,
        Unit.VISITS: visits,
        Unit.ACCOUNTS: Fraction(tenant.accounts.total),
        **rates,
    }
    return Demand(tenant=tenant.name, quantities=quantities, steps=(*steps, *more))


def total_demand(demands: Iterable[Demand]) -> Demand:
    """Return the demand of all tenants together, for the tiers that serve them all."""
    every = tuple(demands)
    quantities = {
        unit: sum((demand.quantities[unit] for demand in every), start=Fraction(0)) for unit in Unit
    }
    return Demand(tenant="", quantities=quantities, steps=())


def _peak_visits(tenant: Tenant) -> tuple[Fraction, list[str]]:
    traffic = tenant.traffic
    monthly = tenant.visits_per_month or Fraction(0)
    mean = monthly / traffic.school_days * traffic.busiest_hour_percent / 100 / _SECONDS_AN_HOUR
    peak = mean * traffic.peak_to_mean * traffic.surge_visits
    return peak, [
        f"{show(monthly)} visits a month ÷ {show(traffic.school_days)} school days "
        f"× {show(traffic.busiest_hour_percent)} % in the busiest hour ÷ 3,600 s = {show(mean)} visits/s",
        f"{show(mean)} visits/s × {show(traffic.peak_to_mean)} peak to mean "
        f"× {show(traffic.surge_visits)} in the surge = {show(peak)} visits/s",
    ]


def _rates(tenant: Tenant, visits: Fraction) -> tuple[dict[Unit, Fraction], list[str]]:
    traffic = tenant.traffic
    pages = visits * traffic.pages_per_visit * traffic.surge_pages
    requests = pages * traffic.requests_per_page
    connections = pages * traffic.connection_seconds
    handshakes = visits * traffic.handshakes_per_visit
    logins = visits * traffic.logins_per_visit
    messages = visits * traffic.messages_per_visit
    steps = [
        f"{show(visits)} visits/s × {show(traffic.pages_per_visit)} pages a visit "
        f"× {show(traffic.surge_pages)} in the surge = {show(pages)} pages/s; "
        f"× {show(traffic.requests_per_page)} requests a page = {show(requests)} requests/s",
        f"Little's law: {show(pages)} pages/s × {show(traffic.connection_seconds)} s that a page "
        f"keeps its connection = {show(connections)} connections",
        f"{show(visits)} visits/s × {show(traffic.handshakes_per_visit)} full TLS handshakes "
        f"= {show(handshakes)}/s; × {show(traffic.logins_per_visit)} logins = {show(logins)}/s; "
        f"× {show(traffic.messages_per_visit)} messages = {show(messages)}/s",
    ]
    return {
        Unit.REQUESTS: requests,
        Unit.CONNECTIONS: connections,
        Unit.HANDSHAKES: handshakes,
        Unit.LOGINS: logins,
        Unit.MESSAGES: messages,
    }, steps
