# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Made-up people: the same ones for the same tenant and numbers, on every machine."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from .people import Profile

PUPILS_OF_A_CLASS = 28
CLASSES_OF_A_SCHOOL = 20
LEVELS = ("6", "5", "4", "3")
FIRST = tuple(
    "Adèle Amir Awa Baptiste Camille Chloé Diego Élise Farid Gabin Hana Inès Jules Karim Léa Lina Louis "  # noqa: SIM905 - names read better in lines than one by one
    "Malo Mei Nadia Noé Olivia Paul Rania Sacha Salomé Théo Yanis Zoé".split()
)
LAST = tuple(
    "Arnaud Benali Bonnet Chevalier Diallo Dupont Fontaine Garnier Haddad Jacquet Kaya Lambert Leroy "  # noqa: SIM905 - the same
    "Marchand Mercier Nguyen Petit Renard Roche Rousseau Simon Traoré Vidal".split()
)
SUBJECTS = (
    ("Mathématiques", "Mathematics"),
    ("Français", "French"),
    ("Histoire", "History"),
    ("Anglais", "English"),
    ("Sciences", "Science"),
    ("EPS", "PE"),
    ("Arts plastiques", "Art"),
    ("Musique", "Music"),
)
HOURS = ("08:00", "09:00", "10:15", "11:15", "13:30", "14:30", "15:45")
LESSONS_A_DAY = 6


class PopulationError(Exception):
    """Numbers that no population can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhabitant:
    """A made-up person; class and child as codes, empty where there are none."""

    username: str
    name: str
    profile: Profile
    school: str
    group: str
    child: str
    mail: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One hour of one class; times as HH:MM, weekday from 1 (Monday)."""

    group: str
    weekday: int
    starts: str
    ends: str
    subject: tuple[str, str]
    room: str
    teacher: str


class Population:
    """Schools, classes and people of a tenant."""

    def __init__(self, *, tenant: str, users: int, schools: int, domains: tuple[str, ...]) -> None:
        """Divide ``users`` into profiles; no more ``schools`` than there are classes, 0: as many as it takes.

        Raises:
            PopulationError: fewer people than profiles, or no domain for their mail.
        """
        if users < len(Profile) or not domains:
            raise PopulationError(f"A population needs {len(Profile)} people and a domain for their mail.")
        self.tenant, self.users, self.domains = tenant, users, domains
        self.staff = max(1, users * 5 // 100)
        self.teachers = max(1, users * 10 // 100)
        self.parents = max(1, users * 30 // 100)
        self.pupils = users - self.staff - self.teachers - self.parents
        self.groups = -(-self.pupils // PUPILS_OF_A_CLASS)
        self.schools = min(self.groups, schools or -(-self.groups // CLASSES_OF_A_SCHOOL))

    @property
    def digest(self) -> str:
        """The same for the same people."""
        text = f"1|{self.tenant}|{self.users}|{self.schools}|{','.join(self.domains)}"
        return hashlib.sha256(text.encode()).hexdigest()

    def school_codes(self) -> list[str]:
        """Codes of the schools, in order."""
        return [f"{270001 + number:07d}A" for number in range(self.schools)]

    def school_name(self, number: int) -> str:
        """A school's name."""
        return f"Collège {FIRST[number % len(FIRST)]} {LAST[number * 7 % len(LAST)]}"

    def group(self, number: int) -> tuple[str, str, str]:
        """Code, school and name of a class."""
        school = self.school_codes()[number % self.schools]
        place = number // self.schools
        letters = place // len(LEVELS)
        name = f"{LEVELS[place % len(LEVELS)]}e {chr(ord('A') + letters % 26)}{letters // 26 or ''}"
        return f"{school}-{name.replace('e ', '')}", school, name

    def all_groups(self) -> list[tuple[str, str, str]]:
        """All classes."""
        return [self.group(number) for number in range(self.groups)]

    def people(self) -> Iterator[Inhabitant]:
        """Everybody: pupils, parents, teachers, staff."""
        codes, groups = self.school_codes(), self.all_groups()
        for number in range(self.pupils):
            group, school, _ = groups[number % self.groups]
            yield self._inhabitant(Profile.PUPIL, number, school, group)
        for number in range(self.parents):
            group, school, _ = groups[number % self.groups]
            yield self._inhabitant(
                Profile.PARENT, number, school, group, child=username(Profile.PUPIL, number)
            )
        for number in range(self.teachers):
            yield self._inhabitant(Profile.TEACHER, number, codes[number % self.schools])
        for number in range(self.staff):
            yield self._inhabitant(Profile.STAFF, number, codes[number % self.schools])

    def _inhabitant(
        self, profile: Profile, number: int, school: str, group: str = "", child: str = ""
    ) -> Inhabitant:
        name = username(profile, number)
        drawn = draw(self.tenant, name)
        return Inhabitant(
            username=name,
            name=f"{FIRST[drawn % len(FIRST)]} {LAST[drawn // 64 % len(LAST)]}",
            profile=profile,
            school=school,
            group=group,
            child=child,
            mail=f"{name}.{self.tenant}@{self.domains[drawn % len(self.domains)]}",
            language="en" if drawn % 23 == 0 else "fr",
        )

    def teachers_of(self, school: int) -> list[str]:
        """User names of a school's teachers; a school without any borrows the first one's."""
        own = [username(Profile.TEACHER, number) for number in range(school, self.teachers, self.schools)]
        return own or [username(Profile.TEACHER, 0)]

    def lessons(self, school: int, *, variant: int = 0) -> Iterator[Lesson]:
        """A school's week; each ``variant`` is another one."""
        teachers = self.teachers_of(school)
        for number in range(school, self.groups, self.schools):
            group = self.group(number)[0]
            for weekday in range(1, 6):
                for slot in range(LESSONS_A_DAY):
                    drawn = draw(group, str(weekday), str(slot), str(variant))
                    starts = HOURS[slot]
                    place = number // self.schools * LESSONS_A_DAY + slot + weekday * 13
                    yield Lesson(
                        group=group,
                        weekday=weekday,
                        starts=starts,
                        ends=f"{int(starts[:2]) + 1:02d}{starts[2:]}",
                        subject=SUBJECTS[drawn % len(SUBJECTS)],
                        room=f"{100 + drawn // 8 % 40}",
                        teacher=teachers[place % len(teachers)],
                    )


def username(profile: Profile, number: int) -> str:
    """The user name of a person by place in the profile, from 0: ``pupil00001`` is the first pupil."""
    return f"{profile.value}{number + 1:05d}"


def draw(*words: str) -> int:
    """A number that depends on nothing but the words."""
    return int.from_bytes(hashlib.sha256("\0".join(words).encode()).digest()[:6])


def password(secret: str, tenant: str, name: str) -> str:
    """A person's password: who knows the secret can sign in as any of the made-up people."""
    made = hmac.new(secret.encode(), f"{tenant}/{name}".encode(), hashlib.sha256).digest()
    return base64.b32encode(made)[:16].decode().lower()
