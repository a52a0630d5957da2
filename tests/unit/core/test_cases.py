# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's decisions as data: each folder of cases/ is one behaviour.

inputs.yml patches the base inputs, cluster.yml is what the cluster reports, before.yml the plan
before (its machines, or its machines and servers), expected.yml what must come out: the fields stated
of every machine, in the plan's order.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import Outcome, make_plan
from tests.unit.core import builders

KEYS = {
    "error",
    "machines",
    "servers",
    "shortages",
    "served",
    "stages",
    "orders",
    "proofs",
    "notes",
    "summary",
    "changes",
}
"""What an expected.yml may state; of each record in a list, only the fields that it states.

Of a tenant's service its percentage alone, or fields; of a change its action alone, or fields.
"""

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


def assert_each(records: dict[str, dict[str, Any]], expected: dict[str, Any], *, alone: str) -> None:
    """Compare named records with what is stated of each: fields, or the value of the field ``alone``."""
    assert set(records) == set(expected)
    for name, value in expected.items():
        wanted = value if isinstance(value, dict) else {alone: value}
        assert stated(records[name], wanted) == wanted, name


def test_cases_are_found() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_case(case: Path) -> None:
    expected = builders.read(case / "expected.yml")
    unknown = set(expected) - KEYS
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
    for name in ("servers", "shortages", "stages", "orders"):
        records = [asdict(record) for record in getattr(outcome.plan, name)]
        wanted_records = expected.get(name, [])
        assert len(records) == len(wanted_records), f"{name}: {records}"
        for record, wanted in zip(records, wanted_records, strict=True):
            assert stated(record, wanted) == wanted
    if "served" in expected:
        served = {record.tenant: asdict(record) for record in outcome.plan.served}
        assert_each(served, expected["served"], alone="percent")
    proofs = {proof.level: proof for proof in outcome.solution.proofs}
    for level, wanted in expected.get("proofs", {}).items():
        assert {key: float(getattr(proofs[level], key)) for key in wanted} == wanted
    assert [*outcome.solution.notes] == expected.get("notes", [])
    for line in expected.get("summary", []):
        assert line in outcome.summary
    if "changes" in expected:
        changes = {change.machine: asdict(change) for change in outcome.changes}
        assert_each(changes, expected["changes"], alone="action")
