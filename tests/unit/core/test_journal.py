# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.core.journal import (
    CHANGED,
    FAILED,
    OK,
    TEXT_LENGTH,
    UNFINISHED,
    UNREACHABLE,
    VERSION,
    End,
    Event,
    ObjectChange,
    Start,
    TaskEnd,
    read_runs,
    record_of,
    short,
)

START = Start(
    playbook="surge.yml", inventory=("inventories/lab",), user="marie", pid=7, pid_start=9, check=True
)
TASK = TaskEnd(host="eure-web-01", task="Install nginx", role="web", result=CHANGED, seconds=4.2)
GUEST = ObjectChange(host="localhost", task="Clone", object="eure-web-04", action="clone", reason="missing")
END = End(result=OK, seconds=61.5, hosts=3, ok=40, changed=2)


def line(event: Event, run: str = "20200316T080000-abcdef", at: str = "2020-03-16T08:00:00.000+00:00") -> Any:
    return json.loads(json.dumps(record_of(event, run=run, at=at)))


def test_a_run_is_read_back_as_it_was_written() -> None:
    (run,) = read_runs([line(START), line(TASK), line(GUEST), line(END)]).runs

    assert (run.start, run.events, run.end, run.result) == (START, (TASK, GUEST), END, OK)


def test_runs_at_once_are_told_apart_and_sorted_by_their_start() -> None:
    later = {"run": "20200316T080500-000000", "at": "2020-03-16T08:05:00.000+00:00"}

    reading = read_runs(
        [line(START, **later), line(START), line(TASK, **later), line(END), line(END, **later)]
    )

    assert [(run.id[-6:], len(run.events)) for run in reading.runs] == [("abcdef", 0), ("000000", 1)]


def test_a_run_without_an_end_is_unfinished() -> None:
    assert read_runs([line(START), line(TASK)]).runs[0].result == UNFINISHED


@pytest.mark.parametrize(
    "record", [None, [], "x", {}, {"v": 1}, {"v": "1", "run": "a"}, {"v": True, "run": "a"}]
)
def test_what_is_no_record_is_counted(record: object) -> None:
    reading = read_runs([record, line(START)])

    assert (reading.unreadable, reading.newer, len(reading.runs)) == (1, 0, 1)


def test_a_newer_version_and_an_unknown_event_are_left_out() -> None:
    reading = read_runs([line(START) | {"v": VERSION + 1}, line(START) | {"event": "song"}])

    assert (reading.unreadable, reading.newer, reading.runs) == (0, 2, ())


def test_a_value_of_another_type_counts_as_absent() -> None:
    odd = line(END) | {"seconds": "long", "ok": True, "changed": 1.5, "hosts": None}

    (run,) = read_runs([odd]).runs

    assert run.end == End(result=OK)


def test_a_run_touches_hosts_and_the_things_that_were_changed_for_them() -> None:
    lost = TaskEnd(host="eure-web-02", result=UNREACHABLE)
    (run,) = read_runs([line(START), line(GUEST), line(lost), line(END)]).runs

    touched = [
        name for name in ("localhost", "eure-web-04", "eure-web-02", "eure-web-01") if run.touches(name)
    ]
    assert touched == ["localhost", "eure-web-04", "eure-web-02"]


def test_a_long_message_is_one_short_line() -> None:
    assert short("no\n  answer") == "no answer"
    assert len(short("x" * 5000)) == TEXT_LENGTH
    assert short(None) == ""


@given(
    st.lists(
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists)
        | st.dictionaries(
            st.sampled_from(["v", "run", "event", "at", "result", "tags", "seconds"]),
            st.none()
            | st.integers(0, 2)
            | st.sampled_from(["start", "task", "end", FAILED])
            | st.lists(st.integers()),
        )
    )
)
def test_no_record_breaks_the_reader(records: list[object]) -> None:
    reading = read_runs(records)

    assert reading.unreadable + reading.newer + len(reading.runs) <= len(records)
