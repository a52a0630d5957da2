# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal as people read it: a table of runs, a run in full. Pure but for the local time zone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ansible_collections.ent.renfort.plugins.module_utils.core.journal import (
    STOPPED,
    ObjectChange,
    Run,
    TaskEnd,
)

STYLES = {"failed": "red", "stopped": "red", "unfinished": "red", "running": "yellow"}
"""The colour of each status that is not good."""

MINUTE = len("2020-03-16 08:00")
"""How much of a moment a table shows."""

RESULT = len("unreachable (ignored) ")
"""How wide the results are in the list of what a run did."""

DIGEST = 12
"""How many characters of a digest or commit are shown."""


def run_table(runs: Sequence[Run], status_of: Callable[[Run], str]) -> Table:
    """Return one row a run."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for title in ("run", "when", "who", "what"):
        table.add_column(title, no_wrap=title in ("run", "when"), overflow="fold")
    for title in ("changed", "failed", "took"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("result", no_wrap=True)
    for run in runs:
        status, end = status_of(run), run.end if run.result != STOPPED else None
        table.add_row(
            short_id(run),
            local(run.at)[:MINUTE],
            who(run),
            what(run),
            str(end.changed) if end else "",
            str(end.failed + end.unreachable) if end else "",
            took(end.seconds) if end else "",
            f"{status}, check only" if run.start.check else status,
            style=STYLES.get(status, ""),
        )
    return table


def run_lines(run: Run, status: str, plan: str) -> list[str]:
    """Return a run in full: a heading of what is known of it, then what it did, in its order."""
    start, end = run.start, run.end
    known = {
        "run": run.id,
        "began": local(run.at),
        "who": f"{who(run)} on {start.controller}",
        "playbook": start.playbook,
        "inventory": ", ".join(start.inventory),
        "check only": "yes" if start.check else "",
        "limit": start.limit,
        "tags": ", ".join(start.tags),
        "skipped tags": ", ".join(start.skip_tags),
        "extra variables": ", ".join(start.extra_vars),
        "commit": start.commit[:DIGEST],
        "plan": f"{start.plan} {start.plan_sha256[:DIGEST]}: {plan}" if start.plan else "",
        "result": status,
    }
    if end and end.result == STOPPED:
        known["result"] += f" after {took(end.seconds)}"
    elif end:
        known["result"] += (
            f" after {took(end.seconds)}: {end.hosts} hosts, {end.ok} ok, {end.changed} changed, "
            f"{end.failed} failed, {end.unreachable} unreachable"
        )
    lines = [f"{name + ':':17}{text}" for name, text in known.items() if text]
    return lines + ([""] if run.events else []) + [_event_line(event) for event in run.events]


def plan_now(run: Run, digest_of: Callable[[Path], str]) -> str:
    """Return what became of a run's plan since it ended: the same still, changed, gone; empty without one."""
    if not run.start.plan:
        return ""
    then = (run.end.plan_sha256 if run.end else "") or run.start.plan_sha256
    now = digest_of(Path(run.start.plan))
    word = "as it is now" if now == then else "changed since" if now else "gone since"
    return f"written by this run, {word}" if then != run.start.plan_sha256 else word


def short_id(run: Run) -> str:
    """Return the end of a run's id, which is chance and names it well enough."""
    return run.id.rpartition("-")[2]


def who(run: Run) -> str:
    """Return the account, or in AWX the person and the job."""
    start = run.start
    if start.awx_job:
        return f"{start.awx_user or start.user} (AWX job {start.awx_job})"
    return start.user or "?"


def what(run: Run) -> str:
    """Return the playbook and the inventories: ``surge on lab``."""
    sources = ", ".join(Path(source).name for source in run.start.inventory)
    return " on ".join(filter(None, (Path(run.start.playbook).stem, sources)))


def local(at: str) -> str:
    """Return a moment of the journal in the reader's time; as it is written where it is no moment."""
    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return at


def took(seconds: float) -> str:
    """Return a duration: ``4.2 s``, ``3 min 07 s``, ``2 h 05 min``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _event_line(event: TaskEnd | ObjectChange) -> str:
    if isinstance(event, ObjectChange):
        return _joined(f"{event.result:{RESULT}}{event.object}: {event.action}", event.reason)
    task = f"{event.role} | {event.task}" if event.role else event.task
    result = f"{event.result} (ignored)" if event.ignored else event.result
    return _joined(f"{result:{RESULT}}{event.host}: {task} ({took(event.seconds)})", event.message)


def _joined(*parts: str) -> str:
    kept: Iterable[str] = (part for part in parts if part)
    return ": ".join(kept)
