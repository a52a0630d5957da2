# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the accounts in the database to what a file says, in bulk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction

from .accounts_file import Row
from .models import Account

COLUMNS = ("username", "password", "profile", "name", "mail", "school")

MAKE_ROOM = """
CREATE TEMPORARY TABLE incoming (username text PRIMARY KEY, password text, profile text, name text, mail text,
    school text) ON COMMIT DROP
"""

MERGE = """
INSERT INTO renfort_cas_account AS a (username, password, profile, name, mail, school, active)
SELECT username, coalesce(nullif(password, ''), '!'), profile, name, mail, school, true FROM incoming
ON CONFLICT (username) DO UPDATE SET
    password = coalesce(nullif(excluded.password, '!'), a.password),
    profile = excluded.profile, name = excluded.name, mail = excluded.mail, school = excluded.school,
    active = true
WHERE (a.password, a.profile, a.name, a.mail, a.school, a.active) IS DISTINCT FROM
    (coalesce(nullif(excluded.password, '!'), a.password), excluded.profile, excluded.name, excluded.mail,
     excluded.school, true)
RETURNING xmax = 0
"""

CLOSE = """
UPDATE renfort_cas_account AS a SET active = false
WHERE active AND NOT EXISTS (SELECT FROM incoming WHERE incoming.username = a.username)
"""


def bring_in(rows: list[Row], *, reset_passwords: bool, close_missing: bool) -> dict[str, int]:
    """Add and change accounts in one transaction; returns how many were added, changed, unchanged, closed."""
    hashes = _hash_clear(rows, reset_passwords=reset_passwords)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MAKE_ROOM)
        with cursor.copy(f"COPY incoming ({', '.join(COLUMNS)}) FROM STDIN") as copy:
            for row in rows:
                password = row.password_hash or hashes.get(row.username, "")
                copy.write_row((row.username, password, row.profile, row.name, row.mail, row.school))
        cursor.execute(MERGE)
        added = [inserted for (inserted,) in cursor.fetchall()]
        closed = 0
        if close_missing:
            cursor.execute(CLOSE)
            closed = cursor.rowcount
    return {
        "added": sum(added),
        "changed": len(added) - sum(added),
        "unchanged": len(rows) - len(added),
        "closed": closed,
    }


def _hash_clear(rows: list[Row], *, reset_passwords: bool) -> dict[str, str]:
    """Hash the clear passwords that will be used: those of new accounts, or all when they are to be reset."""
    clear = [row for row in rows if row.password and not row.password_hash]
    if clear and not reset_passwords:
        known = _known(row.username for row in clear)
        clear = [row for row in clear if row.username not in known]
    # Argon2 lets go of the interpreter while it works: threads use all cores.
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        hashed = pool.map(make_password, [row.password for row in clear])
        return {row.username: value for row, value in zip(clear, hashed, strict=True)}


def _known(usernames: Iterable[str]) -> set[str]:
    return set(Account.objects.filter(username__in=list(usernames)).values_list("username", flat=True))
