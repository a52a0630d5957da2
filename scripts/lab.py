#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The datacentre in a box: `scripts/lab.py --help`."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"

if Path(sys.prefix) != VENV:
    if not (VENV / "bin/python").exists():
        sys.exit("lab: .venv is missing. Run `make run-tools` in the project first.")
    os.execv(VENV / "bin/python", [str(VENV / "bin/python"), *sys.argv])

sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from lab.control.cli import main  # noqa: E402 - only the project's own interpreter has what it imports

sys.exit(main())
