# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database cluster of its scenario, as drills write to it and ask how it is."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.drills.scenario import SCENARIOS, Machines

CLIENT = "database-client"
"""The machine with the load balancer, the application and the backups."""

NAMES = ("database-1", "database-2", "database-3")
AUTHORITY = "/etc/renfort/tls/ca.crt"
WRITER = "/usr/local/lib/renfort-test/writer.py"
WAIT = 180.0
"""Seconds that the cluster may take to be whole."""


class Database:
    """The cluster behind the load balancer of the client machine."""

    def __init__(self, machines: Machines) -> None:
        self.machines = machines
        password = (inventory().parent / "secrets/eure").read_text(encoding="utf-8").strip()
        address = machines.address(CLIENT)
        self.dsn = (
            f"host={address} port=5432 user=eure_portal dbname=eure_portal password={password} "
            f"sslmode=verify-full sslrootcert={AUTHORITY} connect_timeout=3 tcp_user_timeout=5000"
        )
        program = (SCENARIOS / "database/files/writer.py").read_text(encoding="utf-8")
        machines.run(CLIENT, "sh", "-c", 'printf %s "$1" > "$2"', "sh", program, WRITER)

    def sql(self, statement: str) -> str:
        """What a statement of the application answers."""
        command = ["psql", "--no-psqlrc", "-At", "-v", "ON_ERROR_STOP=1", "-c", statement, self.dsn]
        return self.machines.run(CLIENT, *command).stdout.strip()

    def writer(self, seconds: float, writers: int) -> subprocess.Popen[str]:
        """Begin to write; its output is what was acknowledged."""
        return self.machines.start_in(CLIENT, "python3", WRITER, self.dsn, str(seconds), str(writers))

    def members(self) -> list[dict[str, Any]]:
        """The members as Patroni lists them; none when nobody answers."""
        for name in NAMES:
            url = f"https://{self.machines.address(name)}:8008/cluster"
            command = ["curl", "--silent", "--max-time", "3", "--cacert", AUTHORITY, url]
            done = self.machines.run(CLIENT, *command, check=False)
            if done.returncode == 0:
                rows: list[dict[str, Any]] = json.loads(done.stdout)["members"]
                return rows
        return []

    def leader(self) -> str:
        """The machine that leads."""
        return next(str(row["name"]) for row in self.members() if row["role"] == "leader")

    def wait_until_whole(self) -> None:
        """Until a leader is followed by two replicas that are not behind, one of them synchronous."""
        _until(self._whole, f"the cluster is not whole: {self.members()}")

    def wait_until_writable(self) -> None:
        """Until the application can write."""
        _until(self._writable, "the application cannot write")

    def _whole(self) -> bool:
        rows = self.members()
        roles = sorted(str(row["role"]) for row in rows if row["state"] in {"running", "streaming"})
        return roles == ["leader", "replica", "sync_standby"] and all(row.get("lag", 0) == 0 for row in rows)

    def _writable(self) -> bool:
        try:
            self.sql("CREATE TABLE IF NOT EXISTS writable (number int); DROP TABLE writable")
        except subprocess.CalledProcessError:
            return False
        return True


def inventory() -> Path:
    """The inventory that Molecule wrote for the scenario; the passwords made for it are beside."""
    found = sorted(
        (Path.home() / ".ansible/tmp").glob("molecule.*.database/inventory"),
        key=lambda path: path.stat().st_mtime,
    )
    if not found:
        raise SystemExit("Molecule's inventory of the scenario database is nowhere under ~/.ansible/tmp")
    return found[-1]


def _until(condition: Callable[[], bool], otherwise: str) -> None:
    limit = time.monotonic() + WAIT
    while not condition():
        if time.monotonic() > limit:
            raise SystemExit(f"{otherwise} after {WAIT:.0f} s")
        time.sleep(0.5)
