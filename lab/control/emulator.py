# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a process in the background."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from ..errors import LabError
from .api import ADMIN_PORT, API_PORT, admin
from .state import DATACENTRE, ROOT, State

START_SECONDS = 30.0
STOP_SECONDS = 15.0
MODULE = "lab.pve"


def running_pid(state: State) -> int:
    """The emulator's pid; 0 when it does not run, whatever the pid file says."""
    try:
        pid = int(state.pid_file.read_text())
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError, ValueError):
        return 0
    return pid if MODULE.encode() in words and str(state.database).encode() in words else 0


def start(state: State, *, backend: str = "podman", speed: float = 1.0, bare: bool = False) -> bool:
    """Start the emulator unless it runs, and wait until it answers; whether it was started.

    A ``bare`` one plants neither templates nor pools.

    Raises:
        LabError: a port is taken, or the emulator ends or stays silent.
    """
    if running_pid(state):
        return False
    for port in (API_PORT, ADMIN_PORT):
        _require_free(port)
    command = [
        *(sys.executable, "-m", MODULE, "--state", str(state.database)),
        *("--host", "127.0.0.1", "--port", str(API_PORT), "--admin-port", str(ADMIN_PORT)),
        *("--cert", str(state.certificate), "--key", str(state.key)),
        *("--backend", backend, "--speed", str(speed), "--datacentre", str(DATACENTRE)),
        *("--root-password-file", str(state.root_password)),
        *(["--bare"] if bare else []),
    ]
    with state.log.open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    state.pid_file.write_text(str(process.pid))
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise LabError(f"The emulator ended at once: {_last_words(state)}", hint=f"See {state.log}.")
        try:
            admin("GET", "/health")
            return True
        except LabError:
            time.sleep(0.1)
    raise LabError(
        f"The emulator does not answer after {START_SECONDS:.0f} s: {_last_words(state)}",
        hint=f"See {state.log}.",
    )


def stop(state: State) -> bool:
    """End the emulator; whether it ran."""
    pid = running_pid(state)
    if pid:
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while running_pid(state):
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
                deadline = float("inf")
            time.sleep(0.05)
    state.pid_file.unlink(missing_ok=True)
    return bool(pid)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise LabError(
                f"Port {port} of 127.0.0.1 is taken by another program, and the lab's API needs it.",
                hint=f"`ss -ltnp 'sport = :{port}'` names the program; end it and try again.",
            ) from error


def _last_words(state: State) -> str:
    lines = state.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
