# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command: import accounts from CSV or JSON lines; the result is one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ...accounts_file import AccountsError, read
from ...accounts_import import bring_in


class Command(BaseCommand):
    """Import accounts; a file with a single mistake changes nothing."""

    help = (
        "Import accounts from a file or, with -, from standard input: CSV with a heading, or a JSON object "
        "a line. Fields: username, profile, name; mail, school, password, password_hash."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        parser.add_argument("file", help="the file, - for standard input")
        parser.add_argument(
            "--reset-passwords",
            action="store_true",
            help="use clear passwords for accounts that exist as well",
        )
        parser.add_argument(
            "--close-missing", action="store_true", help="close the accounts that the file does not name"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        """Import, and print what was done."""
        try:
            if options["file"] == "-":
                rows = read(sys.stdin)
            else:
                with Path(options["file"]).open(encoding="utf-8", newline="") as lines:
                    rows = read(lines)
        except (AccountsError, OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['file']}: nothing was imported.\n{error}") from error
        if not rows:
            raise CommandError(f"{options['file']}: no account in it; nothing was imported.")
        done = bring_in(
            rows, reset_passwords=options["reset_passwords"], close_missing=options["close_missing"]
        )
        self.stdout.write(json.dumps(done))
