# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill's figures are judged by their targets, and its last line can be read by a program."""

from __future__ import annotations

import json

import pytest

from tests.drills.figures import Figure, show


@pytest.mark.parametrize(
    ("value", "target", "met"),
    [
        (30, "≤ 30", True),
        (30.1, "≤ 30", False),
        (30, "≥ 30", True),
        (29, "≥ 30", False),
        (0, "= 0", True),
        (1, "= 0", False),
        (7, "", True),
    ],
)
def test_a_target_is_a_comparison(value: float, target: str, met: bool) -> None:
    assert Figure(key="lost", value=value, target=target).met is met


def test_a_target_without_comparison_is_refused() -> None:
    with pytest.raises(ValueError, match="starts with none of"):
        _ = Figure(key="lost", value=1, target="30").met


def test_the_last_line_is_json_and_the_status_tells_a_miss(capsys: pytest.CaptureFixture[str]) -> None:
    figures = [Figure(key="lost_rows", value=1, target="= 0"), Figure(key="rows", value=12)]

    assert show("drill-x", figures) == 1

    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told == {
        "bench": "drill-x",
        "figures": {"lost_rows": {"value": 1, "target": "= 0", "met": False}, "rows": {"value": 12}},
    }


def test_every_target_met_is_success() -> None:
    assert show("drill-x", [Figure(key="lost_rows", value=0, target="= 0")]) == 0
