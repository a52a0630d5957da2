# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows are deleted by mistake, and what there was is restored beside the cluster: `make drill-restore`."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time

from tests.drills.database import Database, inventory
from tests.drills.figures import Figure, show
from tests.drills.scenario import ROOT, scenario

ROWS = 20_000
LEFT = 7
"""Rows that the mistake leaves."""

DIRECTORY = "/var/lib/postgresql/restored"


def main() -> int:
    """Run the drill; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the machines to look at them")
    options = parser.parse_args()
    with scenario("database", keep=options.keep) as machines:
        database = Database(machines)
        database.wait_until_whole()
        moment = write_then_delete(database)
        leader = database.leader()
        database.machines.run(leader, *as_postgres("/run/postgresql", "postgres", "SELECT pg_switch_wal()"))
        machine = next(str(row["name"]) for row in database.members() if row["role"] != "leader")
        begin = time.monotonic()
        restore(machine, moment)
        seconds = time.monotonic() - begin
        query = "SELECT count(*) FROM drill WHERE number BETWEEN 1 AND 1000000"
        found = machines.run(machine, *as_postgres(DIRECTORY, "eure_portal", query)).stdout
        untouched = database.sql("SELECT count(*) FROM drill")
    return show(
        "drill-restore",
        [
            Figure(key="restore_s", value=seconds, target="≤ 300"),
            Figure(key="rows_expected", value=ROWS),
            Figure(key="rows_found_in_the_restored_server", value=int(found), target=f"= {ROWS}"),
            Figure(key="rows_of_the_running_cluster", value=int(untouched), target=f"= {LEFT + 1}"),
        ],
    )


def write_then_delete(database: Database) -> str:
    """Write rows, delete most of them and add one; the time between the two, as the server has it."""
    database.sql("DROP TABLE IF EXISTS drill; CREATE TABLE drill (number bigint PRIMARY KEY)")
    database.sql(f"INSERT INTO drill SELECT generate_series(1, {ROWS})")
    time.sleep(2)
    moment = database.sql("SELECT clock_timestamp()")
    time.sleep(2)
    database.sql(f"DELETE FROM drill WHERE number > {LEFT}")
    database.sql("INSERT INTO drill VALUES (999999)")
    return moment


def restore(machine: str, moment: str) -> None:
    """Run the project's playbook."""
    variables = {
        "database_restore_machine": machine,
        "database_restore_target": moment,
        "database_restore_confirm": True,
    }
    playbook = [str(ROOT / "playbooks/database_restore.yml"), "--extra-vars", json.dumps(variables)]
    done = subprocess.run(
        ["ansible-playbook", "--inventory", str(inventory()), *playbook],
        env={
            **os.environ,
            "PATH": os.pathsep.join([str(ROOT / "lab/bin"), f"{sys.prefix}/bin", os.environ["PATH"]]),
            "ANSIBLE_CONFIG": str(inventory().parent / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
            "LC_ALL": "C.UTF-8",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"the restore failed:\n{done.stdout}{done.stderr}")


def as_postgres(socket: str, database: str, query: str) -> list[str]:
    """A command that asks a server of the machine."""
    psql = ["psql", "--no-psqlrc", "-At", "-h", socket, "-d", database, "-c", query]
    return ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", *psql]


if __name__ == "__main__":
    sys.exit(main())
