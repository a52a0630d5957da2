# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks that all machines share, each held for one transaction: a pooler allows no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections, transaction


def hold(name: str) -> None:
    """Wait for a name, and keep it until the current transaction of the default connection ends."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])


@contextmanager
def alone(name: str, *, wait: bool = True) -> Iterator[bool]:
    """Hold a name on a connection of its own while work goes on; gives whether it was had."""
    function = "pg_advisory_xact_lock" if wait else "pg_try_advisory_xact_lock"
    with transaction.atomic(using="lock"), connections["lock"].cursor() as cursor:
        cursor.execute(f"SELECT {function}(hashtextextended(%s, 1))", [name])
        had = cursor.fetchone()[0]
        yield wait or had
