# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Courses of steps: their order, their lanes, what is put off, and what fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.lanes import Lane, Lanes, Width
from ansible_collections.ent.renfort.plugins.module_utils.scheduler import (
    Course,
    LaterError,
    Scheduler,
    Step,
)

STORAGE: Lane = ("storage", "vmdata")


class Told:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def entered(self, name: str, phase: str) -> None:
        self.seen.append(f"{name} enters {phase}")

    def passed(self, name: str, phase: str) -> None:
        self.seen.append(f"{name} passes {phase}")

    def narrowed(self, lane: Lane, width: int) -> None:
        self.seen.append(f"{lane[1]} narrowed to {width}")

    def ended(self, name: str, error: RenfortError | None) -> None:
        self.seen.append(f"{name} ends {error or 'well'}")

    def tick(self) -> None:
        """Time passes."""


def course(
    *runs: Callable[[], Any], lanes: tuple[Lane, ...] = (), results: list[Any] | None = None
) -> Course:
    for number, run in enumerate(runs, start=1):
        result = yield Step(phase=str(number), lanes=lanes, run=run)
        if results is not None:
            results.append(result)


def run(courses: dict[str, Course], *, width: int = 2, workers: int = 8) -> tuple[dict[str, Any], Told]:
    told = Told()
    scheduler = Scheduler(
        Lanes({"storage": Width(first=width, most=width + 1)}), workers=workers, observer=told
    )
    return scheduler.run(courses), told


def fails() -> None:
    raise RenfortError("no space left")


def test_the_steps_of_a_course_come_one_after_the_other_with_their_results() -> None:
    results: list[Any] = []

    failures, told = run({"a": course(lambda: 1, lambda: 2, results=results)})

    assert failures == {}
    assert results == [1, 2]
    assert told.seen == ["a enters 1", "a passes 1", "a enters 2", "a passes 2", "a ends well"]


def test_a_course_that_fails_takes_none_of_its_further_steps_and_stops_no_other() -> None:
    results: list[Any] = []

    failures, told = run({"a": course(fails, lambda: 1, results=results), "b": course(lambda: 2)})

    assert {name: str(error) for name, error in failures.items()} == {"a": "no space left"}
    assert results == []
    assert "b ends well" in told.seen


def test_no_more_steps_are_under_way_than_their_lane_is_wide() -> None:
    now, most, lock = 0, 0, threading.Lock()

    def counted() -> None:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.01)
        with lock:
            now -= 1

    run({str(number): course(counted, lanes=(STORAGE,)) for number in range(9)}, width=3)

    assert most == 3


def test_a_step_in_a_free_lane_does_not_wait_behind_one_in_a_full_lane() -> None:
    other_done = threading.Event()
    courses = {str(number): course(lambda: other_done.wait(5), lanes=(STORAGE,)) for number in range(4)}

    failures, _ = run({**courses, "other": course(other_done.set)}, width=1)

    assert failures == {}
    assert other_done.is_set()


def test_a_step_that_is_put_off_gives_its_lane_to_others_and_is_tried_again() -> None:
    order: list[str] = []
    tries = 0

    def busy_at_first() -> None:
        nonlocal tries
        tries += 1
        order.append(f"a{tries}")
        if tries < 3:
            raise LaterError(0.05)

    run(
        {
            "a": course(busy_at_first, lanes=(STORAGE,)),
            "b": course(lambda: order.append("b"), lanes=(STORAGE,)),
        },
        width=1,
    )

    assert order == ["a1", "b", "a2", "a3"]


def test_a_lane_that_was_found_busy_is_narrowed_and_that_is_told() -> None:
    tries = 0

    def busy_once() -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise LaterError(0.0, busy=STORAGE)

    _, told = run({"a": course(busy_once, lanes=(STORAGE,))}, width=2)

    assert "vmdata narrowed to 1" in told.seen
    assert told.seen[-1] == "a ends well"


def test_an_error_that_nobody_foresaw_ends_the_run() -> None:
    with pytest.raises(ZeroDivisionError):
        run({"a": course(lambda: 1 / 0)})


def test_nothing_to_do_is_done_at_once() -> None:
    assert run({"a": course()})[1].seen == ["a ends well"]
