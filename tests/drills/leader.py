# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leader of a database cluster dies under writes, then a planned change of leader: `make drill-leader`.

Writers with several connections commit numbered rows through the load balancer and PgBouncer. What was
acknowledged must be there afterwards.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.drills.database import Database
from tests.drills.figures import Figure, show
from tests.drills.scenario import scenario

WRITERS = 6
SECONDS = 90
HARM_AFTER = 10.0
"""Seconds of writing before the harm."""


def longest_gap(times: Iterable[float]) -> float:
    """The longest time between two acknowledged commits, s."""
    ordered = sorted(times)
    return max((later - earlier for earlier, later in itertools.pairwise(ordered)), default=0.0)


def main() -> int:
    """Run the drill; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the machines to look at them")
    options = parser.parse_args()
    with scenario("database", keep=options.keep) as machines:
        database = Database(machines)
        database.wait_until_whole()
        killed, back = kill_the_leader(database)
        database.wait_until_whole()
        planned = under_writes(database, "planned", lambda: switch(database), seconds=45)
    return show(
        "drill-leader",
        [
            Figure(key="leader_killed_interruption_s", value=killed["gap"], target="≤ 30"),
            Figure(key="leader_killed_lost_transactions", value=killed["lost"], target="= 0"),
            Figure(
                key="leader_killed_acknowledged_transactions", value=killed["acknowledged"], target="> 100"
            ),
            Figure(key="leader_killed_failed_attempts", value=killed["failed"]),
            Figure(key="former_leader_follows_again_after_boot_s", value=back, target="≤ 120"),
            Figure(key="planned_interruption_s", value=planned["gap"], target="≤ 10"),
            Figure(key="planned_lost_transactions", value=planned["lost"], target="= 0"),
            Figure(key="planned_acknowledged_transactions", value=planned["acknowledged"], target="> 100"),
        ],
    )


def under_writes(
    database: Database, name: str, harm: Callable[[], object], *, seconds: float = SECONDS
) -> dict[str, float]:
    """Do harm while writers write; what they saw, and how many acknowledged rows are missing."""
    database.sql("DROP TABLE IF EXISTS drill; CREATE TABLE drill (number bigint PRIMARY KEY)")
    writer = database.writer(seconds, WRITERS)
    time.sleep(HARM_AFTER)
    harm()
    told: dict[str, Any] = json.loads(writer.communicate()[0])
    database.wait_until_writable()
    kept = {int(number) for number in database.sql("SELECT number FROM drill").split()}
    acknowledged = {number for number, _ in told["acknowledged"]}
    reasons = sorted({reason for _, reason in told["failures"]})
    print(f"{name}: writers were told {reasons}", file=sys.stderr)
    return {
        "gap": longest_gap(moment for _, moment in told["acknowledged"]),
        "lost": len(acknowledged - kept),
        "acknowledged": len(acknowledged),
        "failed": len(told["failures"]),
    }


def kill_the_leader(database: Database) -> tuple[dict[str, float], float]:
    """Cut the leader's power under writes; what was seen, and the seconds until it follows after its boot."""
    leader = database.leader()
    seen = under_writes(database, "killed", lambda: database.machines.cut_the_power(leader))
    begin = time.monotonic()
    database.machines.switch_on(leader)
    database.wait_until_whole()
    return seen, time.monotonic() - begin


def switch(database: Database) -> None:
    """Have the synchronous replica lead, as planned."""
    leader = database.leader()
    candidate = next(row["name"] for row in database.members() if row["role"] == "sync_standby")
    command = ["patronictl", "-c", "/etc/patroni/config.yml", "switchover", "--force"]
    database.machines.run(leader, *command, "--leader", leader, "--candidate", candidate)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(error.stdout, error.stderr, file=sys.stderr)
        raise
