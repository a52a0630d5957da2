# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers as a process in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import LabError
from ..paths import HERE

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
    def log(self) -> Path:
        """What it says."""
        return self.folder / "mail.log"

    @property
    def pid_file(self) -> Path:
        """The number of its process."""
        return self.folder / "mail.pid"

    @property
    def argv(self) -> list[str]:
        """The command that runs it."""
        ports = ["--port", str(self.port), "--http-port", str(self.http_port)]
        own = ["--listen", self.address, "--state", str(self.folder), *ports]
        return [sys.executable, "-m", MODULE, *own, *self.options]


def running_pid(sink: Sink) -> int:
    """Its pid; 0 when it does not run, whatever the pid file says."""
    try:
        pid = int(sink.pid_file.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return 0
    return pid if MODULE.encode() in words and str(sink.folder).encode() in words else 0


def start(sink: Sink) -> bool:
    """Start it unless it runs, and wait until it answers; whether it was started.

    Raises:
        LabError: it ends at once, for instance because a port is taken, or stays silent.
    """
    if running_pid(sink):
        return False
    sink.folder.mkdir(parents=True, exist_ok=True)
    with sink.log.open("ab") as log:
        process = subprocess.Popen(
            sink.argv,
            cwd=HERE.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    sink.pid_file.write_text(str(process.pid))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LabError(f"The mail sink ended at once: {_last_words(sink)}", hint=f"See {sink.log}.")
        if _answers(sink):
            return True
        time.sleep(0.1)
    raise LabError(f"The mail sink does not answer after {START_SECONDS:.0f} s.", hint=f"See {sink.log}.")


def stop(sink: Sink) -> bool:
    """End it; whether it ran."""
    pid = running_pid(sink)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while running_pid(sink):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(0.05)
    sink.pid_file.unlink(missing_ok=True)
    return bool(pid)


def _answers(sink: Sink) -> bool:
    try:
        with urllib.request.urlopen(f"{sink.url}/healthz", timeout=2) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, TimeoutError, ConnectionError):
        return False


def _last_words(sink: Sink) -> str:
    lines: Sequence[str] = sink.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
