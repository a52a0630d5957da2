# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program of the lab's own that runs in the background: started, found again, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .errors import LabError
from .paths import HERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """How one is started and known.

    Args:
        name: what messages call it, such as "The emulator".
        argv: its command line.
        marks: words of the command line by which it is told from all other processes.
        pid_file: where the number of its process is kept.
        log: what it says.
        answers: whether it is ready, asked until it is.
        start_s: how long it may take until it answers.
        stop_s: how long it may take to end before it is killed.
    """

    name: str
    argv: tuple[str, ...]
    marks: tuple[str, ...]
    pid_file: Path
    log: Path
    answers: Callable[[], bool]
    start_s: float
    stop_s: float

    def pid(self) -> int:
        """Its pid; 0 when it does not run, whatever the pid file says."""
        try:
            pid = int(self.pid_file.read_text())
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, ValueError):
            return 0
        return pid if {mark.encode() for mark in self.marks} <= set(words) else 0

    def start(self) -> bool:
        """Start it unless it runs, and wait until it answers; whether it was started.

        Raises:
            LabError: it ends at once, for instance because a port is taken, or stays silent.
        """
        if self.pid():
            return False
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.argv,
                cwd=HERE.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.pid_file.write_text(str(process.pid))
        deadline = time.monotonic() + self.start_s
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise self._failure("ended at once")
            if self.answers():
                return True
            time.sleep(0.1)
        raise self._failure(f"does not answer after {self.start_s:.0f} s")

    def stop(self) -> bool:
        """End it, by force when it takes too long; whether it ran."""
        pid = self.pid()
        if pid:
            os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + self.stop_s
            while self.pid():
                if time.monotonic() > deadline:
                    os.kill(pid, signal.SIGKILL)
                    deadline = float("inf")
                time.sleep(0.05)
        self.pid_file.unlink(missing_ok=True)
        return bool(pid)

    def _failure(self, what: str) -> LabError:
        lines = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        last = lines[-1] if lines else "it said nothing"
        return LabError(f"{self.name} {what}: {last}", hint=f"See {self.log}.")
