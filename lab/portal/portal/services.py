# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that the pages need, made from the settings."""

from __future__ import annotations

from dataclasses import dataclass

from .answers import Pages
from .blocks import Read, readers
from .cas import CasClient
from .database import Database
from .directory import Directory
from .figures import Figures, Stores
from .messaging import Messaging
from .outbox import Outbox
from .people import claimed
from .request import Request
from .sessions import Session, Sessions
from .settings import Settings
from .switches import Switches


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a portal consists of; what its settings do not name is None."""

    settings: Settings
    pages: Pages
    switches: Switches
    figures: Figures
    read: dict[str, Read]
    cas: CasClient | None = None
    sessions: Sessions | None = None
    directory: Directory | None = None
    messaging: Messaging | None = None

    @property
    def session_cookie(self) -> str:
        """Its name; by TLS one that no other host of the domain can set."""
        return "__Host-portal" if self.settings.secure else "portal"

    def session(self, request: Request) -> Session | None:
        """The session behind a request; in development one for whom it claims to come from.

        Raises:
            DatabaseUnavailableError: it cannot be known.
        """
        token = request.cookies.get(self.session_cookie, "")
        if self.sessions and token:
            return self.sessions.find(token)
        person = claimed(request, self.settings)
        return Session(person=person, csrf="") if person else None


def build(settings: Settings) -> Services:
    """The services of a portal; nothing is connected to before it is needed."""
    portal = open_database(settings, "portal", settings.database_url)
    messages = open_database(settings, "messaging", settings.messaging_url)
    limits = {"idle_seconds": settings.idle_seconds, "absolute_seconds": settings.absolute_seconds}
    switches = Switches(settings.switches)
    sessions = Sessions(portal, **limits) if portal else None
    directory = Directory(portal) if portal else None
    domain = settings.mail.domain if settings.mail else ""
    messaging = Messaging(messages, own_domain=domain) if messages else None
    outbox = Outbox(messages, worker=settings.machine) if messages else None
    figures = Figures(Stores(switches=switches, sessions=sessions, directory=directory, outbox=outbox))
    for database in (portal, messages):
        if database:
            database.failed = figures.database_failure
    return Services(
        settings=settings,
        pages=Pages(settings),
        switches=switches,
        figures=figures,
        read=readers(directory, messaging),
        cas=CasClient(settings.cas) if settings.cas else None,
        sessions=sessions,
        directory=directory,
        messaging=messaging,
    )


def open_database(settings: Settings, name: str, url: str) -> Database | None:
    """A database, when there is an address for it."""
    return Database(url, name=name, size=settings.connections) if url else None
