# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command: hash the passwords that standard input has, one a line, for files of accounts."""

from __future__ import annotations

import sys
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    """Hash passwords as the CAS would."""

    help = "Print the hash of each password on standard input, one a line."

    def handle(self, *_: Any, **__: Any) -> None:
        """Hash them."""
        for line in sys.stdin:
            self.stdout.write(make_password(line.rstrip("\n")))
