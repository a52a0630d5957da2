# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The `renfort` command line."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from rich.console import Console

from .journal import add_parser, show_journal
from .outcome import EXIT_FAILED, EXIT_OK, EXIT_USAGE, Outcome
from .run import ROOT, Request, playbooks, run_playbook


def parser() -> argparse.ArgumentParser:
    """The options, with their help."""
    main_parser = argparse.ArgumentParser(
        prog="renfort",
        description="Run Renfort's playbooks through ansible-runner, with live progress; read the journal.",
        epilog="Exit status: 0 all went well, 1 something failed, 2 wrong usage, 3 no plan can be made of "
        "inputs that are right, 130 stopped by Ctrl-C.",
    )
    commands = main_parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list the playbooks, each with what it does")
    add_parser(commands)
    run = commands.add_parser("run", help="run a playbook")
    run.add_argument("playbook", help="its name without .yml, such as surge")
    run.add_argument(
        "-i",
        "--inventory",
        type=Path,
        default=Path(os.environ.get("RENFORT_INVENTORY", ROOT / "inventories/lab")),
        help="inventory (default: $RENFORT_INVENTORY, else the lab's)",
    )
    run.add_argument("-C", "--check", action="store_true", help="change nothing, say what would change")
    run.add_argument("-D", "--diff", action="store_true", help="show each change as a diff")
    run.add_argument("-l", "--limit", default="", help="only these hosts or groups")
    run.add_argument("-t", "--tags", default="", help="only tasks with these tags")
    run.add_argument("-e", "--extra-vars", action="append", default=[], help="key=value, or @file.yml")
    return main_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = parser().parse_args(arguments)
    console = Console()
    if options.command == "list":
        for name in playbooks():
            console.print(f"{name:12} {purpose(name)}", markup=False, highlight=False, soft_wrap=True)
        return EXIT_OK
    if options.command == "journal":
        return show_journal(options, console)
    problem = usage_problem(options.playbook, options.inventory)
    if problem:
        print(f"renfort: {problem}", file=sys.stderr)
        return EXIT_USAGE
    problem = syntax_problem(options.inventory)
    if problem:
        print(f"renfort: {problem}", file=sys.stderr)
        return EXIT_FAILED
    request = Request(
        playbook=options.playbook,
        inventory=options.inventory,
        check=options.check,
        diff=options.diff,
        limit=options.limit,
        tags=options.tags,
        extra_vars=options.extra_vars,
    )
    outcome = run_playbook(request, console)
    report(outcome, console)
    return outcome.exit_code


def purpose(playbook: str) -> str:
    """The first line of the comment at the head of a playbook."""
    lines = (ROOT / "playbooks" / f"{playbook}.yml").read_text().splitlines()
    return next((line.lstrip("# ") for line in lines if line.startswith("#")), "")


def usage_problem(playbook: str, inventory: Path) -> str:
    """What is wrong with the arguments, in one line; empty when nothing is."""
    known = playbooks()
    if playbook not in known:
        near = difflib.get_close_matches(playbook, known, n=1)
        guess = f" Did you mean {near[0]}?" if near else ""
        return f"no playbook named {playbook!r}.{guess} There are: {', '.join(known)}."
    if not inventory.exists():
        return f"inventory {inventory} does not exist. Name one with -i, such as -i inventories/lab."
    return ""


def syntax_problem(inventory: Path) -> str:
    """Where a YAML file of an inventory folder cannot be read, in one line; empty when all can.

    Ansible stops at such a file too, but does not say which one it is.
    """
    for file in sorted(path for path in inventory.rglob("*.y*ml") if path.is_file()):
        try:
            # Events only: the syntax is looked at, and no tag such as !vault needs to be known.
            for _event in yaml.parse(file.read_bytes()):
                pass
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
            return (
                f"{file}{where}: not valid YAML: {why}. Correct the file and run again; nothing was touched."
            )
        except OSError as error:
            return f"{file} cannot be read: {error.strerror}. Check its rights; nothing was touched."
    return ""


def report(outcome: Outcome, console: Console) -> None:
    """The last line: how it ended, and what changed where. Each failure was told when it happened."""
    hosts = ", ".join(f"{host} {count}" for host, count in sorted(outcome.changed.items()))
    console.print(
        f"{outcome.status}: {outcome.changes} changed{f' ({hosts})' if hosts else ''}"
        f"{f', {len(outcome.failures)} failures' if outcome.failures else ''}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
