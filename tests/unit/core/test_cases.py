# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's decisions as data: each folder of cases/ is one behaviour.

inputs.yml patches the base inputs, cluster.yml is what the cluster reports, before.yml the plan
before, expected.yml what must come out: the fields stated of every machine, in the plan's order.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import Outcome, make_plan
from tests.unit.core import builders

CASES = sorted(path for path in (builders.HERE / "cases").iterdir() if path.is_dir())


def planned(case: Path) -> Outcome:
    given = builders.inputs(builders.read(case / "inputs.yml"))
    cluster = builders.live(given, builders.read(case / "cluster.yml"))
    return make_plan(given, cluster, builders.plan(builders.read(case / "before.yml", default=[])))


def stated(actual: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of ``actual`` that ``wanted`` states; a text that begins with … is an end."""
    found = {}
    for key, value in wanted.items():
        if isinstance(value, str) and value.startswith("…") and actual[key].endswith(value[1:]):
            found[key] = value
        else:
            found[key] = list(actual[key]) if isinstance(actual[key], tuple) else actual[key]
    return found


def test_cases_are_found() -> None:
    assert len(CASES) >= 25


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path) -> None:
    expected = builders.read(case / "expected.yml")
    unknown = set(expected) - {"error", "machines", "shortages", "summary", "changes"}
    assert not unknown
    if "error" in expected:
        with pytest.raises(RenfortError) as caught:
            planned(case)
        assert str(caught.value) == expected["error"]
        return
    outcome = planned(case)
    machines = [asdict(machine) for machine in outcome.plan.machines]
    assert [machine["name"] for machine in machines] == list(expected["machines"])
    for machine in machines:
        wanted = expected["machines"][machine["name"]]
        assert stated(machine, wanted) == wanted
    shortages = [asdict(shortage) for shortage in outcome.plan.shortages]
    assert shortages == expected.get("shortages", [])
    for line in expected.get("summary", []):
        assert line in outcome.summary
    if "changes" in expected:
        assert {change.machine: change.action for change in outcome.changes} == expected["changes"]
