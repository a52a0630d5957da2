# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the portal's databases to the tables that this release expects: ``python3 -m portal.schema``.

Steps only add, so that machines with the release before go on serving.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from .database import Connection, Database, DatabaseUnavailableError
from .settings import Settings, SettingsError

STEPS = Path(__file__).with_name("schema")
"""Files ``<database>-<number>.sql``, applied once each, in order."""

LOCK = 7_340_001
"""One machine at a time brings a database forward."""


def ensure(database: Database, kind: str) -> int:
    """Apply the steps that a database of a kind (``portal``, ``messaging``) lacks; how many there were.

    Raises:
        DatabaseUnavailableError: it does not answer; no step is left half done.
    """
    return database.write(lambda connection: forward(connection, kind))


def forward(connection: Connection, kind: str) -> int:
    """Apply what is missing, inside a transaction."""
    connection.execute("select pg_advisory_xact_lock(%s)", (LOCK,))
    connection.execute(
        "create table if not exists schema_step (name text primary key, at timestamptz not null)"
    )
    done = {row["name"] for row in connection.execute("select name from schema_step")}
    missing = [path for path in sorted(STEPS.glob(f"{kind}-*.sql")) if path.stem not in done]
    for path in missing:
        connection.execute(path.read_bytes())
        connection.execute("insert into schema_step (name, at) values (%s, now())", (path.stem,))
    return len(missing)


def main() -> int:
    """The command line; the exit status."""
    try:
        settings = Settings.from_environ(os.environ)
        for kind, url in (("portal", settings.database_url), ("messaging", settings.messaging_url)):
            if url:
                database = Database(url, name=kind, size=1)
                print(f"{kind}: {ensure(database, kind)} steps applied")
                database.close()
    except (SettingsError, DatabaseUnavailableError) as error:
        print(f"portal.schema: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
