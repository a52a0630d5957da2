# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers, amounts and dates as the report writes them, the same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ..core.parse_stock import UNKNOWN

NBSP = "\u00a0"
"""Keeps a number and its unit on one line."""

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
"""Not taken from the locale: the same plan gives the same bytes everywhere."""

_MIB_PER_GIB = 1024
_LARGEST_GIB = 10_240


def percent(value: float, digits: int = 1) -> str:
    """Return ``81.3 %``; what is nearly all or nearly nothing is never rounded to all or to nothing."""
    exact, step = Decimal(str(value)), Decimal(1).scaleb(-digits)
    rounded = exact.quantize(step, ROUND_HALF_UP)
    if exact > 0 and not rounded:
        return f"<{step}{NBSP}%"
    if rounded == 100 and exact != 100:
        rounded += step if exact > 100 else -step
    text = f"{rounded:,}"
    return f"{text.rstrip('0').rstrip('.') if digits else text}{NBSP}%"


def memory(mib: int) -> str:
    """Return an amount of memory in the unit in which people say it: MiB, GiB, or TiB from ten of them."""
    if mib < _MIB_PER_GIB:
        return f"{mib:,}{NBSP}MiB"
    gib = mib / _MIB_PER_GIB
    if gib >= _LARGEST_GIB:
        return f"{gib / 1024:,.1f}{NBSP}TiB"
    return f"{gib:,.0f}{NBSP}GiB" if gib >= 10 or gib.is_integer() else f"{gib:,.1f}{NBSP}GiB"


def whole(value: float) -> str:
    """Return a quantity of which the parts do not count, such as sessions: ``103,702``."""
    return f"{value:,.0f}"


def number(value: float) -> str:
    """Return a number with the decimals that it has, two at most: ``16``, ``1,204.5``."""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def short(value: float) -> str:
    """Return an axis's number in few letters: ``500``, ``20k``, ``1.5M``."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def day(iso: str) -> str:
    """Return a date as ``30 April 2020``: no order of day and month to guess."""
    on = date.fromisoformat(iso)
    return f"{on.day}{NBSP}{MONTHS[on.month - 1]} {on.year}"


def day_or_unknown(iso: str) -> str:
    """Return a date, or that nobody knows it, as a plan writes both."""
    return "date unknown" if iso in ("", UNKNOWN) else day(iso)


def span(earliest: str, latest: str) -> str:
    """Return two dates as one: ``16–30 April 2020``, ``30 March – 6 April 2020``."""
    if latest in ("", UNKNOWN):
        return "date unknown" if earliest in ("", UNKNOWN) else f"from {day(earliest)} on"
    if earliest in ("", latest):
        return day(latest)
    first, last = date.fromisoformat(earliest), date.fromisoformat(latest)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{day(latest)}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day}{NBSP}{MONTHS[first.month - 1]}{year} – {day(latest)}"


def listing(words: Sequence[str]) -> str:
    """Return ``a``, ``a and b``, ``a, b and c``."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def capital(text: str) -> str:
    """Return a text with a capital first letter and the rest as it is."""
    return f"{text[:1].upper()}{text[1:]}"


def tenant_or_all(tenant: str, titles: dict[str, str]) -> str:
    """Return a tenant's title, or whom the machines of a shared tier serve."""
    return titles.get(tenant, tenant) if tenant else "All tenants"
