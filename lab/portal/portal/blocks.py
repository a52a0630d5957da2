# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The blocks that the personal page brings together, and for whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .database import DatabaseUnavailableError
from .directory import Directory
from .messaging import Messaging
from .people import Person, Profile
from .samples import Line, both, sample
from .settings import Settings

EVERYBODY = frozenset(Profile)
LEARNERS = frozenset({Profile.PUPIL, Profile.PARENT})
LATEST_MESSAGES = 5
"""Messages that the personal page shows."""

Read = Callable[[Person], tuple[Line, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One block of the personal page: its name and its lines, or that they cannot be had."""

    name: str
    title: dict[str, str]
    lines: tuple[Line, ...]
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A block's name and title, and who sees it."""

    name: str
    title: dict[str, str]
    profiles: frozenset[Profile]


SOURCES = (
    Source(name="timetable", title=both("Emploi du temps", "Timetable"), profiles=EVERYBODY),
    Source(name="messages", title=both("Messagerie", "Messages"), profiles=EVERYBODY),
    Source(name="homework", title=both("Travail à faire", "Homework"), profiles=LEARNERS),
    Source(name="marks", title=both("Notes", "Marks"), profiles=LEARNERS),
    Source(
        name="absences",
        title=both("Absences", "Absences"),
        profiles=frozenset({Profile.TEACHER, Profile.STAFF}),
    ),
    Source(name="news", title=both("Actualités", "News"), profiles=EVERYBODY),
    Source(name="canteen", title=both("Cantine", "Canteen"), profiles=EVERYBODY),
)
"""Every block there is, in the order of the page."""

NAMES = frozenset(source.name for source in SOURCES)


def readers(directory: Directory | None, messaging: Messaging | None) -> dict[str, Read]:
    """Block to the query behind it; what has no database behind it has no reader."""
    found: dict[str, Read] = {}
    if directory:
        found |= {
            "timetable": directory.timetable,
            "homework": directory.homework,
            "marks": directory.marks,
            "absences": directory.absences,
            "news": directory.news,
            "canteen": directory.canteen,
        }
    if messaging:
        found["messages"] = lambda person: latest(messaging, person)
    return found


def latest(messaging: Messaging, person: Person) -> tuple[Line, ...]:
    """The newest of the internal messages."""
    found = messaging.inbox(person.username, limit=LATEST_MESSAGES)
    return tuple(both(*(f"{it.sender_name} : {it.subject}",) * 2) for it in found)


def blocks_for(
    person: Person, settings: Settings, *, hidden: frozenset[str] = frozenset(), read: dict[str, Read]
) -> list[Block]:
    """The person's blocks; a hidden one is not even read, which is what hiding it is for."""
    hidden |= settings.hidden_blocks
    return [
        one_block(source, person, settings, read)
        for source in SOURCES
        if person.profile in source.profiles and source.name not in hidden
    ]


def one_block(source: Source, person: Person, settings: Settings, read: dict[str, Read]) -> Block:
    """A block as it can be had: that of one database does not take the page down with it."""
    if not person.username:
        lines = sample(source.name, person, settings)
    elif source.name not in read:
        lines = ()
    else:
        try:
            lines = read[source.name](person)
        except DatabaseUnavailableError:
            return Block(name=source.name, title=source.title, lines=(), available=False)
    return Block(name=source.name, title=source.title, lines=lines)
