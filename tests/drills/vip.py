# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers that share virtual addresses, under steady requests: one joins, one dies.

First a third machine joins the two and takes its share of the addresses: nobody may notice. Then the machine
that holds an address loses its power: how long its clients wait is counted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.drills.figures import Figure, show
from tests.drills.scenario import ROOT, SCENARIOS, Machines, scenario

CLIENT = "keepalived-client"
ADDRESSES = ("10.84.0.37", "10.84.0.38", "10.84.0.39")
LOAD = "/usr/local/lib/renfort-test/steady.py"
CLIENTS = 6
"""For each address; half keep their connection."""

STOP = "/run/stop-load"
LONGEST_S = 900
AFTER_S = 12
"""Time under load after the harm, and the longest that it may take."""


def main() -> int:
    """Run the drill; 1 when a target is missed."""
    options = arguments()
    with scenario("keepalived", keep=options.keep) as machines:
        joined = while_loaded(machines, grow)
        spread = {address: holder(machines, address) for address in ADDRESSES}
        print(f"addresses after a machine joined: {spread}")
        victim = spread[ADDRESSES[0]]
        lost = while_loaded(machines, lambda: machines.cut_the_power(victim))
    tell("a machine joins", joined)
    tell(f"{victim} loses its power", lost)
    moved = [address for address in ADDRESSES if spread[address] == victim]
    others = [address for address in ADDRESSES if address not in moved]
    return show(
        "drill-vip",
        [
            Figure(key="join_requests", value=total(joined, "answered"), target="≥ 1000"),
            Figure(key="join_failed_requests", value=failures(joined), target="= 0"),
            Figure(key="join_connections_cut", value=cut(joined), target="= 0"),
            Figure(key="join_longest_gap_s", value=gap(joined, ADDRESSES)),
            Figure(key="holders_after_join", value=len(set(spread.values())), target="= 3"),
            Figure(key="death_requests", value=total(lost, "answered"), target="≥ 1000"),
            Figure(key="death_failed_requests", value=failures(lost)),
            Figure(key="death_interruption_s", value=gap(lost, moved), target="≤ 5"),
            Figure(key="death_failed_elsewhere", value=failures(lost, others), target="= 0"),
        ],
    )


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.vip", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave the machines, to look at them")
    return parser.parse_args()


def while_loaded(machines: Machines, harm: Callable[[], object]) -> dict[str, Any]:
    """Do something in the third second of a steady load, which goes on after it; what the clients saw."""
    machines.run(CLIENT, "rm", "-f", STOP)
    load = machines.start_in(CLIENT, "python3", LOAD, str(LONGEST_S), str(CLIENTS), *ADDRESSES)
    time.sleep(3)
    harm()
    time.sleep(AFTER_S)
    machines.run(CLIENT, "touch", STOP)
    output, _ = load.communicate(timeout=60)
    seen: dict[str, Any] = json.loads(output)
    return seen


def grow() -> None:
    """Have a third machine join."""
    inventory = Path.home() / ".ansible/tmp"
    found = sorted(inventory.glob("molecule.*.keepalived/inventory"), key=lambda path: path.stat().st_mtime)
    path = os.pathsep.join([str(ROOT / "lab/bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        ["ansible-playbook", "-i", str(found[-1]), str(SCENARIOS / "keepalived/grow.yml")],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise SystemExit(ended.stdout + ended.stderr)


def holder(machines: Machines, address: str) -> str:
    """The machine that has an address on its card; empty when none or several have."""
    having = [
        platform.name
        for platform in machines.platforms
        if address
        in machines.run(platform.name, "ip", "-4", "-o", "addr", "show", "dev", "eth0", "to", address).stdout
    ]
    return having[0] if len(having) == 1 else ""


def total(seen: Mapping[str, Any], key: str) -> int:
    """The sum of a figure over all addresses."""
    return sum(row[key] for row in seen.values())


def failures(seen: Mapping[str, Any], addresses: Sequence[str] = ADDRESSES) -> int:
    """Requests that failed."""
    return sum(len(seen[address]["failed"]) for address in addresses)


def cut(seen: Mapping[str, Any]) -> int:
    """Slow answers that did not come to their end."""
    return sum(row["slow"] != "whole" for row in seen.values())


def gap(seen: Mapping[str, Any], addresses: Sequence[str]) -> float:
    """The longest time in which no client of an address had an answer."""
    return max(float(seen[address]["longest_gap_s"]) for address in addresses)


def tell(title: str, seen: Mapping[str, Any]) -> None:
    """Print what the clients of each address saw."""
    print(title)
    for address, row in seen.items():
        print(f"  {address}: {row['answered']} answered by {row['balancers']}, {len(row['failed'])} failed,")
        print(f"    longest wait {row['longest_gap_s']} s, slow answer {row['slow']}")
        for failure in row["failed"][:3]:
            print(f"    at {failure['at']} s: {failure['problem']}")


if __name__ == "__main__":
    sys.exit(main())
