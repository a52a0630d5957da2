# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A portal whose databases, CAS server and relay are kept in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlencode, urlsplit
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from lab.portal.portal.answers import Pages
from lab.portal.portal.blocks import readers
from lab.portal.portal.cas import CasRefusedError, Identity
from lab.portal.portal.database import DatabaseUnavailableError
from lab.portal.portal.figures import Figures, Stores
from lab.portal.portal.messaging import Draft, Recipient
from lab.portal.portal.people import Person, Profile
from lab.portal.portal.services import Services
from lab.portal.portal.sessions import Session
from lab.portal.portal.settings import Settings
from lab.portal.portal.switches import Switches
from lab.portal.portal.wsgi import Portal

ENVIRON = {
    "PORTAL_TENANT": "eure",
    "PORTAL_TITLE": "Collèges de l'Eure",
    "PORTAL_URL": "https://eure.ent.example",
    "PORTAL_CAS_URL": "https://eure.ent.example/cas",
    "PORTAL_DATABASE_URL": "postgresql://eure:s3cret@db.example/eure_portal",
    "PORTAL_MESSAGING_URL": "postgresql://eure:s3cret@db.example/eure_messaging",
    "PORTAL_SMTP": "mail.example:25",
    "PORTAL_MAIL_DOMAIN": "eure.ent.example",
}


@dataclass
class Answered:
    status: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    text: str = ""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")

    @property
    def cookies(self) -> dict[str, str]:
        set_cookies = [value.split(";")[0] for key, value in self.headers if key == "Set-Cookie"]
        return dict(pair.split("=", 1) for pair in set_cookies)


class Memory:
    """Sessions, people and messages; ``down`` makes it answer like a database that does not."""

    def __init__(self) -> None:
        self.down = False
        self.open_sessions: dict[str, tuple[Session, str]] = {}
        self.people = {
            name: Recipient(username=name, mail=f"{name}@courriel.example", language="fr")
            for name in ("pupil00001", "parent00001")
        }
        self.sent: dict[tuple[str, str], tuple[Draft, list[str]]] = {}
        self.reads: list[str] = []

    def _ask(self) -> None:
        if self.down:
            raise DatabaseUnavailableError("down")

    # Sessions
    def open(self, identity: Identity, ticket: str) -> str:
        self._ask()
        token = f"token-{len(self.open_sessions)}-{ticket}"
        person = Person(
            username=identity.username, name=identity.name, profile=identity.profile, school="0270001A"
        )
        self.open_sessions[token] = (Session(person=person, csrf=f"csrf-{token}"), ticket)
        return token

    def find(self, token: str) -> Session | None:
        self._ask()
        return self.open_sessions.get(token, (None, ""))[0]

    def close(self, token: str) -> None:
        self._ask()
        self.open_sessions.pop(token, None)

    def close_ticket(self, ticket: str) -> int:
        self._ask()
        tokens = [token for token, (_, own) in self.open_sessions.items() if own == ticket]
        return len([self.open_sessions.pop(token) for token in tokens])

    def active(self) -> int:
        self._ask()
        return len(self.open_sessions)

    # Directory
    def person(self, username: str) -> Recipient | None:
        self._ask()
        return self.people.get(username)

    def classes(self, person: Person) -> list[tuple[str, str]]:
        return [("0270001A-6A", "6e A")] if person.profile is Profile.TEACHER else []

    def members(self, person: Person, group: str) -> list[Recipient]:
        known = [code for code, _ in self.classes(person)]
        return list(self.people.values()) if group in known else []

    def imports(self) -> list[dict[str, Any]]:
        self._ask()
        return []

    def _block(self, name: str) -> tuple[dict[str, str], ...]:
        self._ask()
        self.reads.append(name)
        return ({"fr": f"{name} fr", "en": f"{name} en"},)

    def __getattr__(self, name: str) -> Any:
        if name in ("timetable", "homework", "marks", "absences", "news", "canteen"):
            return lambda person: self._block(name)
        raise AttributeError(name)

    # Messaging
    def inbox(self, username: str, *, before: int = 0, limit: int = 20) -> list[Any]:
        self._ask()
        self.reads.append("messages")
        return []

    def read(self, username: str, number: int) -> None:
        self._ask()

    def send(self, sender: Person, draft: Draft, recipients: list[Recipient]) -> bool:
        self._ask()
        key = (sender.username, draft.submission)
        if key in self.sent:
            return False
        self.sent[key] = (draft, sorted(it.username for it in recipients))
        return True


class Cas:
    """Knows tickets for services."""

    def __init__(self) -> None:
        self.tickets: dict[tuple[str, str], Identity] = {}

    def validate(self, ticket: str, service: str) -> Identity:
        try:
            return self.tickets.pop((ticket, service))
        except KeyError:
            raise CasRefusedError("INVALID_TICKET") from None


class World:
    """A portal, what is behind it, and a browser's cookies."""

    def __init__(self, tmp_path: Path, **environ: str) -> None:
        self.settings = Settings.from_environ(
            {**ENVIRON, "PORTAL_SWITCHES": str(tmp_path / "switches.json"), **environ}
        )
        self.portal_database, self.messages, self.cas = Memory(), Memory(), Cas()
        self.switches = Switches(self.settings.switches)
        memory: Any = self.portal_database
        stores = Stores(switches=self.switches, sessions=memory, directory=memory)
        services = Services(
            settings=self.settings,
            pages=Pages(self.settings),
            switches=self.switches,
            figures=Figures(stores),
            read=readers(memory, cast(Any, self.messages)),
            cas=cast(Any, self.cas),
            sessions=memory,
            directory=memory,
            messaging=cast(Any, self.messages),
        )
        self.portal = Portal(self.settings, services)
        self.cookies: dict[str, str] = {}

    def ask(self, path: str, query: str = "", *, form: dict[str, str] | None = None) -> Answered:
        """What the portal answers to a browser, through a checker of the WSGI protocol."""
        body = urlencode(form or {}).encode()
        request: dict[str, Any] = {
            "REQUEST_METHOD": "GET" if form is None else "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
            "HTTP_HOST": "evil.example",
            "HTTP_COOKIE": "; ".join(f"{name}={value}" for name, value in self.cookies.items() if value),
        }
        setup_testing_defaults(request)
        answered = Answered()

        def start(status: str, pairs: list[tuple[str, str]], exc_info: Any = None) -> Any:
            answered.status, answered.headers = status, pairs
            return lambda data: None

        result = validator(self.portal)(request, start)
        answered.text = b"".join(result).decode()
        result.close()
        self.cookies |= answered.cookies
        return answered

    def begin(self, target: str = "/home") -> str:
        """Go to the sign-in; the service that CAS is asked for."""
        location = self.ask("/login", urlencode({"next": target})).header("Location")
        return parse_qs(urlsplit(location).query)["service"][0]

    def sign_in(self, username: str = "pupil00001", target: str = "/home") -> Answered:
        """Come back from CAS with a ticket."""
        service = self.begin(target)
        profile = Profile(username.rstrip("0123456789"))
        self.cas.tickets["ST-1", service] = Identity(username=username, name="Zoé Petit", profile=profile)
        return self.ask("/login", f"{service.partition('?')[2]}&ticket=ST-1")
