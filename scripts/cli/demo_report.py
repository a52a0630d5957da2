# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of the demo: what was done, in a table, and what to try."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan
from ansible_collections.ent.renfort.plugins.module_utils.portal_probe import ask

from .outcome import Outcome

ADMIN = "http://127.0.0.1:8007"
"""The administrative port of the lab's emulator."""

REQUESTS_A_MACHINE = 2
"""How often the report asks a portal, for each of its machines."""


def reset_counters() -> None:
    """Make the emulator count its calls from zero."""
    urllib.request.urlopen(
        urllib.request.Request(f"{ADMIN}/counters/reset", method="POST"), timeout=5
    ).close()


def counters() -> Mapping[str, Any]:
    """The emulator's calls since the last reset: `reads`, `writes`, `by_call`."""
    with urllib.request.urlopen(f"{ADMIN}/counters", timeout=5) as answer:
        result: Mapping[str, Any] = json.load(answer)
    return result


def show(plan_file: Path, outcome: Outcome, console: Console, *, seconds: float) -> None:
    """Print the machines, the portals and the figures of the run."""
    plan = load_plan(plan_file)
    console.print(machine_table(plan))
    console.print(portal_table(plan, plan_file.parent / "tenants.yml"))
    calls = counters()
    console.print(
        f"{outcome.changes} changed, {calls['writes']} writes and {calls['reads']} reads sent to the cluster,"
        f" {seconds:.0f} s in all. Leave the lab with `make lab-down`.",
        highlight=False,
        soft_wrap=True,
    )


def machine_table(plan: Plan) -> Table:
    """One row a planned machine, with the reason for it."""
    table = Table(title="The plan, in service")
    for title in ("machine", "tier", "tenant", "hypervisor", "address", "reason"):
        table.add_column(title, overflow="fold")
    for machine in plan.machines:
        table.add_row(
            machine.name,
            machine.tier,
            machine.tenant or "all",
            machine.hypervisor,
            machine.ip,
            machine.reason,
        )
    return table


def portal_table(plan: Plan, tenants_file: Path) -> Table:
    """One row a portal: which machines answer behind it, and the command to try."""
    table = Table(title="The portals, asked just now")
    for title in ("portal", "answers from", "try"):
        table.add_column(title, overflow="fold")
    balancer = next(machine.ip for machine in plan.machines if machine.tier == "haproxy")
    tenants = yaml.safe_load(tenants_file.read_text())["renfort_tenants"]
    for name, tenant in sorted(tenants.items()):
        portal = tenant["portals"][0]
        expected = sum(machine.tier == "web" and machine.tenant == name for machine in plan.machines)
        answers = [
            ask(balancer, port=80, portal=portal, path="/", timeout_s=5)
            for _ in range(REQUESTS_A_MACHINE * expected)
        ]
        seen = sorted({answer.machine for answer in answers if answer.good})
        table.add_row(
            portal,
            f"{len(seen)} of {expected}: {', '.join(seen)}",
            f"curl -H 'Host: {portal}' http://{balancer}/",
        )
    return table
