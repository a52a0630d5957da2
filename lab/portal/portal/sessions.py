# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions that all web machines share, in the portal's database."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from .cas import Identity
from .database import Connection, Database
from .people import Person, Profile

TOUCH_SECONDS = 60
"""A session's last use is noted this often at most: a write for each page would be the dearest part of it."""

FIND = """
select s.username, s.name, s.profile, s.csrf, p.school, p.class, p.child,
       s.seen < now() - make_interval(secs => %(touch)s) as stale
from session s left join person p using (username)
where s.id = %(id)s
  and s.seen > now() - make_interval(secs => %(idle)s)
  and s.created > now() - make_interval(secs => %(absolute)s)
"""

OPEN = """
insert into session (id, username, name, profile, ticket, csrf) values (%s, %s, %s, %s, %s, %s)
on conflict (ticket) do nothing
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A person who is signed in, with the token that their forms must carry."""

    person: Person
    csrf: str


def digest(secret: str) -> bytes:
    """What the database knows of a token or of a ticket."""
    return hashlib.sha256(secret.encode()).digest()


class Sessions:
    """All open sessions of a portal. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database, *, idle_seconds: int, absolute_seconds: int) -> None:
        self._database = database
        self._limits = {"idle": idle_seconds, "absolute": absolute_seconds, "touch": TOUCH_SECONDS}

    def open(self, identity: Identity, ticket: str) -> str:
        """Begin a session; the token for the person's browser, a new one at each sign-in."""
        token = secrets.token_urlsafe(32)
        row = (
            digest(token),
            identity.username,
            identity.name,
            identity.profile.value,
            digest(ticket),
            secrets.token_urlsafe(24),
        )
        self._database.write(lambda connection: connection.execute(OPEN, row))
        return token

    def find(self, token: str) -> Session | None:
        """The session of a token while it lasts."""
        return self._database.read(lambda connection: self._find(connection, digest(token)))

    def _find(self, connection: Connection, key: bytes) -> Session | None:
        row = connection.execute(FIND, {"id": key, **self._limits}).fetchone()
        if row is None:
            return None
        if row["stale"]:
            connection.execute("update session set seen = now() where id = %s", (key,))
        person = Person(
            username=row["username"],
            name=row["name"],
            profile=Profile(row["profile"]),
            school=row["school"] or "",
            group=row["class"] or "",
            child=row["child"] or "",
        )
        return Session(person=person, csrf=row["csrf"])

    def close(self, token: str) -> None:
        """End the session of a token."""
        self._delete("id = %s", digest(token))

    def close_ticket(self, ticket: str) -> int:
        """End the session that a CAS ticket began, on whichever machine; how many there were."""
        return self._delete("ticket = %s", digest(ticket))

    def purge(self) -> int:
        """Remove what has expired; how many sessions that were."""
        expired = "seen < now() - make_interval(secs => %s) or created < now() - make_interval(secs => %s)"
        return self._delete(expired, self._limits["idle"], self._limits["absolute"])

    def active(self) -> int:
        """How many sessions are open."""
        counted = "select count(*) as n from session where seen > now() - make_interval(secs => %(idle)s)"
        return self._database.read(
            lambda connection: int((connection.execute(counted, self._limits).fetchone() or {"n": 0})["n"])
        )

    def _delete(self, condition: str, *values: object) -> int:
        statement = f"delete from session where {condition}"
        return self._database.write(
            lambda connection: connection.execute(statement.encode(), values).rowcount
        )
