# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""`lab.py status`, `logs`, `shell`: what runs in the lab, and a way into it."""

from __future__ import annotations

import asyncio
import os

from rich.console import Console
from rich.table import Table

from .. import network
from ..errors import LabError
from ..guests.podman import PREFIX
from ..paths import PODMAN
from ..podman import Podman
from . import emulator
from .api import Api, admin
from .state import State


def show_status(state: State, console: Console) -> bool:
    """Print what runs; whether the emulator does."""
    pid = emulator.running_pid(state)
    links = asyncio.run(network.leftovers())
    if not pid:
        console.print("The lab does not run. Start it with `scripts/lab.py up`.")
        for link in links:
            console.print(f"  still there: {link}")
        return False
    counters = admin("GET", "/counters")
    console.print(
        f"emulator: pid {pid}, https://127.0.0.1:8006, {counters['reads']} reads, {counters['writes']} writes"
    )
    console.print(f"networks: {', '.join(link for link in links if '-vmbr' in link) or 'none'}")
    table = Table("vmid", "name", "node", "status", "tags")
    for row in guests(state):
        table.add_row(str(row["vmid"]), row.get("name", ""), row["node"], row["status"], row.get("tags", ""))
    console.print(table)
    return True


def guests(state: State) -> list[dict[str, str]]:
    """Every guest as the cluster lists it, templates included, by vmid."""
    if not state.token.exists():
        return []
    api = Api(state)
    rows: list[dict[str, str]] = api.call("GET", "/cluster/resources", type="vm")
    return sorted(rows, key=lambda row: row["vmid"])


def container_of(state: State, wanted: str) -> str:
    """The container of a guest given by name or vmid.

    Raises:
        LabError: no such guest runs.
    """
    vmids = {row.get("name", ""): str(row["vmid"]) for row in guests(state)} if not wanted.isdigit() else {}
    name = f"{PREFIX}{vmids.get(wanted, wanted)}"
    running = asyncio.run(Podman().containers(PREFIX, running=True))
    if name not in running:
        known = ", ".join(sorted(container.removeprefix(PREFIX) for container in running)) or "none"
        raise LabError(f"No guest {wanted} runs in the lab.", hint=f"These vmids run: {known}.")
    return name


def open_shell(state: State, guest: str, command: list[str]) -> None:
    """Become a shell (or a command) inside a guest; does not return."""
    terminal = ["--interactive", "--tty"] if os.isatty(0) else ["--interactive"]
    argv = [str(PODMAN), "exec", *terminal, container_of(state, guest), *(command or ["/bin/bash"])]
    os.execv(argv[0], argv)


def show_logs(state: State, *, guest: str, follow: bool, lines: int) -> None:
    """Become the reader of the emulator's log, or of a guest's journal; does not return."""
    if guest:
        journal = ["journalctl", "--no-pager", f"--lines={lines}", *(["--follow"] if follow else [])]
        argv = [str(PODMAN), "exec", container_of(state, guest), *journal]
    else:
        if not state.log.exists():
            raise LabError(f"There is no log at {state.log}.", hint="The lab has not been started yet.")
        argv = ["tail", f"--lines={lines}", *(["--follow"] if follow else []), str(state.log)]
    os.execvp(argv[0], argv)
