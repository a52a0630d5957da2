# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy's Runtime API: one command, one connection, and an answer that says whether it was carried out.

Runs on the managed machine: Python 3.11 is enough, and nothing but the standard library is needed.
"""

from __future__ import annotations

import csv
import re
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .core.errors import RenfortError

SEVERITY = re.compile(r"^\[([0-7])\]: ", re.MULTILINE)
"""What each message begins with when the API is asked to tell how grave it is, as syslog counts."""

ERROR = 3
"""Messages as grave as this, or graver, mean that a command was not carried out."""

FORCED_MAINT, FORCED_DRAIN = 0x01, 0x08
"""Bits of a server's administrative state."""

RUNNING = frozenset({1, 2})
"""Operational states in which a server gets requests: 1 while its share grows, 2 with all of it."""

NAME = re.compile(r"[A-Za-z0-9_.:-]+")
"""What a command can name."""

MAXIMUM = 8 << 20
"""Bytes of an answer; the sessions of a busy machine are never asked for."""


class RuntimeApiError(RenfortError):
    """HAProxy cannot be reached through its socket, or it refuses a command."""


class NoHaproxyError(RuntimeApiError):
    """There is no HAProxy behind the socket, so that nobody is served through it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server of a backend as the process has it; ``sessions`` counts requests and connections under way.

    ``admin`` and ``operational`` are its states as HAProxy numbers them: what people asked of it, how it is.
    """

    backend: str
    name: str
    address: str
    port: int
    status: str
    check: str
    weight: int
    sessions: int
    admin: int
    operational: int

    @property
    def path(self) -> str:
        """What the API calls it."""
        return f"{self.backend}/{self.name}"

    @property
    def state(self) -> str:
        """What people asked of it, whatever its checks say: ready, drain or maint."""
        if self.admin & FORCED_MAINT:
            return "maint"
        return "drain" if self.admin & FORCED_DRAIN else "ready"

    @property
    def usable(self) -> bool:
        """Whether it gets new requests."""
        return self.admin == 0 and self.operational in RUNNING

    @property
    def condition(self) -> str:
        """Both its states in words."""
        if self.admin & FORCED_DRAIN:
            return "drained"
        if self.admin:
            return "in maintenance"
        return {0: "down", 1: "up", 2: "up", 3: "stopping"}.get(self.operational, "unknown")


class Runtime:
    """The socket of one HAProxy.

    Args:
        path: the socket.
        timeout: seconds for one command.
    """

    def __init__(self, path: str, *, timeout: float = 10.0) -> None:
        self.path = path
        self.timeout = timeout

    def ask(self, command: str, *, payload: str = "") -> str:
        """What HAProxy answers to a command, without the empty lines around it.

        Args:
            command: one line.
            payload: text given with it, such as a certificate; empty lines in it are left out, since the
                first one ends it.

        Raises:
            NoHaproxyError: no HAProxy listens there.
            RuntimeApiError: the socket does not let us in or does not answer in time.
        """
        lines = [f"{command} <<", *filter(str.strip, payload.splitlines()), ""] if payload else [command]
        parts: list[bytes] = []
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(self.timeout)
                connection.connect(self.path)
                connection.sendall("\n".join([*lines, ""]).encode())
                while part := connection.recv(65536):
                    parts.append(part)
                    if sum(map(len, parts)) > MAXIMUM:
                        raise RuntimeApiError(f"HAProxy answers with more than {MAXIMUM} bytes.")
        except (FileNotFoundError, ConnectionRefusedError) as error:
            raise NoHaproxyError(
                f"No HAProxy listens on {self.path}.", hint="Look at `systemctl status haproxy`."
            ) from error
        except OSError as error:
            words = " ".join(command.split()[:2])
            raise RuntimeApiError(
                f"HAProxy could not be asked {words!r} through {self.path}: {error}.",
                hint="Look at `systemctl status haproxy`; the user must be root or in the socket's group.",
            ) from error
        return b"".join(parts).decode(errors="replace").strip()

    def order(self, command: str, *, payload: str = "", experimental: bool = False) -> str:
        """Have HAProxy carry out a command; its answer without the marks of gravity.

        Raises:
            RuntimeApiError: with HAProxy's words when it refuses.
        """
        before = "experimental-mode on; " if experimental else ""
        answer = self.ask(f"{before}set severity-output number; {command}", payload=payload)
        grave = any(int(level) <= ERROR for level in SEVERITY.findall(answer))
        plain = SEVERITY.sub("", answer).strip()
        if grave or "Unknown command" in answer:
            said = " ".join(plain.splitlines()[:3])
            raise RuntimeApiError(f"HAProxy refuses {command!r}: {said}")
        return plain

    def info(self) -> dict[str, str]:
        """Name → value of ``show info``."""
        rows = (line.split(": ", 1) for line in self.ask("show info").splitlines() if ": " in line)
        return dict(rows)

    def variable(self, name: str) -> str:
        """The text of a variable of the process; empty when there is none."""
        match = re.search(r"value=<(.*)>", self.ask(f"get var {name}"))
        return match[1] if match else ""

    def set_variable(self, name: str, value: str) -> None:
        """Give a variable of the process a text of letters and digits."""
        # HAProxy calls the command experimental; the variables themselves are not.
        self.order(f"set var {name} str({value})", experimental=True)

    def servers(self) -> list[Server]:
        """The servers of all backends, in HAProxy's order."""
        text = self.ask("show stat -1 4 -1").removeprefix("# ")
        stats = {(row["pxname"], row["svname"]): row for row in csv.DictReader(text.splitlines())}
        found = []
        for row in _table(self.ask("show servers state")):
            stat = stats.get((row["be_name"], row["srv_name"]), {})
            found.append(
                Server(
                    backend=row["be_name"],
                    name=row["srv_name"],
                    address=row["srv_addr"],
                    port=int(row["srv_port"]),
                    status=stat.get("status", ""),
                    check=stat.get("check_status", ""),
                    weight=int(float(row["srv_uweight"])),
                    sessions=int(stat.get("scur") or 0) + int(stat.get("qcur") or 0),
                    admin=int(row["srv_admin_state"]),
                    operational=int(row["srv_op_state"]),
                )
            )
        return found

    def set_state(self, server: Server, state: str) -> None:
        """Have a server be ``ready``, or ``drain``, or ``maint``.

        Raises:
            RuntimeApiError: HAProxy refuses, or no command can name the server.
        """
        if not (NAME.fullmatch(server.backend) and NAME.fullmatch(server.name)):
            raise RuntimeApiError(f"HAProxy names a server {server.path!r}, which no command can name.")
        self.order(f"set server {server.path} state {state}")

    def map_entries(self, path: str) -> list[tuple[str, str]]:
        """Key and value of each entry of a map, in order."""
        rows = (line.split(None, 2) for line in self.ask(f"show map {path}").splitlines() if line.strip())
        return [(row[1], row[2] if len(row) > 2 else "") for row in rows if row[0].startswith("0x")]

    def certificates(self) -> list[str]:
        """The files of the certificates in memory; those of an unfinished exchange are left out."""
        lines = self.ask("show ssl cert").splitlines()
        return [line for line in lines if line and not line.startswith(("#", "*"))]

    def certificate(self, path: str) -> dict[str, str]:
        """Name → value of what is told of one certificate, such as ``notAfter`` and ``SHA1 FingerPrint``."""
        rows = (line.split(": ", 1) for line in self.ask(f"show ssl cert {path}").splitlines())
        return {row[0]: row[1].strip() for row in rows if len(row) == 2}

    def listed(self, crt_list: str) -> list[str]:
        """The files that a list of certificates names, in order."""
        lines = self.ask(f"show ssl crt-list {crt_list}").splitlines()
        return [line.split()[0] for line in lines if line.strip() and not line.startswith("#")]


def _table(text: str) -> Iterable[dict[str, str]]:
    """The rows of an answer whose second line names the columns."""
    lines = [line for line in text.splitlines() if line.strip()]
    columns = lines[1].removeprefix("# ").split() if len(lines) > 1 else []
    return [dict(zip(columns, line.split(), strict=False)) for line in lines[2:]]


def wait_until(condition: Callable[[], bool], *, seconds: float, pause: float = 0.2) -> bool:
    """Whether a condition becomes true in a time; it is looked at once at least."""
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= limit:
            return False
        time.sleep(pause)
    return True
