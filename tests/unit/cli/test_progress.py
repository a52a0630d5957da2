# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from scripts.cli.outcome import Outcome
from scripts.cli.progress import STILL_RUNNING_S, Progress


class Stage:
    """A progress display on a plain output, with a clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 0.0
        self.output = io.StringIO()
        self.progress = Progress(Console(file=self.output, width=200), clock=lambda: self.now)

    def send(self, event: str, stdout: str = "", **data: Any) -> None:
        assert self.progress.handle({"event": event, "stdout": stdout, "event_data": data})

    @property
    def lines(self) -> list[str]:
        return self.output.getvalue().splitlines()


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_task_is_told_once_with_its_counts(stage: Stage) -> None:
    stage.send("playbook_on_task_start", task="Install nginx")
    stage.send("runner_on_ok", host="a", res={"changed": True})
    stage.send("runner_on_ok", host="b", res={"changed": False})
    stage.now = 65
    stage.send("playbook_on_task_start", task="Next")

    assert stage.lines == [" 1:05    Install nginx: 1 ok, 1 changed"]


def test_a_failed_item_is_told_once(stage: Stage) -> None:
    stage.send("playbook_on_task_start", task="Check portals")
    stage.send("runner_item_on_failed", host="a", task="Check portals", res={"msg": "no\n answer"})
    stage.send("runner_on_failed", host="a", task="Check portals", res={"msg": "One or more items failed"})

    assert stage.progress.outcome.failures == ["a: Check portals: no answer"]


def test_an_ignored_failure_is_no_failure(stage: Stage) -> None:
    stage.send("runner_on_failed", host="a", task="Probe", ignore_errors=True, res={"msg": "no"})

    assert stage.progress.outcome.failures == []


def test_a_long_task_is_mentioned_again_without_a_terminal(stage: Stage) -> None:
    stage.send("playbook_on_task_start", task="Boot")
    stage.now = STILL_RUNNING_S - 1
    stage.progress.tick()
    assert stage.lines == []

    stage.now = STILL_RUNNING_S
    stage.progress.tick()
    assert stage.lines == [" 0:15    Boot: still running, no host done yet"]


def test_what_comes_before_the_first_play_is_held_back_until_it_starts(stage: Stage) -> None:
    stage.send("warning", stdout="[WARNING]: a duplicate host")
    assert stage.lines == []
    assert stage.progress.prelude == ["[WARNING]: a duplicate host"]

    stage.send("playbook_on_play_start", play="Plan")

    assert stage.lines == [" 0:00 [WARNING]: a duplicate host", " 0:00 ── Plan"]
    assert stage.progress.prelude == []


def test_debug_lines_and_plugin_messages_are_shown(stage: Stage) -> None:
    stage.send("playbook_on_play_start", play="Plan")
    stage.send("runner_on_ok", host="a", task_action="ansible.builtin.debug", res={"msg": ["3 + 1", "= 4"]})
    stage.send("verbose", stdout="[1/6] eure-web-02: cloned\n")

    assert [line.split(maxsplit=1)[1] for line in stage.lines[1:]] == [
        "3 + 1",
        "= 4",
        "[1/6] eure-web-02: cloned",
    ]


@pytest.mark.parametrize(
    ("status", "code"), [("successful", 0), ("failed", 1), ("timeout", 1), ("canceled", 130)]
)
def test_the_exit_status_tells_how_the_run_ended(status: str, code: int) -> None:
    assert Outcome(status=status).exit_code == code


@pytest.mark.parametrize(("result", "code"), [({"impossible": True}, 3), ({"impossible": False}, 1), ({}, 1)])
def test_what_cannot_be_done_has_an_exit_status_of_its_own(
    stage: Stage, result: dict[str, bool], code: int
) -> None:
    stage.send("runner_on_failed", host="localhost", task="Write the plan", res={"msg": "no room", **result})
    stage.progress.outcome.status = "failed"

    assert stage.progress.outcome.exit_code == code


def test_changes_are_summed_over_hosts(stage: Stage) -> None:
    stage.send("playbook_on_stats", changed={"a": 2, "b": 0, "c": 1}, ok={"a": 5})

    assert stage.progress.outcome.changes == 3
    assert stage.progress.outcome.changed == {"a": 2, "c": 1}
