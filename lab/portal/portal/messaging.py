# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Internal messages, in the database of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .database import Connection, Database
from .people import Person

PAGE = 20
"""Messages on a page of the inbox."""

INBOX = """
select m.id, m.sender_name, m.subject, m.sent_at, d.read_at is null as unread
from delivery d join message m on m.id = d.message
where d.recipient = %s and d.message < %s
order by d.message desc limit %s
"""

READ = """
select m.id, m.sender_name, m.subject, m.body, m.sent_at, d.read_at is null as unread
from delivery d join message m on m.id = d.message
where d.recipient = %s and d.message = %s
"""

INSERT_MESSAGE = """
insert into message (sender, submission, sender_name, subject, body) values (%s, %s, %s, %s, %s)
on conflict (sender, submission) do nothing returning id
"""

INSERT_OUTBOX = """
insert into outbox (message, sender_name, address, external, language)
select %s, %s, unnest(%s::text[]), unnest(%s::boolean[]), unnest(%s::text[])
"""

LATEST = 9223372036854775807
"""Above every id: the inbox from its newest message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Whom a message goes to, and where they are told of it; no address, no notification."""

    username: str
    mail: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message as its sender wrote it. ``submission`` names the form: sent twice, it is one message."""

    submission: str
    subject: str
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message as its recipient sees it; in lists without the body."""

    id: int
    sender_name: str
    subject: str
    sent_at: datetime
    unread: bool
    body: str = ""


class Messaging:
    """Inboxes of all people. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database, *, own_domain: str = "") -> None:
        """Addresses outside ``own_domain`` are external; without one nobody is notified."""
        self._database = database
        self._own_domain = own_domain

    def inbox(self, username: str, *, before: int = LATEST, limit: int = PAGE) -> list[Message]:
        """The newest messages, those older than ``before``."""
        values = (username, before, limit)
        rows = self._database.read(lambda connection: connection.execute(INBOX, values).fetchall())
        return [Message(**row) for row in rows]

    def read(self, username: str, number: int) -> Message | None:
        """One message of the inbox, which is read from now on; None when it is not there."""

        def work(connection: Connection) -> Message | None:
            row = connection.execute(READ, (username, number)).fetchone()
            if row and row["unread"]:
                mark = "update delivery set read_at = now() where recipient = %s and message = %s"
                connection.execute(mark, (username, number))
            return Message(**row) if row else None

        return self._database.read(work)

    def send(self, sender: Person, draft: Draft, recipients: Sequence[Recipient]) -> bool:
        """Deliver a message and note whom to notify, both or neither; False when it was sent before."""
        return self._database.write(lambda connection: self._send(connection, sender, draft, recipients))

    def _send(
        self, connection: Connection, sender: Person, draft: Draft, recipients: Sequence[Recipient]
    ) -> bool:
        values = (sender.username, draft.submission, sender.name, draft.subject, draft.body)
        row = connection.execute(INSERT_MESSAGE, values).fetchone()
        if row is None:
            return False
        names = sorted({recipient.username for recipient in recipients})
        delivered = "insert into delivery (message, recipient) select %s, unnest(%s::text[])"
        connection.execute(delivered, (row["id"], names))
        told = sorted(
            {(it.mail, is_external(it.mail, self._own_domain), it.language) for it in recipients if it.mail}
        )
        if told and self._own_domain:
            columns = [list(column) for column in zip(*told, strict=True)]
            connection.execute(INSERT_OUTBOX, (row["id"], sender.name, *columns))
        return True


def is_external(address: str, own_domain: str) -> bool:
    """Whether a mail leaves the platform."""
    return address.rpartition("@")[2].lower() != own_domain
