# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Command: bring the database to this release and these settings; the result is one line of JSON."""

from __future__ import annotations

import argparse
import json
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from ... import locks, registry
from ...registry_sync import sync


class Command(BaseCommand):
    """Apply migrations and write the registry; several machines at once wait for each other."""

    help = "Apply the migrations that are missing and bring the registry of services to the settings."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the options of the command."""
        parser.add_argument("--check", action="store_true", help="only say which migrations are missing")

    def handle(self, *_: Any, **options: Any) -> None:
        """Deploy, and print what was done."""
        if options["check"]:
            self.stdout.write(json.dumps({"migrations": self._missing(), "services": []}))
            return
        with locks.alone("deploy"):
            missing = self._missing()
            if missing:
                call_command("migrate", interactive=False, verbosity=0)
            touched = sync(registry.entries(settings.CONFIG.services))
        self.stdout.write(json.dumps({"migrations": missing, "services": touched}))

    @staticmethod
    def _missing() -> list[str]:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]
