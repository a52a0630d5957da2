# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The made-up people are always the same, fit together, and their timetables can be imported."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from lab.portal.portal.import_timetables import COLUMNS, TimetableError, parse
from lab.portal.portal.people import Profile
from lab.portal.portal.population import Population, PopulationError, password
from lab.portal.portal.seed import write_accounts, write_timetables
from lab.portal.portal.settings import SettingsError


def made(users: int = 500, schools: int = 2, tenant: str = "eure") -> Population:
    return Population(tenant=tenant, users=users, schools=schools, domains=("a.example", "b.example"))


def test_the_same_numbers_give_the_same_people() -> None:
    assert list(made().people()) == list(made().people())
    assert made().digest == made().digest != made(tenant="orne").digest


@pytest.mark.parametrize("users", [4, 37, 500])
def test_there_are_as_many_as_asked_for_of_every_profile(users: int) -> None:
    people = list(made(users).people())
    assert len({it.username for it in people}) == users
    assert set(Counter(it.profile for it in people)) == set(Profile)


def test_people_belong_to_schools_and_classes_that_exist() -> None:
    population = made()
    groups = {code: school for code, school, _ in population.all_groups()}
    pupils = {it.username: it for it in population.people() if it.profile is Profile.PUPIL}
    for it in population.people():
        assert it.school in population.school_codes()
        if it.profile is Profile.PARENT:
            assert it.group == pupils[it.child].group
        if it.group:
            assert groups[it.group] == it.school


def test_too_few_people_are_refused() -> None:
    with pytest.raises(PopulationError):
        made(3)


def test_passwords_depend_on_the_secret_the_tenant_and_the_person() -> None:
    words = {password(*it) for it in [("s", "t", "u"), ("S", "t", "u"), ("s", "T", "u"), ("s", "t", "U")]}
    assert len(words) == 4
    assert password("s", "t", "u") == password("s", "t", "u")


def test_accounts_are_written_for_their_owner_alone(tmp_path: Path) -> None:
    for name in ("accounts.csv", "accounts.jsonl"):
        write_accounts(made(8), tmp_path / name, "secret")
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    with (tmp_path / "accounts.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    lines = (tmp_path / "accounts.jsonl").read_text(encoding="utf-8").splitlines()
    assert rows == [json.loads(line) for line in lines]
    assert rows[0]["password"] == password("secret", "eure", rows[0]["username"])
    assert set(rows[0]) == {"username", "password", "profile", "name", "mail", "school"}


def test_accounts_without_a_secret_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="PORTAL_SEED_SECRET"):
        write_accounts(made(8), tmp_path / "accounts.csv", "")


def test_timetables_can_be_imported_and_differ_by_variant(tmp_path: Path) -> None:
    population = made()
    write_timetables(population, tmp_path, 0)
    texts = [(tmp_path / f"{code}.csv").read_text(encoding="utf-8") for code in population.school_codes()]
    lessons = [lesson for text in texts for lesson in parse(text)]
    assert len(lessons) == population.groups * 5 * 6
    assert len({(lesson[0], lesson[1], lesson[2]) for lesson in lessons}) == len(lessons)
    write_timetables(population, tmp_path, 1)
    assert (tmp_path / f"{population.school_codes()[0]}.csv").read_text(encoding="utf-8") != texts[0]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a,1,08:00,09:00,x,y,1", "line 2 must have 8 fields"),
        ("a,1,08:00,09:00,x,,1,t", "none of them empty"),
        ("a,7,08:00,09:00,x,y,1,t", "weekday"),
        ("a,1,8:00,09:00,x,y,1,t", "two times"),
        ("a,1,10:00,09:00,x,y,1,t", "in their order"),
        ('a,1,08:00,09:00,"x,y,1,t', "line"),
    ],
)
def test_a_line_that_is_no_lesson_is_named(line: str, said: str) -> None:
    with pytest.raises(TimetableError, match=said):
        parse(",".join(COLUMNS) + "\n" + line)


def test_other_columns_are_refused() -> None:
    with pytest.raises(TimetableError, match="line 1 must be"):
        parse("class;weekday\n")
