# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections to one database: few, shared, given up quickly, found again by themselves.

A pooler in transaction mode may stand in between: nothing is kept in a session, nothing is prepared.
"""

from __future__ import annotations

import atexit
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

T = TypeVar("T")
Connection = psycopg.Connection[DictRow]

WAIT_SECONDS = 2.0
"""How long a request waits for a connection."""

REST_SECONDS = 1.0
"""After a failure nobody tries for so long: a dead database must not cost every request its wait."""

CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "prepare_threshold": None,
    "row_factory": dict_row,
    "connect_timeout": 2,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
"""A peer that vanished without a word is noticed after some five seconds."""


class DatabaseUnavailableError(Exception):
    """The database does not answer, or cannot write at present."""


class Database:
    """One database behind a bounded pool.

    The pool is smaller than the number of threads: requests that hang on the database leave some for
    pages that need none.
    """

    def __init__(self, url: str, *, name: str, size: int = 6) -> None:
        """Take the address, which is a secret."""
        self.name = name
        self._size = size
        self.failed: Callable[[str], None] | None = None
        self._rests_until = 0.0
        # Attempts to connect back off; giving one up after three seconds starts them anew.
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            url,
            kwargs=CONNECTION,
            connection_class=psycopg.Connection,
            min_size=1,
            max_size=size,
            timeout=WAIT_SECONDS,
            max_idle=120,
            max_lifetime=900,
            reconnect_timeout=3,
            num_workers=2,
            name=name,
            open=False,
        )

    def read(self, work: Callable[[Connection], T]) -> T:
        """Do some reading, each statement for itself.

        Raises:
            DatabaseUnavailableError: no answer; what was read is lost, nothing else.
        """
        return self._attempt(work)

    def write(self, work: Callable[[Connection], T]) -> T:
        """Do all of something or nothing, in one transaction. It may be tried twice: no other effects.

        Raises:
            DatabaseUnavailableError: nothing was done or, when the connection broke while committing, perhaps
                all of it: what must not be done twice carries a key of its own.
        """
        return self._attempt(lambda connection: in_transaction(connection, work))

    def close(self) -> None:
        """Give the connections back."""
        self._pool.close(timeout=1)

    def _open(self) -> None:
        """Begin to connect, in the process that asks: a pool does not survive a fork."""
        if self._pool.closed:
            self._pool.open()
            # At the interpreter's own end it is too late to stop the pool's threads: each is waited for 5 s.
            atexit.register(self.close)

    def _attempt(self, work: Callable[[Connection], T]) -> T:
        if time.monotonic() < self._rests_until:
            raise DatabaseUnavailableError(f"The database {self.name} did not answer a moment ago.")
        try:
            self._open()
            # After a failover each kept connection may be dead, which shows at once.
            for _ in range(self._size):
                try:
                    return self._once(work)
                except StaleConnectionError:
                    continue
            return self._once(work)
        except (psycopg.OperationalError, PoolTimeout, StaleConnectionError) as error:
            self._rests_until = time.monotonic() + REST_SECONDS
            if self.failed:
                self.failed(self.name)
            raise DatabaseUnavailableError(
                f"The database {self.name} does not answer: {first_line(error)}"
            ) from error

    def _once(self, work: Callable[[Connection], T]) -> T:
        with self._pool.connection() as connection:
            try:
                return work(connection)
            except CommitUncertainError as error:
                raise psycopg.OperationalError(first_line(error)) from error
            except errors.ReadOnlySqlTransaction as error:
                # A former leader: the next connection leads to the present one.
                connection.close()
                raise StaleConnectionError(first_line(error)) from error
            except psycopg.OperationalError as error:
                if connection.closed or isinstance(error, errors.AdminShutdown):
                    connection.close()
                    raise StaleConnectionError(first_line(error)) from error
                raise


class StaleConnectionError(Exception):
    """A kept connection turned out to be dead before anything was committed."""


class CommitUncertainError(Exception):
    """The connection broke while a transaction was being committed."""


# Debian 12 has a Python without type parameters.
def in_transaction(connection: Connection, work: Callable[[Connection], T]) -> T:  # noqa: UP047
    """Run work between BEGIN and COMMIT.

    Raises:
        CommitUncertainError: whether the server has committed cannot be known.
    """
    connection.execute("begin")
    try:
        result = work(connection)
    except BaseException:
        if not connection.closed:
            connection.execute("rollback")
        raise
    try:
        connection.execute("commit")
    except psycopg.OperationalError as error:
        raise CommitUncertainError(first_line(error)) from error
    return result


def first_line(error: BaseException) -> str:
    """What an error says, without the lines of context that may quote a statement."""
    return (str(error).splitlines() or [type(error).__name__])[0]
