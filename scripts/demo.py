#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in the lab, from published traffic to portals that answer: `make demo`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "collections")]

from rich.console import Console  # noqa: E402 - the project's own folders come first on the path

from scripts.cli import demo_report as report  # noqa: E402
from scripts.cli.main import report as report_failures  # noqa: E402
from scripts.cli.run import Request, run_playbook  # noqa: E402

INVENTORY = ROOT / "inventories/lab"
PLAN = INVENTORY / "group_vars/all/fleet.yml"


def main() -> int:
    """Run the demo; the exit status."""
    argparse.ArgumentParser(
        description="Start the lab, then plan, provision, configure and verify the whole platform in it.",
        epilog="A second run changes nothing and sends no write. `make lab-down` ends the lab.",
    ).parse_args()
    console = Console()
    started = time.monotonic()

    lab = subprocess.run([sys.executable, str(ROOT / "scripts/lab.py"), "up"], check=False)
    if lab.returncode:
        return lab.returncode
    report.reset_counters()
    # Nobody can be disturbed on the first day: no canary, no waves.
    first = [] if report.somebody_is_served(PLAN) else ['{"renfort_waves": ["100%"]}']
    outcome = run_playbook(Request(playbook="surge", inventory=INVENTORY, extra_vars=first), console)
    if outcome.exit_code:
        report_failures(outcome, console)
    else:
        report.show(PLAN, outcome, console, seconds=time.monotonic() - started)
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main())
