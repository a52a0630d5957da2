# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Import the timetables that were dropped in PORTAL_TIMETABLES, one file ``<code of the school>.csv`` each.

A school's week is replaced as a whole or left as it is. A file that was imported before is passed over.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import os
import re
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from .database import Connection, Database, DatabaseUnavailableError
from .schema import ensure
from .settings import Settings, SettingsError
from .switches import Switches

COLUMNS = ("class", "weekday", "starts", "ends", "subject_fr", "subject_en", "room", "teacher")
"""The first line of each file."""

LOCK = 7_340_003
"""Machines import in turn: the one that comes second finds the file imported."""

TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

Lesson = tuple[object, ...]

RUN = """
insert into import_run (school, source, digest, lessons, outcome, detail, machine, seconds)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""


class TimetableError(Exception):
    """A file that is no timetable; says in which line and why."""


def parse(text: str) -> list[Lesson]:
    """The lessons of a file.

    Raises:
        TimetableError: other columns, or a line that is no lesson.
    """
    lines = csv.reader(io.StringIO(text), strict=True)
    try:
        if tuple(next(lines, [])) != COLUMNS:
            raise TimetableError(f"line 1 must be {','.join(COLUMNS)}")
        return [lesson(lines.line_num, row) for row in lines if row]
    except csv.Error as error:
        raise TimetableError(f"line {lines.line_num}: {error}") from error


def lesson(number: int, row: list[str]) -> Lesson:
    """One line."""
    if len(row) != len(COLUMNS) or not all(row):
        raise TimetableError(f"line {number} must have {len(COLUMNS)} fields, none of them empty")
    if row[1] not in ("1", "2", "3", "4", "5", "6"):
        raise TimetableError(f"line {number}: weekday is {row[1]!r}; it must be 1 (Monday) to 6")
    if not (TIME.fullmatch(row[2]) and TIME.fullmatch(row[3]) and row[2] < row[3]):
        raise TimetableError(
            f"line {number}: {row[2]} to {row[3]} must be two times such as 08:00, in their order"
        )
    return (row[0], int(row[1]), *row[2:])


def copy_lessons(connection: Connection, school: str, lessons: Iterable[Lesson]) -> None:
    """Put a school's lessons into the table."""
    statement = f"copy lesson (school, {', '.join(COLUMNS)}) from stdin"
    with connection.cursor().copy(statement.encode()) as copy:
        for values in lessons:
            copy.write_row((school, *values))


class Importer:
    """Imports files into one database."""

    def __init__(self, database: Database, *, machine: str) -> None:
        self._database = database
        self._machine = machine

    def run(self, path: Path) -> str:
        """Import one school's file: imported, unchanged, or failed and why.

        Raises:
            DatabaseUnavailableError: the school's week is as it was before.
        """
        started = time.monotonic()
        content = path.read_bytes()
        known = hashlib.sha256(content).hexdigest()
        try:
            lessons = parse(content.decode("utf-8-sig"))
            return self._database.write(
                lambda connection: self._replace(connection, path, known, lessons, started)
            )
        except (TimetableError, UnicodeDecodeError) as error:
            self.note(path.stem, path.name, known, "failed", str(error))
            return f"failed: {error}"

    def _replace(
        self, connection: Connection, path: Path, known: str, lessons: list[Lesson], started: float
    ) -> str:
        school = path.stem
        connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
        last = connection.execute(
            "select digest from import_run where school = %s and outcome = 'imported'"
            " order by id desc limit 1",
            (school,),
        ).fetchone()
        if last and last["digest"] == known:
            return "unchanged"
        rows = connection.execute("select code from school_class where school = %s", (school,))
        strangers = sorted({str(it[0]) for it in lessons} - {row["code"] for row in rows})
        if strangers:
            raise TimetableError(f"classes that {school} has not got: {', '.join(strangers[:5])}")
        connection.execute("delete from lesson where school = %s", (school,))
        copy_lessons(connection, school, lessons)
        seconds = time.monotonic() - started
        values = (school, path.name, known, len(lessons), "imported", "", self._machine, seconds)
        connection.execute(RUN, values)
        return f"imported {len(lessons)} lessons"

    def note(self, school: str, source: str, known: str, outcome: str, detail: str) -> None:
        """Write down what became of a file, or of a whole run."""
        values = (school, source, known, 0, outcome, detail, self._machine, 0.0)
        self._database.write(lambda connection: connection.execute(RUN, values))


def main() -> int:
    """The command line; 1 when a file or the whole run failed."""
    parser = argparse.ArgumentParser(prog="python3 -m portal.import_timetables", description=__doc__)
    parser.add_argument(
        "--automatic", action="store_true", help="what a timer starts: not while imports are switched off"
    )
    parser.add_argument("files", nargs="*", type=Path, help="these alone (default: all of the folder)")
    options = parser.parse_args()
    try:
        settings = Settings.from_environ(os.environ)
        if not settings.database_url:
            raise SettingsError(
                "PORTAL_DATABASE_URL must be set: the database that timetables are imported into."
            )
        database = Database(settings.database_url, name="portal", size=1)
        try:
            ensure(database, "portal")
            return run_all(Importer(database, machine=settings.machine), settings, options)
        finally:
            database.close()
    except (SettingsError, DatabaseUnavailableError, OSError) as error:
        print(f"portal.import_timetables: {error}", file=sys.stderr)
        return 1


def run_all(importer: Importer, settings: Settings, options: argparse.Namespace) -> int:
    """Import what is asked for, a line for each file."""
    if options.automatic and not Switches(settings.switches).state().timetable_imports:
        importer.note("", "", "", "held", "timetable_imports is off")
        print(f"held: timetable_imports is off in {settings.switches}")
        return 0
    failed = 0
    for path in options.files or sorted(settings.timetables.glob("*.csv")):
        outcome = importer.run(path)
        failed += outcome.startswith("failed")
        print(f"{path.name}: {outcome}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
