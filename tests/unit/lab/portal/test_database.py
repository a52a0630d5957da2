# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of work whose connection breaks: done again, not done, or not known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg_pool import PoolTimeout

from lab.portal.portal import database
from lab.portal.portal.database import Database, DatabaseUnavailableError


class Connection:
    """Breaks when it is to execute a statement that is named."""

    def __init__(self, broken: str = "", error: type[Exception] = psycopg.OperationalError) -> None:
        self.broken, self.error = broken, error
        self.closed = False
        self.said: list[str] = []

    def execute(self, statement: str) -> None:
        self.said.append(statement)
        if statement == self.broken:
            self.closed = self.error is psycopg.OperationalError
            raise self.error("server closed the connection\nand said more")

    def close(self) -> None:
        self.closed = True


class Pool:
    """Hands out connections in turn."""

    def __init__(self, *connections: Connection) -> None:
        self.left = list(connections)
        self.closed = True

    def open(self) -> None:
        self.closed = False

    def close(self, timeout: float) -> None:
        self.closed = True

    @contextmanager
    def connection(self) -> Iterator[Any]:
        if not self.left:
            raise PoolTimeout("couldn't get a connection after 2 sec")
        yield self.left.pop(0)


def with_pool(monkeypatch: pytest.MonkeyPatch, *connections: Connection) -> Database:
    monkeypatch.setattr(database, "ConnectionPool", lambda *args, **options: Pool(*connections))
    return Database("postgresql://x", name="portal")


def insert(connection: Any) -> str:
    connection.execute("insert")
    return "done"


def test_connections_that_were_dead_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of those that were kept over a failover are."""
    last = Connection()
    kept = with_pool(monkeypatch, *(Connection("begin") for _ in range(6)), last)
    assert kept.write(insert) == "done"
    assert last.said == ["begin", "insert", "commit"]


def test_a_former_leader_is_left_for_the_present_one(monkeypatch: pytest.MonkeyPatch) -> None:
    former = Connection("insert", errors.ReadOnlySqlTransaction)
    assert with_pool(monkeypatch, former, Connection()).write(insert) == "done"
    assert former.closed


def test_a_commit_that_broke_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    second = Connection()
    with pytest.raises(DatabaseUnavailableError, match=r"server closed the connection$"):
        with_pool(monkeypatch, Connection("commit"), second).write(insert)
    assert second.said == []


def test_a_mistake_is_no_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    first = Connection("insert", errors.UniqueViolation)
    with pytest.raises(errors.UniqueViolation):
        with_pool(monkeypatch, first, Connection()).write(insert)
    assert first.said[-1] == "rollback"


def test_after_a_failure_nobody_waits_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(database.time, "monotonic", lambda: now[0])
    kept = with_pool(monkeypatch)
    told: list[str] = []
    kept.failed = told.append
    asked: list[int] = []
    work: Callable[[Any], None] = lambda connection: asked.append(1)  # noqa: E731 - it stands for a query
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError):
            kept.read(work)
    assert told == ["portal"]
    now[0] += database.REST_SECONDS
    kept._pool.left.append(Connection())  # type: ignore[attr-defined] - the pool of this test
    kept.read(work)
    assert asked == [1]
