# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine more in every tier while people are signed in: what they see of it.

The platform of the lab is brought up if it is not; then locust's people sign in and stay, the plan is made
with one more machine in each tier, provisioned, configured and verified;
what failed for the people is counted.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.drills.figures import Figure, show
from tests.load import accounts, report

ROOT = Path(__file__).resolve().parents[2]
INVENTORY = ROOT / "inventories/lab/group_vars/all"
WAVES = '{"renfort_waves_of": {"base": [1, "100%"]}}'
"""The base interrupts nobody: after one machine, all the others. The tiers have their usual waves."""

INPUTS = ("tenants.yml", "stock.yml", "networks.yml")
"""What the planner reads beside the capacity model."""

SETTLE_S = 20
"""Time under load before and after the surge, so that it has something to be compared with."""


def main() -> int:
    """Run the drill; 1 when a target is missed."""
    options = arguments()
    if not options.running:
        subprocess.run([sys.executable, "scripts/demo.py"], cwd=ROOT, check=True)
    before = planned()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inputs = f"renfort_inputs_dir={larger_inputs(folder / 'inputs')}"
        with people(folder, options.people):
            time.sleep(SETTLE_S)
            started = time.monotonic()
            surge = subprocess.run(
                ["scripts/renfort", "run", "surge", "-e", inputs, "-e", WAVES], cwd=ROOT, check=False
            )
            took = time.monotonic() - started
            time.sleep(SETTLE_S)
        seen = report.read(folder / "people")
    added = {tier: count - before.get(tier, 0) for tier, count in planned().items()}
    print("Machines added: " + ", ".join(f"{tier} {count}" for tier, count in added.items()))
    print(seen.table())
    return show(
        "drill-surge",
        [
            Figure(key="surge_exit_status", value=surge.returncode, target="= 0"),
            Figure(
                key="tiers_that_grew",
                value=sum(1 for n in added.values() if n > 0),
                target=f"= {len(before)}",
            ),
            Figure(key="surge_s", value=took),
            Figure(key="signed_in_people", value=options.people),
            Figure(key="requests", value=seen.total.requests, target="≥ 1000"),
            Figure(key="failed_requests", value=seen.total.failed, target="= 0"),
            Figure(key="median_ms", value=seen.total.median_ms),
            Figure(key="p99_ms", value=seen.total.p99_ms),
        ],
    )


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.drills.surge", description=__doc__)
    parser.add_argument("--people", type=int, default=20, help="how many people are signed in (default: 20)")
    parser.add_argument("--running", action="store_true", help="the lab is verified already: do not look")
    return parser.parse_args()


def load(name: str) -> Any:
    """A file of the lab's variables for all machines."""
    return yaml.safe_load((INVENTORY / name).read_text(encoding="utf-8"))


def planned() -> dict[str, int]:
    """Tiers of the lab's plan to the number of their machines."""
    counts: dict[str, int] = {}
    for machine in load("fleet.yml")["renfort_fleet"]["machines"]:
        counts[machine["tier"]] = counts.get(machine["tier"], 0) + 1
    return counts


def larger_inputs(folder: Path) -> Path:
    """The files that people edit, with one machine more in each tier."""
    folder.mkdir()
    for name in INPUTS:
        shutil.copy(INVENTORY / name, folder)
    text = yaml.safe_dump(one_more(load("capacity.yml")), allow_unicode=True)
    (folder / "capacity.yml").write_text(text, encoding="utf-8")
    return folder


def one_more(capacity: Mapping[str, Any]) -> dict[str, Any]:
    """The capacity model with one more spare machine in each tier."""
    tiers = capacity["renfort_capacity"]["tiers"]
    grown = {name: {**tier, "spare": tier.get("spare", 0) + 1} for name, tier in tiers.items()}
    return {"renfort_capacity": {**capacity["renfort_capacity"], "tiers": grown}}


@contextmanager
def people(folder: Path, count: int) -> Iterator[None]:
    """Have people use the portals until the block ends; their figures are then in the folder."""
    command = [
        str(Path(sys.executable).with_name("locust")),
        "-f",
        str(ROOT / "tests/load/people.py"),
        "--headless",
        "--users",
        str(count),
        "--spawn-rate",
        "2",
        "--stop-timeout",
        "15",
        "--csv",
        str(folder / "people"),
        "--csv-full-history",
        "--only-summary",
    ]
    log = (folder / "locust.log").open("w")
    process = subprocess.Popen(
        command,
        env={**os.environ, **accounts.environment()},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        log.close()


if __name__ == "__main__":
    sys.exit(main())
