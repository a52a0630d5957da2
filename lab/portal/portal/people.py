# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is asking."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .request import Request
from .settings import Settings


class Profile(Enum):
    """What a person is in the school; it decides what the personal page shows."""

    PUPIL = "pupil"
    PARENT = "parent"
    TEACHER = "teacher"
    STAFF = "staff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who is signed in. Who is only claimed in development has no account: no user name."""

    name: str
    profile: Profile
    username: str = ""
    school: str = ""
    group: str = ""
    child: str = ""

    @property
    def pupil(self) -> str:
        """Whose marks this person may see: the own ones, a parent those of the child."""
        return self.child if self.profile is Profile.PARENT else self.username


def claimed(request: Request, settings: Settings) -> Person | None:
    """Who a request claims to come from, believed in development alone.

    With ``dev_profiles`` that is the query ``profile``, else the cookie of that name.
    """
    if not settings.dev_profiles:
        return None
    claim = request.query.get("profile") or request.cookies.get("profile", "")
    known = {profile.value: profile for profile in Profile}
    if claim not in known:
        return None
    return Person(name="Camille Martin", profile=known[claim])
