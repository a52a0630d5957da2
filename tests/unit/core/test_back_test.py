# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The model against what was published of March 2020: each file of back_test/ is one case.

A check states the published figure, how far the model may be from it and why, and what the model says.
One that is farther away must say why it is off, and one that is not must not: neither can go stale. The
tables of docs/reference/back-test.md are made from the same checks; a failure shows them as they must be.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.demand import tenant_demand
from ansible_collections.ent.renfort.plugins.module_utils.core.interval import Interval
from ansible_collections.ent.renfort.plugins.module_utils.core.model import Inputs, Tenant, Unit
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from ansible_collections.ent.renfort.plugins.module_utils.core.sizing import usable
from ansible_collections.ent.renfort.plugins.module_utils.core.text import show
from tests.unit.core import builders

ROOT = Path(__file__).parents[3]
DOCUMENT = ROOT / "docs" / "reference" / "back-test.md"
LAB = ROOT / "inventories" / "lab" / "group_vars" / "all" / "capacity.yml"
FILES = sorted((builders.HERE / "back_test").glob("*.yml"))
KINDS = ("arithmetic", "fitted", "independent")
BOUNDS = ("", "at least", "at most")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One comparison; ``tolerance`` is in percent of the published figure."""

    case: str
    what: str
    inputs: dict[str, Any]
    measure: dict[str, str]
    published: Fraction
    unit: str
    kind: str
    tolerance: Fraction
    because: str
    model: str
    bound: str = ""
    scale: int = 1
    why_off: str = ""

    @classmethod
    def read(cls, case: str, data: dict[str, Any]) -> Check:
        exact = {key: Fraction(str(data[key])) for key in ("published", "tolerance")}
        return cls(case=case, **{**data, **exact})

    @property
    def given(self) -> Inputs:
        """The base inputs with the lab's traffic and the patch of the check."""
        traffic = builders.read(LAB)["renfort_capacity"]["traffic"]
        capacity = {"traffic": traffic, **self.inputs.get("capacity", {})}
        return builders.inputs({**self.inputs, "capacity": capacity})

    def difference(self, value: Fraction) -> Fraction:
        """Return by how many percent of the published figure a value is above it."""
        return (value / self.published - 1) * 100

    def holds(self, value: Fraction) -> bool:
        away = self.difference(value)
        above = self.bound == "at least" or away <= self.tolerance
        return above and (self.bound == "at most" or away >= -self.tolerance)


CHECKS = [Check.read(file.stem, data) for file in FILES for data in builders.read(file)["checks"]]


# --- what the model says --------------------------------------------------------------------------


def at_peak(tenant: Tenant) -> dict[str, Fraction]:
    """Return what a tenant asks for at the peak, a second where it is a rate."""
    quantities = tenant_demand(tenant).quantities
    peak = {
        name: quantities[unit].mid
        for name, unit in {
            "sessions": Unit.SESSIONS,
            "visits": Unit.VISITS,
            "requests": Unit.REQUESTS,
            "messages": Unit.MESSAGES,
        }.items()
    }
    peak["pages"] = quantities[Unit.CONNECTIONS].mid / tenant.traffic.connection_seconds.mid
    peak["minutes"] = peak["sessions"] / peak["visits"] / 60
    return peak


def without_surge(tenant: Tenant) -> Tenant:
    once = Interval.exactly(1)
    calm = replace(tenant.traffic, surge_visits=once, surge_pages=once, surge_duration=once)
    return replace(tenant, traffic=calm)


def demanded(tenant: Tenant, quantity: str, over: str) -> Fraction:
    peak, traffic = at_peak(tenant)[quantity], tenant.traffic
    if over == "growth":
        return peak / at_peak(without_surge(tenant))[quantity]
    mean = peak / traffic.peak_to_mean.mid
    day = mean * 3600 / traffic.busiest_hour_percent.mid * 100
    return {
        "peak": peak,
        "peak_hour": peak * 3600,
        "busiest_hour": mean,
        "day": day,
        "month": day * traffic.school_days.mid,
    }[over]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a plan with too little hardware, or enough, does for its one tenant and its one tier."""

    asked: Fraction
    carried: Fraction
    plan: Plan


def planned(given: Inputs) -> Planned:
    outcome = make_plan(given, builders.live(given), builders.plan([]))
    (need,) = outcome.sizing.needs
    assert need.binding
    asked = outcome.sizing.demands[0].quantities[need.binding].at(given.capacity.level)
    carried = len(outcome.plan.machines) * usable(need.tier, need.binding)
    return Planned(asked=asked, carried=min(carried, asked), plan=outcome.plan)


PLANS: dict[str, Callable[[Planned], Fraction]] = {
    "carried": lambda it: it.carried,
    "waiting": lambda it: it.asked - it.carried,
    "served_percent": lambda it: Fraction(str(it.plan.served[0].percent)),
    "missing": lambda it: Fraction(sum(shortage.missing for shortage in it.plan.shortages)),
}


def model_says(check: Check) -> Fraction:
    given = check.given
    if "plan" in check.measure:
        return PLANS[check.measure["plan"]](planned(given))
    (tenant,) = given.tenants
    return demanded(tenant, **check.measure)


# --- the tests ------------------------------------------------------------------------------------


def test_checks_are_found() -> None:
    assert {file.stem for file in FILES} == {"auvergne_rhone_alpes", "departements", "eure", "platform"}
    assert len({(check.case, check.what) for check in CHECKS}) == len(CHECKS) >= 30


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: f"{check.case}: {check.what}")
def test_check(check: Check) -> None:
    assert check.kind in KINDS
    assert check.bound in BOUNDS
    assert check.because
    value = model_says(check)
    assert show(value / check.scale) == check.model
    if check.why_off:
        assert not check.holds(value), "within its tolerance, and still said to be off"
    else:
        assert check.holds(value), f"off by {float(check.difference(value)):+.1f} %"


def test_no_tolerance_is_whatever_passes() -> None:
    # 25 % is what two assumed factors of the busiest hour and a rough count leave; nothing is known worse.
    assert max(check.tolerance for check in CHECKS) <= 25


@pytest.mark.parametrize("case", [file.stem for file in FILES])
def test_document_shows_what_the_model_says(case: str) -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    found = re.search(rf"<!-- back-test: {case} -->\n(.*?)<!-- end -->\n", text, re.DOTALL)
    assert found, f"no table for {case}"
    wanted = table([check for check in CHECKS if check.case == case])
    assert found[1] == wanted, f"the table for {case} must be:\n{wanted}"


# --- the tables of the document -------------------------------------------------------------------


def table(checks: list[Check]) -> str:
    rows = ["| what | published | model | difference | tolerance | check |", "|---|---|---|---|---|---|"]
    rows += [row(check) for check in checks]
    reasons = [f"- *{check.what}*: {check.why_off}." for check in checks if check.why_off]
    parts = [rows, *([["Why it is off:"], reasons] if reasons else [])]
    return "\n" + "\n\n".join("\n".join(part) for part in parts) + "\n\n"


def row(check: Check) -> str:
    value = model_says(check)
    cells = (
        check.what,
        f"{check.bound} {show(check.published / check.scale)} {check.unit}".strip(),
        show(value / check.scale),
        signed(check.difference(value)),
        f"{float(check.tolerance):g} %: {check.because}",
        check.kind if check.holds(value) else f"{check.kind}, **off**",
    )
    return f"| {' | '.join(cells)} |"


def signed(percent: Fraction) -> str:
    text = f"{abs(float(percent)):.1f} %"
    return text if text == "0.0 %" else f"{'+' if percent > 0 else '−'}{text}"
