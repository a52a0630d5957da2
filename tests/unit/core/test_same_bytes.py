# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same input gives the same bytes: in another process, with other hashes of texts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]

PLAN = """
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import dump_plan
from tests.unit.core.test_invariants import builders, fleet

for seed in range(12):
    inputs, cluster = fleet(seed)
    outcome = make_plan(inputs, builders.live(inputs, cluster), Plan())
    print(dump_plan(outcome.plan), *outcome.summary, sep="\\n")
"""


def planned(hash_seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PLAN],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": f"{ROOT / 'collections'}:{ROOT}"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_another_process_plans_the_same_bytes() -> None:
    first = planned("1")
    assert first.count("renfort_fleet:") == 12
    assert planned("4711") == first
