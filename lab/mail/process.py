# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers as a process in the background."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from ..daemon import Daemon

MODULE = "lab.mail"
START_SECONDS = 15.0
STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """Where it listens, and the folder of its messages, its log and its pid."""

    folder: Path
    address: str
    port: int = 25
    http_port: int = 8025
    options: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """Where it tells what arrived."""
        return f"http://{self.address}:{self.http_port}"

    @property
    def argv(self) -> tuple[str, ...]:
        """The command that runs it."""
        ports = ("--port", str(self.port), "--http-port", str(self.http_port))
        own = ("--listen", self.address, "--state", str(self.folder), *ports)
        return (sys.executable, "-m", MODULE, *own, *self.options)

    @property
    def daemon(self) -> Daemon:
        """It as a program in the background."""
        return Daemon(
            name="The mail sink",
            argv=self.argv,
            marks=(MODULE, str(self.folder)),
            pid_file=self.folder / "mail.pid",
            log=self.folder / "mail.log",
            answers=self._answers,
            start_s=START_SECONDS,
            stop_s=STOP_SECONDS,
        )

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            return False


def start(sink: Sink) -> bool:
    """Start it unless it runs, and wait until it answers; whether it was started.

    Raises:
        LabError: it ends at once, for instance because a port is taken, or stays silent.
    """
    sink.folder.mkdir(parents=True, exist_ok=True)
    return sink.daemon.start()


def stop(sink: Sink) -> bool:
    """End it; whether it ran."""
    return sink.daemon.stop()
