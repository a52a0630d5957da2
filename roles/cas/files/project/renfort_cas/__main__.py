# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Management commands: ``python -m renfort_cas <command>``."""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "renfort_cas.settings")
execute_from_command_line(sys.argv)
