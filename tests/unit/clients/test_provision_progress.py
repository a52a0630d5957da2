# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see of a provisioning while it runs."""

from __future__ import annotations

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.provision_progress import Phase, Progress

ALL = (Phase.CLONE, Phase.CONFIGURE, Phase.START, Phase.ANSWER)


class Watched:
    """A progress of so many guests under a clock that is set by hand."""

    def __init__(self, guests: int, phases: tuple[Phase, ...] = ALL) -> None:
        self.now = 100.0
        self.lines: list[str] = []
        self.names = [f"web-{number:02d}" for number in range(guests)]
        self.progress = Progress(dict.fromkeys(self.names, phases), self.lines.append, lambda: self.now)

    def clone(self, name: str, seconds: float) -> None:
        self.progress.entered(name, Phase.CLONE)
        self.now += seconds
        self.progress.passed(name, Phase.CLONE)


def test_the_time_left_is_that_of_the_slowest_phase_at_the_speed_that_it_had() -> None:
    watched = Watched(10, (Phase.CLONE,))
    for name in watched.names[:4]:
        watched.clone(name, 5.0)

    assert watched.progress.summary() == "clone 4/10; about 30 s left"


def test_no_time_is_told_before_enough_guests_have_passed() -> None:
    watched = Watched(10)
    for name in watched.names[:2]:
        watched.clone(name, 5.0)

    assert watched.progress.summary().endswith("start 0/10 · answer 0/10; the time left cannot be told yet")


def test_when_nothing_ends_that_is_told_instead_of_a_time() -> None:
    watched = Watched(10, (Phase.CLONE,))
    for name in watched.names[:4]:
        watched.clone(name, 5.0)
    watched.now += 45

    assert watched.progress.summary() == "clone 4/10; nothing ended for 45 s"


def test_a_guest_that_fails_is_not_counted_in_the_phases_that_it_does_not_reach() -> None:
    watched = Watched(3)
    watched.clone("web-00", 1.0)
    watched.progress.entered("web-00", Phase.CONFIGURE)
    watched.progress.ended("web-00", RenfortError("no space left"))

    assert watched.lines == ["[1/3] web-00: FAILED: no space left"]
    assert "start 0/2 · answer 0/2" in watched.progress.summary()


def test_a_guest_that_ends_is_told_with_its_times() -> None:
    watched = Watched(3)
    watched.clone("web-01", 2.5)
    watched.progress.ended("web-01", None)

    assert watched.lines == ["[1/3] web-01: clone 2.5 s"]


def test_a_phase_that_nobody_foresaw_is_counted_from_then_on() -> None:
    watched = Watched(3, (Phase.CLONE,))
    watched.progress.entered("web-01", Phase.STOP)

    assert "shut down 0/1" in watched.progress.summary()


def test_all_phases_are_told_every_five_seconds_and_no_oftener() -> None:
    watched = Watched(3)
    for _ in range(22):
        watched.now += 0.5
        watched.progress.tick()

    assert len(watched.lines) == 2


def test_a_narrower_lane_is_told() -> None:
    watched = Watched(1)
    watched.progress.narrowed(("storage", "vmdata"), 2)

    assert watched.lines == ["The lock of storage vmdata is busy: 2 at once from now on."]


@pytest.mark.parametrize(
    ("left", "words"), [(59, "59 s"), (120, "2 min"), (200, "3 min 20 s"), (4200, "1 h 10 min")]
)
def test_times_are_told_in_words(left: int, words: str) -> None:
    watched = Watched(3 + left, (Phase.CLONE,))
    for name in watched.names[:3]:
        watched.clone(name, 1.0)

    assert watched.progress.summary().endswith(f"about {words} left")
