# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill the portal with made-up people, and write their accounts for the CAS server and their timetables.

Without an option that asks for something else the people go to the database PORTAL_DATABASE_URL.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from .database import Connection, Database, DatabaseUnavailableError
from .import_timetables import COLUMNS, copy_lessons
from .people import Profile
from .population import SUBJECTS, Population, PopulationError, draw, password, username
from .schema import ensure
from .settings import Settings, SettingsError

ACCOUNT = ("username", "password", "profile", "name", "mail", "school")
"""What the CAS server is told of each person."""

DOMAINS = ("courriel.example", "messagerie.example", "familles.example")
"""Where the made-up people have their mail unless it is said."""

TABLES = (
    "lesson",
    "homework",
    "mark",
    "absence",
    "news",
    "menu",
    "person",
    "school_class",
    "school",
    "population",
)

LOCK = 7_340_004
"""Machines that fill at the same time do it in turn: the second one finds it done."""

Rows = Iterable[tuple[object, ...]]


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python3 -m portal.seed", description=__doc__)
    parser.add_argument("--users", type=int, required=True, help="how many people")
    parser.add_argument(
        "--schools", type=int, default=0, help="how many schools (default: as many as it takes)"
    )
    parser.add_argument(
        "--mail-domain", action="append", help=f"again for each (default: {', '.join(DOMAINS)})"
    )
    parser.add_argument(
        "--accounts", type=Path, help="write the accounts here: .csv or .jsonl; needs PORTAL_SEED_SECRET"
    )
    parser.add_argument("--timetables", type=Path, help="write each school's timetable in this folder")
    parser.add_argument("--variant", type=int, default=0, help="another week for another number")
    return parser.parse_args()


def main() -> int:
    """The command line; the exit status."""
    options = arguments()
    try:
        population = Population(
            tenant=os.environ.get("PORTAL_TENANT") or "",
            users=options.users,
            schools=options.schools,
            domains=tuple(options.mail_domain or DOMAINS),
        )
        if options.accounts:
            write_accounts(population, options.accounts, os.environ.get("PORTAL_SEED_SECRET") or "")
        if options.timetables:
            write_timetables(population, options.timetables, options.variant)
        if not (options.accounts or options.timetables):
            fill(population, Settings.from_environ(os.environ))
    except (SettingsError, PopulationError, DatabaseUnavailableError, OSError) as error:
        print(f"portal.seed: {error}", file=sys.stderr)
        return 1
    return 0


def write_accounts(population: Population, path: Path, secret: str) -> None:
    """One account a line, with a password that depends on the secret.

    Raises:
        SettingsError: no tenant, no secret, or a file of another kind.
    """
    if not secret or not population.tenant:
        raise SettingsError(
            "Accounts need PORTAL_TENANT and PORTAL_SEED_SECRET, from which passwords are made."
        )
    if path.suffix not in (".csv", ".jsonl"):
        raise SettingsError(f"{path} must end in .csv or .jsonl.")
    partial = path.with_name(f"{path.name}.part")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        if path.suffix == ".csv":
            table.writerow(ACCOUNT)
        for it in population.people():
            word = password(secret, population.tenant, it.username)
            row = (it.username, word, it.profile.value, it.name, it.mail, it.school)
            if path.suffix == ".csv":
                table.writerow(row)
            else:
                file.write(json.dumps(dict(zip(ACCOUNT, row, strict=True)), ensure_ascii=False) + "\n")
    partial.replace(path)
    print(f"{population.users} accounts in {path}")


def write_timetables(population: Population, folder: Path, variant: int) -> None:
    """One file for each school, as the importer expects them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, code in enumerate(population.school_codes()):
        partial = folder / f"{code}.part"
        with partial.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(COLUMNS)
            table.writerows(lesson_rows(population, number, variant))
        partial.replace(folder / f"{code}.csv")
    print(f"{population.schools} timetables in {folder}")


def lesson_rows(population: Population, school: int, variant: int = 0) -> Rows:
    """A school's lessons in the order of COLUMNS."""
    for it in population.lessons(school, variant=variant):
        yield (it.group, it.weekday, it.starts, it.ends, *it.subject, it.room, it.teacher)


def fill(population: Population, settings: Settings) -> None:
    """Put the people into the database in place of those that are there, unless they are the same.

    Raises:
        SettingsError: there is no database.
        DatabaseUnavailableError: it does not answer; nothing was changed.
    """
    if not settings.database_url:
        raise SettingsError("PORTAL_DATABASE_URL must be set: the database that the people are put into.")
    database = Database(settings.database_url, name="portal", size=1)
    try:
        ensure(database, "portal")
        changed = database.write(lambda connection: replace_people(connection, population))
    finally:
        database.close()
    print(
        f"{population.users} people in {population.schools} schools: {'changed' if changed else 'unchanged'}"
    )


def replace_people(connection: Connection, population: Population) -> bool:
    """Inside a transaction; whether anything changed."""
    connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    row = connection.execute("select digest from population").fetchone()
    if row and row["digest"] == population.digest:
        return False
    for table in TABLES:
        connection.execute(f"delete from {table}".encode())
    for table, columns, rows in contents(population):
        with connection.cursor().copy(f"copy {table} ({columns}) from stdin".encode()) as copy:
            for values in rows:
                copy.write_row(values)
    for number, code in enumerate(population.school_codes()):
        copy_lessons(connection, code, lesson_rows(population, number))
    connection.execute(
        "insert into population (digest, people) values (%s, %s)", (population.digest, population.users)
    )
    return True


def contents(population: Population) -> Iterable[tuple[str, str, Rows]]:
    """Tables, columns and rows."""
    codes = population.school_codes()
    yield "school", "code, name", ((code, population.school_name(n)) for n, code in enumerate(codes))
    yield "school_class", "code, school, name", population.all_groups()
    yield (
        "person",
        "username, name, profile, school, class, child, mail, language",
        (
            (
                it.username,
                it.name,
                it.profile.value,
                it.school,
                it.group or None,
                it.child or None,
                it.mail,
                it.language,
            )
            for it in population.people()
        ),
    )
    yield "homework", "class, weekday, text_fr, text_en", homework(population)
    yield "mark", "pupil, subject_fr, subject_en, value", marks(population)
    yield "absence", "school, pupil", ((code, "") for code in codes for _ in range(draw(code) % 9))
    yield (
        "news",
        "text_fr, text_en",
        ((f"Actualité n° {n} de votre espace", f"News no. {n}") for n in range(1, 9)),
    )
    yield (
        "menu",
        "weekday, text_fr, text_en",
        ((day, f"Menu du jour {day}", f"Menu of day {day}") for day in range(1, 6)),
    )


def homework(population: Population) -> Rows:
    """Three exercises for each class."""
    for group, _, _ in population.all_groups():
        for weekday in (1, 2, 4):
            drawn = draw(group, "homework", str(weekday))
            french, english = SUBJECTS[drawn % len(SUBJECTS)]
            exercise = 1 + drawn // 8 % 40
            yield group, weekday, f"{french} : exercice {exercise}", f"{english}: exercise {exercise}"


def marks(population: Population) -> Rows:
    """Five marks for each pupil."""
    for number in range(population.pupils):
        pupil = username(Profile.PUPIL, number)
        for place in range(5):
            drawn = draw(pupil, "mark", str(place))
            yield pupil, *SUBJECTS[drawn % len(SUBJECTS)], 4 + drawn // 8 % 33 / 2


if __name__ == "__main__":
    sys.exit(main())
