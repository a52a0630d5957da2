# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of the demo: what was done, in a table, and what to try."""

from __future__ import annotations

import json
import ssl
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan
from ansible_collections.ent.renfort.plugins.module_utils.portal_probe import ask, trust
from lab.control.state import State

from .outcome import Outcome
from .run import ROOT

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


def somebody_is_served(plan_file: Path) -> bool:
    """Whether a load balancer of the last plan answers for a portal."""
    if not plan_file.exists():
        return False
    tenants = yaml.safe_load((plan_file.parent / "tenants.yml").read_text())["renfort_tenants"]
    portal = next(iter(tenants.values()))["portals"][0]
    balancers = [it.ip for it in load_plan(plan_file).machines if it.tier == "haproxy"]
    return any(
        ask(ip, port=443, portal=portal, path="/", timeout_s=2, tls=_trusted()).good for ip in balancers
    )


def _trusted() -> ssl.SSLContext:
    """What the certificates of the lab's portals are verified by."""
    return trust(str(State.of_environment().ca))


def show(plan_file: Path, outcome: Outcome, console: Console, *, seconds: float) -> None:
    """Print the machines, the reasons, the portals and the figures of the run."""
    plan = load_plan(plan_file)
    console.print(machine_table(plan))
    for line in (
        *reasons(plan),
        *portal_lines(plan, plan_file.parent / "tenants.yml"),
        f"The report: {ROOT / 'reports/lab/report.html'}; the proposals for customers beside it.",
        figures(outcome, counters(), seconds),
    ):
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def machine_table(plan: Plan) -> Table:
    """One row a planned machine."""
    table = Table(title="In service, as planned")
    for title in ("machine", "tier", "tenant", "vmid", "hypervisor", "address"):
        table.add_column(title, no_wrap=True)
    for it in plan.machines:
        table.add_row(it.name, it.tier, it.tenant or "all", str(it.vmid), it.hypervisor, it.ip)
    return table


def reasons(plan: Plan) -> list[str]:
    """One line a tier and tenant: the arithmetic that its machines share."""
    shared = {(it.tier, it.tenant or "all tenants"): it.reason.partition(": ")[2] for it in plan.machines}
    return [f"{tier} for {tenant}: {reason}" for (tier, tenant), reason in shared.items()]


def portal_lines(plan: Plan, tenants_file: Path) -> list[str]:
    """Two lines a portal: which machines answered for it just now, and the command to try."""
    lines = []
    balancer = next(it.ip for it in plan.machines if it.tier == "haproxy")
    ca = State.of_environment().ca
    tenants = yaml.safe_load(tenants_file.read_text())["renfort_tenants"]
    for name, tenant in sorted(tenants.items()):
        portal = tenant["portals"][0]
        expected = sum(it.tier == "web" and it.tenant == name for it in plan.machines)
        answers = [
            ask(balancer, port=443, portal=portal, path="/", timeout_s=5, tls=_trusted())
            for _ in range(REQUESTS_A_MACHINE * expected)
        ]
        seen = sorted({answer.machine for answer in answers if answer.good})
        lines.append(f"{portal} answers from {len(seen)} of {expected}: {', '.join(seen)}")
        lines.append(f"    curl -i --cacert {ca} --resolve {portal}:443:{balancer} https://{portal}/")
    return lines


def figures(outcome: Outcome, calls: Mapping[str, Any], seconds: float) -> str:
    """The last line: changes, calls, time."""
    return (
        f"{outcome.changes} changed, {calls['writes']} writes and {calls['reads']} reads sent to the cluster,"
        f" {seconds:.0f} s in all. Leave the lab with `make lab-down`."
    )
