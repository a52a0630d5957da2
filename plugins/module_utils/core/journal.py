# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's records: what a run says of itself when it starts, acts and ends, and the runs read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

VERSION = 1
"""The version of the records; a reader leaves alone what is newer than it knows."""

TEXT_LENGTH = 400
"""How many characters of a message or reason are kept."""

OK, CHANGED, FAILED, UNREACHABLE = "ok", "changed", "failed", "unreachable"

STOPPED = "stopped"
"""The result of a run that a person or an error of Ansible itself ended before its last task."""

UNFINISHED = "unfinished"
"""The result of a run that never said how it ended: it still runs, or it was killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """Who runs what, on what. ``extra_vars`` holds names only, since values may be secrets.

    ``pid`` and ``pid_start`` (clock ticks since the controller's boot) tell whether it still runs.
    """

    playbook: str = ""
    inventory: tuple[str, ...] = ()
    user: str = ""
    controller: str = ""
    awx_job: str = ""
    awx_user: str = ""
    check: bool = False
    limit: str = ""
    tags: tuple[str, ...] = ()
    skip_tags: tuple[str, ...] = ()
    extra_vars: tuple[str, ...] = ()
    commit: str = ""
    plan: str = ""
    plan_sha256: str = ""
    pid: int = 0
    pid_start: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnd:
    """A task that changed a host, failed on it or did not reach it; ``ignored`` when the play went on."""

    host: str = ""
    task: str = ""
    role: str = ""
    result: str = ""
    ignored: bool = False
    seconds: float = 0.0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectChange:
    """One thing that a module of ours changed for a host, such as a guest that was cloned."""

    host: str = ""
    task: str = ""
    object: str = ""
    action: str = ""
    result: str = CHANGED
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a run ended: tasks over all hosts, and the plan as the run left it."""

    result: str = UNFINISHED
    seconds: float = 0.0
    hosts: int = 0
    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    plan_sha256: str = ""


type Event = Start | TaskEnd | ObjectChange | End

_KINDS: Mapping[str, type[Event]] = {"start": Start, "task": TaskEnd, "object": ObjectChange, "end": End}


_DEFAULTS: Mapping[type[Event], Mapping[str, Any]] = {
    kind: {item.name: item.default for item in fields(kind)} for kind in _KINDS.values()
}
"""The fields of each kind of event; a journal has some hundred thousand lines to read with them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run: its id, its start (ISO, UTC), and what it said until its end, if it came to one."""

    id: str
    at: str
    start: Start
    events: tuple[TaskEnd | ObjectChange, ...] = ()
    end: End | None = None

    @property
    def result(self) -> str:
        """``ok``, ``failed``, ``stopped`` or ``unfinished``."""
        return self.end.result if self.end else UNFINISHED

    def touches(self, host: str) -> bool:
        """Tell whether the run changed, failed on or did not reach a host or thing of this name."""
        return any(
            host == event.host or (isinstance(event, ObjectChange) and host == event.object)
            for event in self.events
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The runs of a journal, the oldest first, and how many lines could not be read or are too new."""

    runs: tuple[Run, ...] = ()
    unreadable: int = 0
    newer: int = 0


@dataclass(slots=True)
class _Gathered:
    at: str = ""
    start: Start = field(default_factory=Start)
    events: list[TaskEnd | ObjectChange] = field(default_factory=list)
    end: End | None = None


def record_of(event: Event, *, run: str, at: str) -> dict[str, Any]:
    """Return an event as the mapping that a line holds; what is empty is left out."""
    kind = next(name for name, of in _KINDS.items() if isinstance(event, of))
    values = {item.name: getattr(event, item.name) for item in fields(event)}
    kept = {name: list(it) if isinstance(it, tuple) else it for name, it in values.items() if it}
    return {"v": VERSION, "event": kind, "run": run, "at": at} | kept


def read_runs(records: Iterable[object]) -> Reading:
    """Return the runs that records tell of; what is no mapping of ours is counted, never an error.

    The records of runs that went on at once may be mixed.
    """
    found: dict[str, _Gathered] = {}
    unreadable = newer = 0
    for record in records:
        version = record.get("v") if isinstance(record, Mapping) else None
        if not isinstance(record, Mapping) or type(version) is not int or not record.get("run"):
            unreadable += 1
        elif version > VERSION or str(record.get("event")) not in _KINDS:
            newer += 1
        else:
            _take(found.setdefault(str(record["run"]), _Gathered()), record)
    runs = [
        Run(id=id, at=it.at, start=it.start, events=tuple(it.events), end=it.end) for id, it in found.items()
    ]
    return Reading(
        runs=tuple(sorted(runs, key=lambda run: (run.at, run.id))), unreadable=unreadable, newer=newer
    )


def short(text: object) -> str:
    """Return a text in one line, cut to what a journal keeps of it."""
    line = " ".join(str(text or "").split())
    return line if len(line) <= TEXT_LENGTH else f"{line[: TEXT_LENGTH - 1]}…"


def _take(run: _Gathered, record: Mapping[Any, Any]) -> None:
    event = _event_of(_KINDS[str(record["event"])], record)
    # A journal that was cut off may have lost the start of a run: its first record stands for it.
    run.at = min(filter(None, (run.at, str(record.get("at", "")))), default="")
    if isinstance(event, Start):
        run.start = event
    elif isinstance(event, End):
        run.end = event
    else:
        run.events.append(event)


def _event_of(kind: type[Event], record: Mapping[Any, Any]) -> Event:
    """Return the event that a record holds; a value of another type than expected counts as absent."""
    values: dict[str, Any] = {}
    for name, default in _DEFAULTS[kind].items():
        value = record.get(name)
        if type(value) is type(default):
            values[name] = value
        elif isinstance(default, tuple) and isinstance(value, list):
            values[name] = tuple(str(part) for part in value)
        elif isinstance(default, float) and type(value) is int:
            values[name] = float(value)
    return kind(**values)
