# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Demands by hand: a figure, the factors, and the quantities that follow from them."""

from __future__ import annotations

from ansible_collections.ent.renfort.plugins.module_utils.core.model import FigureKind, Unit
from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import FigureView, QuantityView
from ansible_collections.ent.renfort.plugins.module_utils.core.text import UNIT_WORDS

_SHARES = {
    Unit.SESSIONS: 600,
    Unit.VISITS: 1,
    Unit.REQUESTS: 128,
    Unit.CONNECTIONS: 80,
    Unit.CONNECTION_MEMORY: 10.25,
    Unit.HANDSHAKES: 1,
    Unit.LOGINS: 1,
    Unit.MESSAGES: 1.1,
    Unit.MAIL: 33,
    Unit.DATABASE_CONNECTIONS: 0.512,
    Unit.IO: 64,
    Unit.TUNNELS: 0,
    Unit.STORAGE: 937.5,
    Unit.ACCOUNTS: 0,
}
"""Each unit as a multiple of the visits per second."""

PER_MACHINE = {
    Unit.SESSIONS: 1250.0,
    Unit.VISITS: 8.0,
    Unit.REQUESTS: 2000.0,
    Unit.CONNECTIONS: 5725.0,
    Unit.CONNECTION_MEMORY: 64.0,
    Unit.HANDSHAKES: 6.25,
    Unit.LOGINS: 6.25,
    Unit.MESSAGES: 78.75,
    Unit.MAIL: 200.0,
    Unit.DATABASE_CONNECTIONS: 3.0,
    Unit.IO: 400.0,
    Unit.TUNNELS: 50.0,
    Unit.STORAGE: 5000.0,
    Unit.ACCOUNTS: 60_000.0,
}
"""What one machine carries of each unit at full load; four fifths of it are used."""

TRAFFIC = {
    "school_days": 20.0,
    "busiest_hour_percent": 15.0,
    "peak_to_mean": 1.5,
    "visit_minutes": 8.0,
    "pages_per_visit": 8.0,
    "requests_per_page": 10.0,
    "connection_seconds": 6.25,
    "connection_kib": 131.2,
    "handshakes_per_visit": 1.0,
    "logins_per_visit": 1.0,
    "messages_per_visit": 1.1,
    "mail_kib_per_message": 30.0,
    "database_milliseconds_per_request": 4.0,
    "io_per_request": 0.5,
    "tunnels_per_staff": 0.0,
    "storage_mib_per_visit": 1.0,
    "storage_months": 3.0,
    "surge_visits": 4.0,
    "surge_duration": 1.25,
    "surge_pages": 1.6,
}
"""The factors from which the multiples above follow."""


def traffic() -> tuple[QuantityView, ...]:
    """Return the factors of the arithmetic, known exactly."""
    return tuple(
        QuantityView(unit=name, words=name.replace("_", " "), low=value, mid=value, high=value)
        for name, value in TRAFFIC.items()
    )


def _a_day(visits: float) -> float:
    """Return the visits of a day without the surge from which some visits per second in it follow."""
    busy = TRAFFIC["busiest_hour_percent"] / 100 / 3600
    return visits / (busy * TRAFFIC["peak_to_mean"] * TRAFFIC["surge_visits"])


def _exactly(kind: FigureKind, value: float, *, forecast: bool = False) -> FigureView:
    return FigureView(kind=kind.value, low=value, mid=value, high=value, forecast=forecast)


def monthly(low: float, mid: float, high: float) -> FigureView:
    """Return the visits a month of a normal time from which some visits per second in the surge follow."""
    days = TRAFFIC["school_days"]
    return FigureView(
        kind=FigureKind.VISITS_PER_MONTH.value,
        low=_a_day(low) * days,
        mid=_a_day(mid) * days,
        high=_a_day(high) * days,
        forecast=False,
    )


def requested(visits: float) -> FigureView:
    """Return requests a day, forecast with the surge in them."""
    pages = TRAFFIC["pages_per_visit"] * TRAFFIC["surge_pages"] * TRAFFIC["requests_per_page"]
    each = _a_day(visits) * TRAFFIC["surge_visits"] * pages
    return _exactly(FigureKind.REQUESTS_PER_DAY, each, forecast=True)


def daily(visits: float, *, per: str) -> FigureView:
    """Return the visits a day of all schools or accounts."""
    return _exactly(FigureKind(f"daily_visits_per_{per}"), _a_day(visits))


def seated(visits: float, *, forecast: bool) -> FigureView:
    """Return concurrent sessions, forecast for the surge or measured before it."""
    usual = visits * TRAFFIC["visit_minutes"] * 60
    if forecast:
        return _exactly(FigureKind.SESSIONS, usual * TRAFFIC["surge_duration"], forecast=True)
    return _exactly(FigureKind.SESSIONS, usual / TRAFFIC["surge_visits"])


def quantities(low: float, mid: float, high: float, *, accounts: int) -> tuple[QuantityView, ...]:
    """Return a demand from its visits per second."""
    fixed = {Unit.ACCOUNTS: float(accounts)}
    return tuple(
        QuantityView(
            unit=unit.value,
            words=UNIT_WORDS[unit],
            low=fixed.get(unit, low * _SHARES[unit]),
            mid=fixed.get(unit, mid * _SHARES[unit]),
            high=fixed.get(unit, high * _SHARES[unit]),
        )
        for unit in Unit
    )
