# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers on their way into service: planning again changes nothing, the report shows how far they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.model import Inputs
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import Outcome, make_plan
from ansible_collections.ent.renfort.plugins.module_utils.core.report import report_of
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerState, advanced
from ansible_collections.ent.renfort.plugins.module_utils.report.html import render_report
from tests.unit.core import builders

SINCE = "2020-03-28T17:04:00Z"
FAR = [ServerState.POWERED, ServerState.ENROLLED, ServerState.IN_SERVICE]


def planned(case: str, state: ServerState) -> tuple[Inputs, Any, Outcome]:
    """Plan a case from nothing, let every server go on to a state, and plan again."""
    folder = builders.HERE / "cases" / case
    inputs = builders.inputs(builders.read(folder / "inputs.yml"))
    live = builders.live(inputs, builders.read(folder / "cluster.yml"))
    plan = make_plan(inputs, live, builders.plan([])).plan
    assert plan.servers
    for use in plan.servers:
        plan = replace(plan, servers=advanced(plan.servers, use.name, state, since=SINCE))
    return inputs, live, make_plan(inputs, live, plan)


@pytest.mark.parametrize("state", FAR)
@pytest.mark.parametrize("case", ["database_runs_on_a_server", "planned_hypervisor_keeps_its_machines"])
def test_planning_again_changes_nothing(case: str, state: ServerState) -> None:
    inputs, live, outcome = planned(case, state)
    assert outcome.changes == ()
    assert {use.state for use in outcome.plan.servers} == {state}
    assert make_plan(inputs, live, outcome.plan).plan == outcome.plan


@pytest.mark.parametrize("state", FAR)
def test_the_report_counts_a_server_that_was_begun_as_there(state: ServerState) -> None:
    inputs, _, outcome = planned("database_runs_on_a_server", state)
    report = report_of(inputs, outcome, issued="2020-03-28")
    (need,) = [need for tenant in report.tenants for need in tenant.needs if need.tier == "database"]
    assert (need.existing, need.new, need.missing) == (need.total, 0, 0)
    assert report.existing == len(outcome.plan.servers)
    assert f"{state.words} already" in render_report(report, title="t")


@pytest.mark.parametrize("state", FAR)
def test_the_report_shows_how_far_a_hypervisor_is(state: ServerState) -> None:
    inputs, _, outcome = planned("planned_hypervisor_keeps_its_machines", state)
    report = report_of(inputs, outcome, issued="2020-03-28")
    names = {use.name for use in outcome.plan.servers}
    (host,) = [host for rack in report.racks for host in rack.hosts if host.name in names]
    expected = ("in service", "") if state is ServerState.IN_SERVICE else ("new", state.words)
    assert (host.state, host.progress) == expected
    assert ("new, " + state.words in render_report(report, title="t")) == (
        state is not ServerState.IN_SERVICE
    )
