# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a process in the background."""

from __future__ import annotations

import socket
import sys

from ..daemon import Daemon
from ..errors import LabError
from .api import ADMIN_PORT, API_PORT, admin
from .state import DATACENTRE, State

START_SECONDS = 30.0
STOP_SECONDS = 15.0
MODULE = "lab.pve"


def running_pid(state: State) -> int:
    """The emulator's pid; 0 when it does not run, whatever the pid file says."""
    return _daemon(state).pid()


def start(state: State, *, backend: str = "podman", speed: float = 1.0, bare: bool = False) -> bool:
    """Start the emulator unless it runs, and wait until it answers; whether it was started.

    A ``bare`` one plants neither templates nor pools.

    Raises:
        LabError: a port is taken, or the emulator ends or stays silent.
    """
    options = ("--backend", backend, "--speed", str(speed), *(("--bare",) if bare else ()))
    daemon = _daemon(state, *options)
    if daemon.pid():
        return False
    for port in (API_PORT, ADMIN_PORT):
        _require_free(port)
    return daemon.start()


def stop(state: State) -> bool:
    """End the emulator; whether it ran."""
    return _daemon(state).stop()


def _daemon(state: State, *options: str) -> Daemon:
    return Daemon(
        name="The emulator",
        argv=(
            *(sys.executable, "-m", MODULE, "--state", str(state.database)),
            *("--host", "127.0.0.1", "--port", str(API_PORT), "--admin-port", str(ADMIN_PORT)),
            *("--cert", str(state.certificate), "--key", str(state.key)),
            *("--datacentre", str(DATACENTRE), "--root-password-file", str(state.root_password)),
            *options,
        ),
        marks=(MODULE, str(state.database)),
        pid_file=state.pid_file,
        log=state.log,
        answers=_answers,
        start_s=START_SECONDS,
        stop_s=STOP_SECONDS,
    )


def _answers() -> bool:
    try:
        admin("GET", "/health")
    except LabError:
        return False
    return True


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
