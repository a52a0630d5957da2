# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many courses of steps at once, each step in its lanes; the end of one step lets the next ones start."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Protocol

from .core.errors import RenfortError
from .lanes import Lane, Lanes

TICK_S = 1.0
"""How often the observer is told that time passes, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One piece of work, done in a thread of its own while it has a place in all its lanes."""

    phase: str
    lanes: tuple[Lane, ...]
    run: Callable[[], Any]


Course = Generator[Step, Any, None]
"""What is to be done for one thing, step by step: each ``yield`` returns what the step's ``run`` returned."""


class LaterError(Exception):
    """Raised by a step that is to be tried again after ``after_s`` seconds, its lanes free meanwhile.

    ``busy`` is the lane that was found to be too wide, if it was for that.
    """

    def __init__(self, after_s: float, *, busy: Lane | None = None) -> None:
        super().__init__(f"again in {after_s:.1f} s")
        self.after_s = after_s
        self.busy = busy


class Observer(Protocol):
    """Who is told what happens; always from the thread that called `Scheduler.run`."""

    def entered(self, name: str, phase: str) -> None:
        """A course has come to a phase."""

    def passed(self, name: str, phase: str) -> None:
        """A course has a step of a phase behind it."""

    def narrowed(self, lane: Lane, width: int) -> None:
        """A lane was found too wide."""

    def ended(self, name: str, error: RenfortError | None) -> None:
        """A course has come to its end, or failed."""

    def tick(self) -> None:
        """Time passes."""


@dataclass(slots=True, kw_only=True)
class _Item:
    name: str
    course: Course
    step: Step
    ticket: int = 0
    began: float = 0.0


class Scheduler:
    """Runs courses. One that fails stops none of the others.

    Args:
        lanes: what may happen at once.
        workers: how many steps at most.
        observer: who is told.
        clock: monotonic seconds.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        lanes: Lanes,
        *,
        workers: int,
        observer: Observer,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._lanes = lanes
        self._workers = workers
        self._observer = observer
        self._clock = clock
        self._sleep = sleep
        self._queue: list[_Item] = []
        self._later: list[tuple[float, int, _Item]] = []
        self._running: dict[Future[Any], _Item] = {}
        self._failures: dict[str, RenfortError] = {}
        self._delays = 0

    def run(self, courses: Mapping[str, Course]) -> dict[str, RenfortError]:
        """Run all courses to their end and return what went wrong, by name.

        An exception that is no `RenfortError` ends the whole run, after the steps that are under way.
        """
        for name, course in courses.items():
            self._advance(name, course, None)
        with ThreadPoolExecutor(self._workers, thread_name_prefix="step") as pool:
            while self._queue or self._later or self._running:
                self._recall()
                self._launch(pool)
                for future in self._await():
                    self._settle(self._running.pop(future), future)
                self._observer.tick()
        return self._failures

    def _recall(self) -> None:
        """Queue again what was put off until now."""
        while self._later and self._later[0][0] <= self._clock():
            self._queue.append(heapq.heappop(self._later)[2])

    def _launch(self, pool: ThreadPoolExecutor) -> None:
        """Start every queued step, first come first served, that has a place in all its lanes."""
        left: list[_Item] = []
        for item in self._queue:
            free = len(self._running) < self._workers
            item.ticket = self._lanes.enter(item.step.lanes) if free else 0
            if item.ticket:
                item.began = self._clock()
                self._running[pool.submit(item.step.run)] = item
            else:
                left.append(item)
        self._queue = left

    def _await(self) -> set[Future[Any]]:
        """Wait until a step ends, a delayed one is due or it is time to say something."""
        pause = TICK_S
        if self._later:
            pause = min(pause, max(0.0, self._later[0][0] - self._clock()))
        if not self._running:
            self._sleep(pause)
            return set()
        return wait(self._running, timeout=pause, return_when=FIRST_COMPLETED).done

    def _settle(self, item: _Item, future: Future[Any]) -> None:
        self._lanes.leave(item.step.lanes)
        try:
            result = future.result()
        except LaterError as later:
            self._put_off(item, later)
        except RenfortError as error:
            item.course.close()
            self._failures[item.name] = error
            self._observer.ended(item.name, error)
        else:
            self._lanes.went_well(item.step.lanes, item.ticket, self._clock() - item.began)
            self._observer.passed(item.name, item.step.phase)
            self._advance(item.name, item.course, result)

    def _put_off(self, item: _Item, later: LaterError) -> None:
        if later.busy is not None and self._lanes.busy(later.busy, item.ticket):
            self._observer.narrowed(later.busy, self._lanes.width(later.busy))
        self._delays += 1
        heapq.heappush(self._later, (self._clock() + later.after_s, self._delays, item))

    def _advance(self, name: str, course: Course, result: Any) -> None:
        try:
            step = course.send(result)
        except StopIteration:
            self._observer.ended(name, None)
            return
        self._observer.entered(name, step.phase)
        self._queue.append(_Item(name=name, course=course, step=step))
