# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""People, classes and what is read for the blocks, in the portal's database."""

from __future__ import annotations

import time
from typing import Any

from .database import Database
from .messaging import Recipient
from .people import Person, Profile
from .samples import Line, both

SHARED_SECONDS = 30.0
"""How long what is the same for everybody is kept before it is read again."""

SENDERS_TO_CLASSES = frozenset({Profile.TEACHER, Profile.STAFF})
"""Who may write to a whole class."""

RECIPIENT = "select username, mail, language from person"


class Directory:
    """One tenant's people. Every method raises DatabaseUnavailableError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._shared: dict[str, tuple[float, list[dict[str, Any]]]] = {}

    def person(self, username: str) -> Recipient | None:
        """Somebody of this portal, by user name."""
        rows = self._rows(f"{RECIPIENT} where username = %s", username)
        return Recipient(**rows[0]) if rows else None

    def members(self, person: Person, group: str) -> list[Recipient]:
        """The pupils and parents of a class of the person's school; nobody when it is not theirs to ask."""
        if person.profile not in SENDERS_TO_CLASSES:
            return []
        rows = self._rows(f"{RECIPIENT} where class = %s and school = %s", group, person.school)
        return [Recipient(**row) for row in rows]

    def classes(self, person: Person) -> list[tuple[str, str]]:
        """Code and name of the classes that the person may write to."""
        if person.profile not in SENDERS_TO_CLASSES:
            return []
        rows = self._rows(
            "select code, name from school_class where school = %s order by name", person.school
        )
        return [(row["code"], row["name"]) for row in rows]

    def timetable(self, person: Person) -> tuple[Line, ...]:
        """The lessons of the day, as taught or as attended."""
        teaches = person.profile is Profile.TEACHER
        column, value = ("teacher", person.username) if teaches else ("class", person.group)
        rows = self._rows(
            "select to_char(starts, 'HH24:MI') as at, subject_fr, subject_en, room from lesson"
            f" where {column} = %s and weekday = %s order by starts",
            value,
            school_day(),
        )
        return tuple(
            both(*(f"{row['at']} {row[f'subject_{code}']} · {row['room']}" for code in ("fr", "en")))
            for row in rows
        )

    def homework(self, person: Person) -> tuple[Line, ...]:
        """What the class is to do at home."""
        rows = self._rows(
            "select text_fr, text_en from homework where class = %s order by id limit 5", person.group
        )
        return texts(rows)

    def marks(self, person: Person) -> tuple[Line, ...]:
        """The last marks of the pupil."""
        rows = self._rows(
            "select subject_fr, subject_en, value from mark where pupil = %s order by id desc limit 5",
            person.pupil,
        )
        return tuple(
            both(*(f"{row[f'subject_{code}']} : {row['value'].normalize():f}/20" for code in ("fr", "en")))
            for row in rows
        )

    def absences(self, person: Person) -> tuple[Line, ...]:
        """What the school office has to follow up."""
        rows = self._rows(
            "select count(*) as n from absence where school = %s and not justified", person.school
        )
        return (both(f"{rows[0]['n']} absences à justifier", f"{rows[0]['n']} absences to account for"),)

    def news(self, _person: Person) -> tuple[Line, ...]:
        """What the tenant tells all its schools."""
        return texts(self._everybodys("select text_fr, text_en from news order by id desc limit 5"))

    def canteen(self, _person: Person) -> tuple[Line, ...]:
        """The day's menu."""
        rows = self._everybodys("select weekday, text_fr, text_en from menu")
        return texts([row for row in rows if row["weekday"] == school_day()])

    def imports(self) -> list[dict[str, Any]]:
        """Runs of the timetable import: outcome, number, when the last one ended (seconds since 1970)."""
        return self._rows(
            "select outcome, count(*) as n, extract(epoch from max(at))::float as last from import_run"
            " group by outcome"
        )

    def _everybodys(self, statement: str) -> list[dict[str, Any]]:
        """Rows that are the same for everybody, read now and then."""
        until, rows = self._shared.get(statement, (0.0, []))
        if time.monotonic() >= until:
            rows = self._rows(statement)
            self._shared[statement] = (time.monotonic() + SHARED_SECONDS, rows)
        return rows

    def _rows(self, statement: str, *values: object) -> list[dict[str, Any]]:
        return self._database.read(
            lambda connection: connection.execute(statement.encode(), values).fetchall()
        )


def texts(rows: list[dict[str, Any]]) -> tuple[Line, ...]:
    """Rows with a text in each language, as lines."""
    return tuple(both(row["text_fr"], row["text_en"]) for row in rows)


def school_day() -> int:
    """Today as 1 (Monday) to 5; at the weekend the Monday that follows."""
    day = time.localtime().tm_wday + 1
    return day if day <= 5 else 1
