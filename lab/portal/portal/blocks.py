# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks that the personal page brings together, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .people import Person, Profile
from .settings import Settings

EVERYBODY = frozenset(Profile)
LEARNERS = frozenset({Profile.PUPIL, Profile.PARENT})


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of the personal page: its name, its lines (each French, English)."""

    name: str
    title: dict[str, str]
    lines: tuple[dict[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a block comes from and who sees it."""

    name: str
    title: dict[str, str]
    profiles: frozenset[Profile]
    read: Callable[[Person, Settings], tuple[dict[str, str], ...]]


def both(french: str, english: str) -> dict[str, str]:
    """A text in the portal's two languages."""
    return {"fr": french, "en": english}


def timetable(person: Person, _settings: Settings) -> tuple[dict[str, str], ...]:
    """The day's hours, as taught or as attended."""
    lessons = (
        ("08:00", "Mathématiques", "Mathematics"),
        ("09:00", "Histoire", "History"),
        ("10:15", "EPS", "PE"),
    )
    group = " · 4e B" if person.profile is Profile.TEACHER else ""
    return tuple(both(f"{at} {french}{group}", f"{at} {english}{group}") for at, french, english in lessons)


def messages(_person: Person, _settings: Settings) -> tuple[dict[str, str], ...]:
    """The newest of the internal messages."""
    return (both("La vie scolaire : réunion de jeudi", "School office: Thursday's meeting"),)


def homework(_person: Person, _settings: Settings) -> tuple[dict[str, str], ...]:
    """What is to be done at home."""
    return (
        both("Français : lire le chapitre 3", "French: read chapter 3"),
        both("Sciences : exercice 12", "Science: exercise 12"),
    )


def marks(_person: Person, _settings: Settings) -> tuple[dict[str, str], ...]:
    """The last marks."""
    return (both("Anglais : 15/20", "English: 15/20"),)


def absences(_person: Person, _settings: Settings) -> tuple[dict[str, str], ...]:
    """What the school office has to follow up."""
    return (both("3 absences à justifier", "3 absences to account for"),)


def news(_person: Person, settings: Settings) -> tuple[dict[str, str], ...]:
    """What the tenant tells all its schools."""
    return (both(f"Actualités de {settings.title}", f"News of {settings.title}"),)


def canteen(_person: Person, _settings: Settings) -> tuple[dict[str, str], ...]:
    """The day's menu."""
    return (both("Potée de légumes, fruits", "Vegetable stew, fruit"),)


SOURCES = (
    Source(name="timetable", title=both("Emploi du temps", "Timetable"), profiles=EVERYBODY, read=timetable),
    Source(name="messages", title=both("Messagerie", "Messages"), profiles=EVERYBODY, read=messages),
    Source(name="homework", title=both("Travail à faire", "Homework"), profiles=LEARNERS, read=homework),
    Source(name="marks", title=both("Notes", "Marks"), profiles=LEARNERS, read=marks),
    Source(
        name="absences",
        title=both("Absences", "Absences"),
        profiles=frozenset({Profile.TEACHER, Profile.STAFF}),
        read=absences,
    ),
    Source(name="news", title=both("Actualités", "News"), profiles=EVERYBODY, read=news),
    Source(name="canteen", title=both("Cantine", "Canteen"), profiles=EVERYBODY, read=canteen),
)
"""Every block there is, in the order of the page."""


def blocks_for(person: Person, settings: Settings) -> list[Block]:
    """The person's blocks; a hidden one is not even read, which is what hiding it is for."""
    return [
        Block(name=source.name, title=source.title, lines=source.read(person, settings))
        for source in SOURCES
        if person.profile in source.profiles and source.name not in settings.hidden_blocks
    ]
