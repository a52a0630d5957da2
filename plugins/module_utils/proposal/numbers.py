# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures, sizes and dates as a language writes them; the precision is that of every other report."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from fractions import Fraction

from ..core.text import show
from .typography import NO_BREAK, THIN, Language

_SEPARATORS: Mapping[Language, dict[int, str]] = {
    Language.FR: str.maketrans({",": THIN, ".": ","}),
    Language.EN: {},
}
_MONTHS: Mapping[Language, tuple[str, ...]] = {
    Language.FR: (
        "janvier", "février", "mars", "avril", "mai", "juin",
        "juillet", "août", "septembre", "octobre", "novembre", "décembre",
    ),
    Language.EN: (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
}  # fmt: skip
_GIB = {Language.FR: "Gio", Language.EN: "GiB"}
_MIB = {Language.FR: "Mio", Language.EN: "MiB"}
_TENTH = Decimal("0.1")


def figure(value: float | Fraction, language: Language) -> str:
    """Return ``18,9``, or ``12 345`` with all its integer digits."""
    exact = value if isinstance(value, Fraction) else Fraction(f"{value:.12g}")
    return show(exact).translate(_SEPARATORS[language])


def percent(value: float, language: Language) -> str:
    """Return ``66,6 %``: with one decimal at most and never more than is served."""
    floored = Decimal(str(value)).quantize(_TENTH, ROUND_FLOOR)
    shown = f"{floored:f}".removesuffix(".0").translate(_SEPARATORS[language])
    return f"{shown}{NO_BREAK}%" if language is Language.FR else f"{shown}%"


def memory(mib: int, language: Language) -> str:
    """Return ``8 Gio``, or ``512 Mio`` when that is less than one."""
    if mib < 1024:
        return f"{figure(mib, language)}{NO_BREAK}{_MIB[language]}"
    return disk(Fraction(mib, 1024), language)


def disk(gib: int | Fraction, language: Language) -> str:
    """Return ``2 000 Gio``."""
    return f"{figure(gib, language)}{NO_BREAK}{_GIB[language]}"


def day(iso: str, language: Language) -> str:
    """Return ``30 avril 2020``."""
    return f"{_day_and_month(date.fromisoformat(iso), language)} {date.fromisoformat(iso).year}"


def from_day(earliest: str, latest: str, language: Language) -> str:
    """Return the beginning of an interval of dates, without what the end repeats: ``16``, ``16 mars``."""
    first, last = date.fromisoformat(earliest), date.fromisoformat(latest)
    if first.year != last.year:
        return day(earliest, language)
    if first.month != last.month:
        return _day_and_month(first, language)
    return _day_of_month(first, language)


def _day_and_month(when: date, language: Language) -> str:
    return f"{_day_of_month(when, language)}{NO_BREAK}{_MONTHS[language][when.month - 1]}"


def _day_of_month(when: date, language: Language) -> str:
    return "1er" if when.day == 1 and language is Language.FR else str(when.day)
