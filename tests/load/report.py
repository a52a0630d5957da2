# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What locust wrote of a load, read for people and for figures."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

AGGREGATED = "Aggregated"
"""locust's name for the row over all requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One kind of request: how many, how many failed, and how long they took."""

    name: str
    requests: int
    failed: int
    median_ms: float
    p99_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One way in which requests failed."""

    name: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """All that the people of a load saw."""

    rows: tuple[Row, ...]
    total: Row
    failures: tuple[Failure, ...]

    def table(self) -> str:
        """The kinds of requests line by line, then the failures."""
        width = max(len(row.name) for row in (*self.rows, self.total))
        lines = [f"{'':<{width}}  requests  failed  median ms  p99 ms  longest ms"]
        lines += [
            f"{row.name:<{width}}  {row.requests:8}  {row.failed:6}  {row.median_ms:9.0f}  {row.p99_ms:6.0f}"
            f"  {row.longest_ms:10.0f}"
            for row in (*self.rows, self.total)
        ]
        lines += [f"failed {each.count} ×: {each.name}: {each.reason}" for each in self.failures]
        return "\n".join(lines)


def read(prefix: Path) -> Seen:
    """The figures of ``--csv PREFIX``.

    Raises:
        FileNotFoundError: locust ended before it wrote any.
        ValueError: its file has no row over all requests.
    """
    rows = [_row(row) for row in _rows(prefix.with_name(f"{prefix.name}_stats.csv"))]
    total = next((row for row in rows if row.name == AGGREGATED), None)
    if total is None:
        raise ValueError(f"{prefix}_stats.csv has no row {AGGREGATED!r}: locust did not end by itself.")
    failures = _rows(prefix.with_name(f"{prefix.name}_failures.csv"))
    return Seen(
        rows=tuple(row for row in rows if row is not total),
        total=total,
        failures=tuple(
            Failure(name=row["Name"], reason=row["Error"], count=int(row["Occurrences"])) for row in failures
        ),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows: Iterable[dict[str, str]] = csv.DictReader(file)
        return list(rows)


def _row(row: dict[str, str]) -> Row:
    return Row(
        name=row["Name"],
        requests=int(row["Request Count"]),
        failed=int(row["Failure Count"]),
        median_ms=_number(row["Median Response Time"]),
        p99_ms=_number(row["99%"]),
        longest_ms=_number(row["Max Response Time"]),
    )


def _number(text: str) -> float:
    """A number; 0 where locust has none, because nothing was asked."""
    return 0.0 if text == "N/A" else float(text)
