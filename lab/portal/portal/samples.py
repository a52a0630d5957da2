# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the blocks show to somebody who is only claimed: examples, the same for everybody."""

from __future__ import annotations

from .people import Person, Profile
from .settings import Settings

Line = dict[str, str]


def both(french: str, english: str) -> Line:
    """A text in the portal's two languages."""
    return {"fr": french, "en": english}


def sample(name: str, person: Person, settings: Settings) -> tuple[Line, ...]:
    """The lines of a block."""
    if name == "timetable":
        return sample_timetable(person)
    if name == "news":
        return (both(f"Actualités de {settings.title}", f"News of {settings.title}"),)
    return SAMPLES[name]


def sample_timetable(person: Person) -> tuple[Line, ...]:
    """The day's hours, as taught or as attended."""
    lessons = (
        ("08:00", "Mathématiques", "Mathematics"),
        ("09:00", "Histoire", "History"),
        ("10:15", "EPS", "PE"),
    )
    group = " · 4e B" if person.profile is Profile.TEACHER else ""
    return tuple(both(f"{at} {french}{group}", f"{at} {english}{group}") for at, french, english in lessons)


SAMPLES: dict[str, tuple[Line, ...]] = {
    "messages": (both("La vie scolaire : réunion de jeudi", "School office: Thursday's meeting"),),
    "homework": (
        both("Français : lire le chapitre 3", "French: read chapter 3"),
        both("Sciences : exercice 12", "Science: exercise 12"),
    ),
    "marks": (both("Anglais : 15/20", "English: 15/20"),),
    "absences": (both("3 absences à justifier", "3 absences to account for"),),
    "canteen": (both("Potée de légumes, fruits", "Vegetable stew, fruit"),),
}
"""Block to lines, those aside that depend on the person or the tenant."""
