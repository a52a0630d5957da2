# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who takes part in a load, and how what locust wrote of it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.load import report
from tests.load.accounts import in_turns

STATS = """Type,Name,Request Count,Failure Count,Median Response Time,Max Response Time,99%
GET,inbox,40,0,12,90,80
POST,send a message,10,2,30,5000,4900
,Aggregated,50,2,14,5000,4800
"""
FAILURES = """Method,Name,Error,Occurrences
POST,send a message,503 Server Error,2
"""


def test_each_portal_and_profile_is_there_from_the_beginning() -> None:
    people = {
        portal: [
            {"username": f"{profile}{number}", "password": "x", "profile": profile}
            for profile, count in (("pupil", 3), ("teacher", 1))
            for number in range(count)
        ]
        for portal in ("a.example", "b.example")
    }

    taken = [(row["portal"][0], row["username"]) for row in in_turns(people)]

    assert taken[:4] == [("a", "pupil0"), ("a", "teacher0"), ("b", "pupil0"), ("b", "teacher0")]
    assert len(taken) == len(set(taken)) == 8


def test_failures_are_counted_and_told(tmp_path: Path) -> None:
    (tmp_path / "people_stats.csv").write_text(STATS)
    (tmp_path / "people_failures.csv").write_text(FAILURES)

    seen = report.read(tmp_path / "people")

    assert (seen.total.requests, seen.total.failed, seen.total.p99_ms) == (50, 2, 4800)
    assert [row.name for row in seen.rows] == ["inbox", "send a message"]
    assert "failed 2 ×: send a message: 503 Server Error" in seen.table()


def test_a_load_that_was_cut_is_no_load_without_failures(tmp_path: Path) -> None:
    (tmp_path / "people_stats.csv").write_text(STATS.splitlines()[0] + "\n")
    (tmp_path / "people_failures.csv").write_text("")

    with pytest.raises(ValueError, match="did not end by itself"):
        report.read(tmp_path / "people")
