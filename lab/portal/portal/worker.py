# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the portal does beside answering: ``python3 -m portal.worker``.

It brings the databases to their tables, sends the notifications that wait and forgets what has expired.
Every web machine runs one; they share the work.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from .database import Database, DatabaseUnavailableError
from .mailer import DeferredError, Mailer, RefusedError, RelayUnavailableError
from .outbox import Outbox, Row
from .schema import ensure
from .sessions import Sessions
from .settings import Settings, SettingsError
from .switches import Switches

BATCH = 50
"""Rows taken at once."""

BATCH_SECONDS = 60.0
"""How long a batch may take: well below the lease of its rows."""

POLL_SECONDS = 1.0
"""How soon a notification is noticed."""

TROUBLE_SECONDS = 5.0
"""Between attempts while the relay or a database does not answer."""

PURGE_SECONDS = 60.0
"""How often what has expired is removed."""

KEPT_DAYS = 7
"""How long settled notifications can be looked up."""

log = logging.getLogger("portal.worker")


@dataclass(slots=True, kw_only=True)
class Sender:
    """Sends what waits in the outbox."""

    outbox: Outbox
    mailer: Mailer
    switches: Switches
    stopping: Callable[[], bool]
    unnoted: tuple[Row, bool, str] | None = None
    interrupted: bool = True

    def run(self) -> int:
        """One round: take rows, send them in order, note each; how many were settled.

        Raises:
            DatabaseUnavailableError, RelayUnavailableError: try again later; nothing is lost.
        """
        self._note()
        if self.interrupted:
            self.outbox.recover()
        self.interrupted = True
        rows = self.outbox.claim(hold=self.switches.state().hold_notification_mail, limit=BATCH)
        settled = self._send(rows)
        self.interrupted = False
        if not rows:
            self.mailer.close()
        return settled

    def _send(self, rows: list[Row]) -> int:
        """Send rows in order; those that it does not come to are given back."""
        end = time.monotonic() + BATCH_SECONDS
        blocked: set[str] = set()
        settled = 0
        for place, row in enumerate(rows):
            held = row.external and self.switches.state().hold_notification_mail
            if held or self.stopping() or time.monotonic() > end:
                self.outbox.release(rows[place:])
                break
            if row.address in blocked:
                self.outbox.release([row])
            else:
                settled += self._one(row, blocked)
        return settled

    def _one(self, row: Row, blocked: set[str]) -> int:
        try:
            self.mailer.send(row)
        except DeferredError as error:
            blocked.add(row.address)
            self.outbox.defer(row, str(error))
            return 0
        except RefusedError as error:
            self.unnoted = (row, False, str(error))
        else:
            self.unnoted = (row, True, "")
        self._note()
        return 1

    def _note(self) -> None:
        """Note what the relay has said. While the database does not answer nothing else is sent."""
        if self.unnoted:
            row, sent, detail = self.unnoted
            self.outbox.done(row, sent=sent, detail=detail)
            self.unnoted = None


class Worker:
    """The loop around it all, until it is told to stop."""

    def __init__(self, settings: Settings) -> None:
        self._stop = threading.Event()
        self._settings = settings
        self._databases = {
            kind: Database(url, name=kind, size=2)
            for kind, url in (("portal", settings.database_url), ("messaging", settings.messaging_url))
            if url
        }
        self._ready: set[str] = set()
        self._purge_at = 0.0
        self._switches = Switches(settings.switches)
        self._outbox: Outbox | None = None
        self._sender: Sender | None = None
        if "messaging" in self._databases:
            self._outbox = Outbox(self._databases["messaging"], worker=settings.machine)
            if settings.mail:
                self._sender = Sender(
                    outbox=self._outbox,
                    mailer=Mailer(settings, settings.mail),
                    switches=self._switches,
                    stopping=self._stop.is_set,
                )

    def stop(self) -> None:
        """End after the mail in hand."""
        self._stop.set()

    def run(self) -> None:
        """Work until told to stop; trouble is logged and waited for."""
        while not self._stop.is_set():
            try:
                busy = self._round()
                pause = 0.0 if busy else POLL_SECONDS
            except (DatabaseUnavailableError, RelayUnavailableError) as error:
                log.warning("%s; trying again in %.0f s", error, TROUBLE_SECONDS)
                pause = TROUBLE_SECONDS
            self._stop.wait(pause)
        for database in self._databases.values():
            database.close()

    def _round(self) -> bool:
        """Everything once; whether there is likely more to do at once."""
        for kind, database in self._databases.items():
            if kind not in self._ready:
                log.info("%s: %d steps applied to the tables", kind, ensure(database, kind))
                self._ready.add(kind)
        if time.monotonic() >= self._purge_at:
            self._purge()
            self._purge_at = time.monotonic() + PURGE_SECONDS
        return bool(self._sender and self._sender.run())

    def _purge(self) -> None:
        if "portal" in self._databases:
            Sessions(
                self._databases["portal"],
                idle_seconds=self._settings.idle_seconds,
                absolute_seconds=self._settings.absolute_seconds,
            ).purge()
        if self._outbox:
            self._outbox.purge(days=KEPT_DAYS)


def main() -> int:
    """The command line; the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = Settings.from_environ(os.environ)
        if not (settings.database_url or settings.messaging_url):
            raise SettingsError(
                "The worker has nothing to do without PORTAL_DATABASE_URL or PORTAL_MESSAGING_URL."
            )
    except SettingsError as error:
        print(f"portal.worker: {error}", file=sys.stderr)
        return 1
    worker = Worker(settings)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.stop())
    worker.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
