# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's Runtime API: which servers it knows, how they are, and who gets requests."""

from __future__ import annotations

import csv
import re
import socket
from dataclasses import dataclass

from .core.errors import RenfortError

ANSWER_SECONDS = 10.0
"""How long HAProxy may take to answer a command."""

DRAINED = 0x08
"""The bit of a server's administrative state for: no new requests, on somebody's word."""

RUNNING = frozenset({1, 2})
"""Operational states in which a server gets requests: 1 while its share grows, 2 with all of it."""

NAME = re.compile(r"[A-Za-z0-9_.:-]+")


class HaproxyError(RenfortError):
    """HAProxy could not be asked, or refused a command."""


class NoHaproxyError(HaproxyError):
    """There is no HAProxy behind the socket, so that nobody is served through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server of a backend: its states as HAProxy numbers them, and the sessions that it is at."""

    backend: str
    name: str
    admin: int
    operational: int
    sessions: int

    @property
    def path(self) -> str:
        """How commands name it."""
        return f"{self.backend}/{self.name}"

    @property
    def usable(self) -> bool:
        """Whether it gets new requests."""
        return self.admin == 0 and self.operational in RUNNING

    @property
    def state(self) -> str:
        """Its state in words."""
        if self.admin & DRAINED:
            return "drained"
        if self.admin:
            return "in maintenance"
        return {0: "down", 1: "up", 2: "up", 3: "stopping"}.get(self.operational, "unknown")


class RuntimeApi:
    """Commands to one HAProxy through its socket, each over a connection of its own."""

    def __init__(self, path: str) -> None:
        self._path = path

    def servers(self) -> list[Server]:
        """Return every server of every backend.

        Raises:
            NoHaproxyError: no HAProxy listens there.
            HaproxyError: it did not answer, or not as HAProxy does.
        """
        sessions = _sessions(self.ask("show stat -1 4 -1"))
        found = []
        for line in self.ask("show servers state").splitlines():
            columns = line.split()
            if len(columns) < 7 or not columns[0].isdecimal():
                continue
            key = columns[1], columns[3]
            found.append(
                Server(
                    backend=key[0],
                    name=key[1],
                    operational=int(columns[5]),
                    admin=int(columns[6]),
                    sessions=sessions.get(key, 0),
                )
            )
        return found

    def drain(self, server: Server) -> None:
        """Send a server no new requests; those that it is at may end.

        Raises:
            HaproxyError: HAProxy refused.
        """
        self._set(server, "drain")

    def ready(self, server: Server) -> None:
        """Let a server have requests again, as far as its health checks say.

        Raises:
            HaproxyError: HAProxy refused.
        """
        self._set(server, "ready")

    def _set(self, server: Server, state: str) -> None:
        if not (NAME.fullmatch(server.backend) and NAME.fullmatch(server.name)):
            raise HaproxyError(f"HAProxy names a server {server.path!r}, which no command can name.")
        answer = self.ask(f"set server {server.path} state {state}").strip()
        if answer:
            raise HaproxyError(f"HAProxy refused to set {server.path} to {state}: {answer}")

    def ask(self, command: str) -> str:
        """Send a command and return the whole answer.

        Raises:
            NoHaproxyError: no HAProxy listens there.
            HaproxyError: it did not answer.
        """
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(ANSWER_SECONDS)
                connection.connect(self._path)
                connection.sendall(f"{command}\n".encode())
                return b"".join(iter(lambda: connection.recv(65536), b"")).decode("utf-8", "replace")
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoHaproxyError(f"No HAProxy listens on {self._path}.") from error
        except OSError as error:
            raise HaproxyError(
                f"HAProxy on {self._path} did not answer {command!r}: {error}.",
                hint="Look at `systemctl status haproxy` there, and at the rights of the socket.",
            ) from error


def _sessions(table: str) -> dict[tuple[str, str], int]:
    """Backend and server → requests that it is at or that wait for it."""
    rows = csv.DictReader(table.lstrip("# ").splitlines())
    return {
        (row["pxname"], row["svname"]): int(row["scur"] or 0) + int(row["qcur"] or 0)
        for row in rows
        if row.get("svname")
    }
