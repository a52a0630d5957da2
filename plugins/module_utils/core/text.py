# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities as people read them, the same on every machine."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from .interval import Interval
from .model import Unit

UNIT_WORDS = {
    Unit.SESSIONS: "sessions",
    Unit.VISITS: "visits/s",
    Unit.REQUESTS: "requests/s",
    Unit.CONNECTIONS: "connections",
    Unit.CONNECTION_MEMORY: "MiB of connections",
    Unit.HANDSHAKES: "TLS handshakes/s",
    Unit.LOGINS: "logins/s",
    Unit.MESSAGES: "messages/s",
    Unit.MAIL: "KiB/s of mail",
    Unit.DATABASE_CONNECTIONS: "database connections",
    Unit.IO: "I/O operations/s",
    Unit.TUNNELS: "VPN tunnels",
    Unit.STORAGE: "GiB of growth",
    Unit.ACCOUNTS: "accounts",
}
"""How each unit is written in a text."""

_THREE_DIGITS = Context(prec=3, rounding=ROUND_HALF_UP)


def show(value: Fraction | int) -> str:
    """Return a quantity with three significant digits, or all its integer digits when it has more."""
    exact = Decimal(Fraction(value).numerator) / Decimal(Fraction(value).denominator)
    if exact == exact.to_integral_value() or abs(exact) >= 100:
        return f"{int(exact.to_integral_value(ROUND_HALF_UP)):,}"
    rounded = _THREE_DIGITS.plus(exact)
    # 2.2 is shown as it was written; 10.0 tells that the value is only nearly 10.
    return f"{rounded.normalize() if rounded == exact else rounded:f}"


def show_interval(quantity: Interval) -> str:
    """Return ``18.9``, or ``18.9 (14.2–25.1)`` when the quantity is not known exactly."""
    if quantity.is_exact:
        return show(quantity.mid)
    return f"{show(quantity.mid)} ({show(quantity.low)}–{show(quantity.high)})"


def count(number: int, word: str) -> str:
    """Return ``1 machine``, ``4 machines``."""
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"
