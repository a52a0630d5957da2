# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contingency measures in force on this machine: a file that is read live."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOOK_SECONDS = 1.0
"""How often the file is looked at, at most."""

log = logging.getLogger("portal.switches")


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What is in force; the defaults are those of an ordinary day."""

    hold_notification_mail: bool = False
    hidden_blocks: frozenset[str] = frozenset()
    timetable_imports: bool = True
    unknown: tuple[str, ...] = ()


class SwitchesError(Exception):
    """A file of switches that makes no sense; says what is wrong with it."""


def parse(text: str) -> State:
    """The state that a file describes.

    Raises:
        SwitchesError: it is no JSON object, or a switch has another type than it should.
    """
    try:
        data = json.loads(text)
    except ValueError as error:
        raise SwitchesError(f"no JSON: {error}") from error
    if not isinstance(data, dict):
        raise SwitchesError("not a JSON object")
    hidden = data.get("hidden_blocks", [])
    if not isinstance(hidden, list) or not all(isinstance(name, str) for name in hidden):
        raise SwitchesError("hidden_blocks must be a list of names of blocks")
    return State(
        hold_notification_mail=boolean(data, "hold_notification_mail", default=False),
        hidden_blocks=frozenset(hidden),
        timetable_imports=boolean(data, "timetable_imports", default=True),
        unknown=tuple(sorted(set(data) - {"hold_notification_mail", "hidden_blocks", "timetable_imports"})),
    )


def boolean(data: dict[str, Any], name: str, *, default: bool) -> bool:
    """A switch that is true or false."""
    value = data.get(name, default)
    if not isinstance(value, bool):
        raise SwitchesError(f"{name} must be true or false, not {value!r}")
    return value


class Switches:
    """The file, looked at once a second at most; a broken one leaves the last good state in force."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        self._state = State()
        self._mark: tuple[int, int, int] | None = None
        self._look_at = 0.0

    def state(self) -> State:
        """What is in force now."""
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + LOOK_SECONDS
            self._look()
        return self._state

    def _look(self) -> None:
        """Read the file if it is another one than before; its absence is an ordinary day."""
        try:
            found = self.path.stat()
            mark = (found.st_ino, found.st_mtime_ns, found.st_size)
            if mark == self._mark:
                return
            self._settle(parse(self.path.read_text(encoding="utf-8")))
            self._mark = mark
        except FileNotFoundError:
            self._mark = None
            self._settle(State())
        except (OSError, UnicodeDecodeError, SwitchesError) as error:
            self._complain(str(error))

    def _settle(self, state: State) -> None:
        if state != self._state:
            log.warning("switches in force from now on: %s", state)
        self._state, self.trouble = state, ""

    def _complain(self, trouble: str) -> None:
        if trouble != self.trouble:
            log.warning("%s: %s; the last good state stays in force", self.path, trouble)
        self.trouble = trouble
