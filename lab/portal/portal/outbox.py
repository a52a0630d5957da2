# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications that wait to be sent: rows in the messaging database, leased to one worker at a time.

For one address the order of the messages is kept, whatever the number of workers.
"""

from __future__ import annotations

from dataclasses import dataclass

from .database import Connection, Database

LEASE_SECONDS = 300
"""How long a worker may keep rows; one that is gone for good loses them after that."""

LOCK = 7_340_002
"""Workers take rows in turn: two at once could each take a message for the same address."""

LONGEST_WAIT = 600
"""Seconds between attempts, at most; the relay's own queue is where long waits belong."""

CLAIM = """
update outbox set lease_until = now() + make_interval(secs => %(lease)s), worker = %(worker)s
where id in (
    select o.id from outbox o
    where o.state = 'waiting' and o.due_at <= now() and coalesce(o.lease_until < now(), true)
      and not (%(hold)s and o.external)
      and not exists (
          select 1 from outbox e
          where e.address = o.address and e.state = 'waiting' and e.id < o.id
            and (e.due_at > now() or e.lease_until >= now())
      )
    order by o.id limit %(limit)s for update skip locked
)
returning id, message, sender_name, address, external, language, attempts
"""

DONE = """
with done as (
    update outbox set state = %(state)s, done_at = now(), lease_until = null, attempts = attempts + 1,
                      detail = %(detail)s
    where id = %(id)s and state = 'waiting' returning state
)
insert into outbox_count (worker, sent, failed)
select %(worker)s, (state = 'sent')::int, (state = 'failed')::int from done
on conflict (worker) do update
set sent = outbox_count.sent + excluded.sent, failed = outbox_count.failed + excluded.failed
"""

DEFER = """
update outbox set lease_until = null, attempts = attempts + 1, detail = %s,
                  due_at = now() + make_interval(secs => %s)
where id = %s and state = 'waiting'
"""

COUNTS = """
select count(*) filter (where not (%(hold)s and external)) as waiting,
       count(*) filter (where %(hold)s and external) as held,
       coalesce(extract(epoch from now() - min(created)), 0)::float as oldest,
       (select coalesce(sum(sent), 0)::bigint from outbox_count) as sent,
       (select coalesce(sum(failed), 0)::bigint from outbox_count) as failed
from outbox where state = 'waiting'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One notification to be sent."""

    id: int
    message: int
    sender_name: str
    address: str
    external: bool
    language: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The outbox in numbers; ``oldest`` is the age in seconds of the oldest row that waits or is held."""

    waiting: int
    held: int
    oldest: float
    sent: int
    failed: int


def wait_after(attempts: int) -> int:
    """Seconds until the next attempt after so many: 10, 20, 40, … up to LONGEST_WAIT."""
    return min(LONGEST_WAIT, 10 << min(attempts, 10))


class Outbox:
    """The rows of all notifications. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database, *, worker: str) -> None:
        self._database = database
        self._worker = worker

    def claim(self, *, hold: bool, limit: int) -> list[Row]:
        """Take the next rows, oldest first; with ``hold`` none that leaves the platform."""

        def work(connection: Connection) -> list[Row]:
            connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
            values = {"lease": LEASE_SECONDS, "worker": self._worker, "hold": hold, "limit": limit}
            return sorted((Row(**row) for row in connection.execute(CLAIM, values)), key=lambda row: row.id)

        return self._database.write(work)

    def done(self, row: Row, *, detail: str = "", sent: bool = True) -> None:
        """Note that the relay has taken a row, or refused it for good."""
        values = {
            "id": row.id,
            "worker": self._worker,
            "state": "sent" if sent else "failed",
            "detail": detail[:500],
        }
        self._database.write(lambda connection: connection.execute(DONE, values))

    def defer(self, row: Row, detail: str) -> None:
        """Note that a row is to be tried again later."""
        values = (detail[:500], wait_after(row.attempts), row.id)
        self._database.write(lambda connection: connection.execute(DEFER, values))

    def release(self, rows: list[Row]) -> None:
        """Give rows back as they were."""
        statement = "update outbox set lease_until = null where id = any(%s) and worker = %s"
        numbers = [row.id for row in rows]
        if numbers:
            self._database.write(lambda connection: connection.execute(statement, (numbers, self._worker)))

    def recover(self) -> None:
        """Give back what this worker took before it stopped halfway."""
        statement = (
            "update outbox set lease_until = null"
            " where worker = %s and state = 'waiting' and lease_until > now()"
        )
        self._database.write(lambda connection: connection.execute(statement, (self._worker,)))

    def counts(self, *, hold: bool) -> Counts:
        """The outbox in numbers."""
        row = self._database.read(lambda connection: connection.execute(COUNTS, {"hold": hold}).fetchone())
        return Counts(**(row or {}))

    def purge(self, *, days: int) -> int:
        """Forget rows that were settled so long ago; how many."""
        statement = (
            "delete from outbox where state <> 'waiting' and done_at < now() - make_interval(days => %s)"
        )
        return self._database.write(lambda connection: connection.execute(statement, (days,)).rowcount)
