# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's state: tables of rows in memory, written through to SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Table(MutableMapping[str, Row]):
    """Rows by key, in the order of their insertion.

    A row is written when it is assigned: after changing one in place, assign it again.
    """

    def __init__(self, name: str, connection: sqlite3.Connection) -> None:
        self._name = name
        self._connection = connection
        self._rows: dict[str, Row] = {
            key: json.loads(text)
            for key, text in connection.execute(
                "SELECT key, value FROM row WHERE name = ? ORDER BY rowid", (name,)
            )
        }
        self.version = 0

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def __setitem__(self, key: str, row: Row) -> None:
        self._rows[key] = row
        self.version += 1
        self._connection.execute(
            "INSERT INTO row (name, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
            (self._name, key, json.dumps(row)),
        )

    def __delitem__(self, key: str) -> None:
        del self._rows[key]
        self.version += 1
        self._connection.execute("DELETE FROM row WHERE name = ? AND key = ?", (self._name, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Store:
    """All tables of one emulator; ``path`` None keeps them in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        # A row that was written outlives the process, which is what a crash of the emulator needs;
        # outliving the host's power is not worth a disk flush for every change.
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS row (name TEXT, key TEXT, value TEXT, PRIMARY KEY (name, key))"
        )
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """The table of that name, made when it is first asked for."""
        if name not in self._tables:
            self._tables[name] = Table(name, self._connection)
        return self._tables[name]

    def close(self) -> None:
        """Close the file; the tables must not be written to any more."""
        self._connection.close()
