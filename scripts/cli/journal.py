# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`renfort journal`: the last runs, or one of them in full."""

from __future__ import annotations

import argparse
import json
import os
import re
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.journal import (
    OK,
    UNFINISHED,
    Reading,
    Run,
    read_runs,
)
from ansible_collections.ent.renfort.plugins.module_utils.journal_facts import process_start, sha256_of
from ansible_collections.ent.renfort.plugins.module_utils.journal_file import journal_path, read_records

from .journal_view import plan_now, run_lines, run_table, short_id
from .outcome import EXIT_FAILED, EXIT_OK, EXIT_USAGE

RUNNING = "running"
"""What an unfinished run is called whose process is still there."""

PIPE_WIDTH = 200
"""How many columns a table has where there is no terminal."""

LAST = "last"
"""What may stand for the id of the latest run."""

_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def add_parser(commands: Any) -> None:
    """Add the command with its options."""
    command: argparse.ArgumentParser = commands.add_parser(
        "journal",
        help="show who ran what, when, and what came of it",
        description="Show the last runs, the latest at the end, or one run in full.",
        epilog="Exit status: 0 shown (be it nothing), 1 the journal cannot be read or has no such run, "
        "2 wrong usage.",
    )
    command.add_argument(
        "--run", default="", metavar="ID", help="this run in full: its id, either end of it, or last"
    )
    command.add_argument(
        "--since", type=moment, metavar="WHEN", help="runs from 2026-11-20, or the last 90m, 12h, 7d"
    )
    command.add_argument("--host", default="", help="runs that changed, failed on or did not reach it")
    command.add_argument("--failed", action="store_true", help="runs that failed or came to no good end")
    command.add_argument("-n", "--last", type=int, default=20, help="how many runs at most (default: 20)")
    command.add_argument("--json", action="store_true", help="as JSON, a list of runs with all they tell")
    command.add_argument("--file", type=Path, help="another journal than that of $RENFORT_JOURNAL")


def moment(text: str) -> str:
    """Return the moment that ``--since`` means, as the journal writes it.

    Raises:
        argparse.ArgumentTypeError: the text is neither a date nor a time span.
    """
    span = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if span:
        return _iso(datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])}))
    try:
        # A date without a time zone is one of the reader's own clock.
        return _iso(datetime.fromisoformat(text).astimezone(UTC))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a date (2026-11-20) nor a span (90m, 12h, 7d, 2w)"
        ) from None


def show_journal(options: argparse.Namespace, console: Console) -> int:
    """Show what is asked for; the exit status."""
    path = options.file or journal_path(os.environ)
    if path is None:
        print("renfort: the journal is switched off: RENFORT_JOURNAL is empty.", file=sys.stderr)
        return EXIT_USAGE
    try:
        reading = read_runs(read_records(path))
    except RenfortError as error:
        print(f"renfort: {error}", file=sys.stderr)
        return EXIT_FAILED
    for line in _notes(reading, path):
        print(f"renfort: {line}", file=sys.stderr)
    runs = wanted(reading.runs, options)
    if options.run and len(runs) != 1:
        print(f"renfort: {path} has {len(runs) or 'no'} runs called {options.run!r}.", file=sys.stderr)
        return EXIT_FAILED
    _print(runs, options, console)
    return EXIT_OK


def wanted(runs: Sequence[Run], options: argparse.Namespace) -> list[Run]:
    """Return the runs that the options ask for, the oldest first."""
    if options.run == LAST:
        return list(runs[-1:])
    if options.run:
        # The short form of an id is its end.
        named = [run for run in runs if run.id.startswith(options.run) or short_id(run) == options.run]
        return [run for run in named if run.id == options.run] or named
    found = [
        run
        for run in runs
        if run.at >= (options.since or "")
        and (not options.host or run.touches(options.host))
        and (not options.failed or status_of(run) not in (OK, RUNNING))
    ]
    return found[-options.last :] if options.last > 0 else []


def status_of(run: Run) -> str:
    """Return a run's result; one without an end still runs if its process does, on this very machine."""
    start = run.start
    if run.end is None and start.controller == socket.gethostname() and start.pid_start:
        alive = process_start(start.pid) == start.pid_start
        return RUNNING if alive else UNFINISHED
    return run.result


def as_data(run: Run) -> Mapping[str, Any]:
    """Return a run as plain data, with what became of its plan since."""
    return asdict(run) | {"status": status_of(run), "plan_now": plan_now(run, sha256_of)}


def _print(runs: Sequence[Run], options: argparse.Namespace, console: Console) -> None:
    if options.json:
        print(json.dumps([as_data(run) for run in runs], ensure_ascii=False, indent=2))
    elif options.run:
        for line in run_lines(runs[0], status_of(runs[0]), plan_now(runs[0], sha256_of)):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
    elif runs:
        # What no terminal shows is read by programs and pagers: it is never cut to a width.
        wide = console if console.is_terminal else Console(file=console.file, width=PIPE_WIDTH)
        wide.print(run_table(runs, status_of))
    else:
        console.print("No run.")


def _notes(reading: Reading, path: Path) -> list[str]:
    notes = []
    if not path.exists() and not reading.runs:
        notes.append(f"there is no journal at {path} yet; the first run makes it.")
    if reading.unreadable:
        notes.append(f"lines of {path} that are no records and were left out: {reading.unreadable}.")
    if reading.newer:
        notes.append(f"lines of {path} that a newer Renfort wrote and were left out: {reading.newer}.")
    return notes


def _iso(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds")
