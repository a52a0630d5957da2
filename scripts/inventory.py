#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet's inventory as a script, for AWX and for people: what the plugin exports, without Ansible."""

from __future__ import annotations

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"

if Path(sys.prefix) != VENV and (VENV / "bin/python").exists():
    os.execv(VENV / "bin/python", [str(VENV / "bin/python"), *sys.argv])

sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from scripts.cli.inventory import main  # noqa: E402 - the project's own folders come first on the path

sys.exit(main())
