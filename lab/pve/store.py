# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's memory: tables of rows, written through to one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class Table(MutableMapping[str, Row]):
    """Rows by key, kept in the order of their first assignment.

    A row that was changed in place must be assigned again: only assignment and deletion are written.
    """

    def __init__(self, name: str, connection: sqlite3.Connection) -> None:
        self._name = name
        self._connection = connection
        found = connection.execute("SELECT key, value FROM rows WHERE name = ? ORDER BY rowid", (name,))
        self._rows: dict[str, Row] = {key: json.loads(value) for key, value in found}

    def __getitem__(self, key: str) -> Row:
        return self._rows[key]

    def __setitem__(self, key: str, row: Row) -> None:
        self._connection.execute(
            "INSERT INTO rows (name, key, value) VALUES (?, ?, ?)"
            " ON CONFLICT (name, key) DO UPDATE SET value = excluded.value",
            (self._name, key, json.dumps(row)),
        )
        self._rows[key] = row

    def __delitem__(self, key: str) -> None:
        del self._rows[key]
        self._connection.execute("DELETE FROM rows WHERE name = ? AND key = ?", (self._name, key))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


class Store:
    """All tables of one cluster; each write has reached the operating system when it returns.

    A kill of the process loses nothing; a power cut of the host may lose the last moments.
    """

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute(
            "CREATE TABLE IF NOT EXISTS rows (name TEXT, key TEXT, value TEXT, UNIQUE (name, key))"
        )
        self._tables: dict[str, Table] = {}

    def table(self, name: str) -> Table:
        """The table of that name; it exists as soon as it is asked for."""
        if name not in self._tables:
            self._tables[name] = Table(name, self._connection)
        return self._tables[name]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
