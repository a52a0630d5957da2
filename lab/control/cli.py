# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line of the lab."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from rich.console import Console

from ..errors import LabError
from .api import admin
from .raising import raise_lab
from .removing import remove_lab
from .showing import open_shell, show_logs, show_status
from .state import State

EXIT_FAILED = 1
EXIT_LEFT_BEHIND = 3
EXIT_STOPPED = 130


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    main_parser = argparse.ArgumentParser(
        prog="lab.py",
        description="The datacentre in a box: an emulated Proxmox VE cluster of real Debian machines.",
        epilog="Exit status: 0 well, 1 failed or not running, 2 wrong usage, 3 `down` left something behind.",
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start the lab; what runs already is left alone")
    up.add_argument("--speed", type=float, default=1.0, help="how much faster emulated waiting goes (1)")
    up.add_argument(
        "--empty", action="store_true", help="a cluster without templates, pools, accounts and guests"
    )
    down = commands.add_parser("down", help="stop the lab and leave nothing behind but the machine images")
    down.add_argument("--all", action="store_true", help="also machines on which roles are being tested")
    down.add_argument("--purge", action="store_true", help="also the machine images; implies --all")
    commands.add_parser("status", help="show what runs")
    logs = commands.add_parser("logs", help="show the emulator's log, or a guest's journal")
    logs.add_argument("guest", nargs="?", default="", help="name or vmid (default: the emulator)")
    logs.add_argument("-f", "--follow", action="store_true", help="keep showing what is added")
    logs.add_argument("-n", "--lines", type=int, default=50, help="how many of the last lines (50)")
    shell = commands.add_parser("shell", help="open a shell, or run a command, inside a guest as root")
    shell.add_argument("guest", help="name or vmid")
    shell.add_argument("argv", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to run (a shell)")
    _add_faults(commands.add_parser("faults", help="make API calls fail, be late or be cut; take nodes away"))
    return main_parser


def _add_faults(faults: argparse.ArgumentParser) -> None:
    actions = faults.add_subparsers(dest="action", required=True, metavar="ACTION")
    actions.add_parser("list", help="show the rules in force")
    actions.add_parser("clear", help="withdraw all rules")
    add = actions.add_parser("add", help="put a rule in force")
    add.add_argument("kind", choices=["fail", "delay", "cut", "task-fail"], help="what happens to the call")
    add.add_argument("--verb", help="regular expression for GET, POST, … (default: any)")
    add.add_argument("--path", help="regular expression for the path without /api2/json (default: any)")
    add.add_argument("--nth", type=int, help="only the n-th matching call (default: every one)")
    add.add_argument("--status", type=int, help="HTTP status of `fail` (500)")
    add.add_argument("--message", help="text of `fail` and `task-fail`")
    add.add_argument("--seconds", type=float, help="how late `delay` makes the call")
    add.add_argument("--after", action="store_true", default=None, help="carry the call out first")
    node = actions.add_parser("node", help="take a node off-line or bring it back")
    node.add_argument("name")
    node.add_argument("state", choices=["online", "offline", "maintenance"])


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; the exit status."""
    options = parser().parse_args(argv)
    console = Console(soft_wrap=True)
    try:
        return _run(options, console)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return EXIT_STOPPED


def _run(options: argparse.Namespace, console: Console) -> int:
    state = State.of_environment()
    if options.command == "up":
        return _up(state, options, console)
    if options.command == "down":
        return _down(state, options, console)
    if options.command == "status":
        return 0 if show_status(state, console) else EXIT_FAILED
    if options.command == "logs":
        show_logs(state, guest=options.guest, follow=options.follow, lines=options.lines)
    elif options.command == "shell":
        open_shell(state, options.guest, options.argv)
    else:
        _faults(options, console)
    return 0


def _up(state: State, options: argparse.Namespace, console: Console) -> int:
    begin = time.monotonic()

    def report(line: str) -> None:
        console.print(f"[{time.monotonic() - begin:5.1f} s] {line}", markup=False, highlight=False)

    changed = raise_lab(state, report, speed=options.speed, empty=options.empty)
    report("the lab is up" if changed else "the lab was up already; nothing was changed")
    return 0


def _down(state: State, options: argparse.Namespace, console: Console) -> int:
    def report(line: str) -> None:
        console.print(line, markup=False, highlight=False)

    left = remove_lab(state, report, everything=options.all, purge=options.purge)
    for thing in left:
        report(f"left behind: {thing}")
    if not left:
        report("the lab is down; nothing is left behind")
    return EXIT_LEFT_BEHIND if left else 0


def _faults(options: argparse.Namespace, console: Console) -> None:
    if options.action == "node":
        admin("POST", f"/nodes/{options.name}/{options.state}")
    elif options.action == "clear":
        admin("DELETE", "/faults")
    elif options.action == "add":
        keys = ("verb", "path", "nth", "status", "message", "seconds", "after")
        given = {key: value for key in keys if (value := getattr(options, key)) is not None}
        admin("POST", "/faults", json={"action": options.kind, **given})
    else:
        console.print_json(json.dumps(admin("GET", "/faults")))
