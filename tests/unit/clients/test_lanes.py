# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lanes: who gets in, and how their width is learnt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.lanes import Lanes, Width

STORAGE = ("storage", "vmdata")
NODE = ("hypervisor", "pve1")


def lanes(first: int = 2, most: int = 16) -> Lanes:
    return Lanes({"storage": Width(first=first, most=most), "hypervisor": Width.fixed(3)})


def drive(under_test: Lanes, steps: int, seconds: Callable[[int], float]) -> list[int]:
    """Keep the lane full with steps that take ``seconds(width)``; return the widths that were seen."""
    under_way: list[int] = []
    widths = []
    for _ in range(steps):
        while ticket := under_test.enter([STORAGE]):
            under_way.append(ticket)
        ticket, width = under_way.pop(0), under_test.width(STORAGE)
        under_test.leave([STORAGE])
        under_test.went_well([STORAGE], ticket, seconds(width))
        widths.append(width)
    return widths


def test_a_lane_lets_in_as_many_as_it_is_wide() -> None:
    tested = lanes()

    assert [bool(tested.enter([STORAGE])) for _ in range(3)] == [True, True, False]
    tested.leave([STORAGE])
    assert tested.enter([STORAGE])


def test_a_step_enters_all_its_lanes_or_none() -> None:
    tested = lanes(first=1)
    assert tested.enter([STORAGE])

    assert not tested.enter([NODE, STORAGE])

    assert [bool(tested.enter([NODE])) for _ in range(4)] == [True, True, True, False]


def test_a_lane_is_widened_as_long_as_more_passes_through() -> None:
    widths = drive(lanes(), 400, lambda _width: 1.0)

    assert max(widths) == widths[-1] == 16


def test_a_lane_that_a_lock_holds_up_stays_narrow() -> None:
    """One second of work under a lock: two at once take two seconds each, four take four."""
    widths = drive(lanes(), 400, lambda width: 1.0 * width)

    assert max(widths) <= 3
    assert widths.count(2) > 300


def test_a_lane_is_as_wide_as_the_lock_s_part_of_the_work_allows() -> None:
    """Of four seconds one is under the lock: beyond four at once nothing is won."""
    widths = drive(lanes(), 800, lambda width: max(4.0, 1.0 * width))

    assert 4 <= sorted(widths)[400] <= 6


def test_a_busy_lock_halves_the_lane_once_for_all_who_were_in_it() -> None:
    tested = lanes(first=8)
    tickets = [tested.enter([STORAGE]) for _ in range(8)]

    assert tested.busy(STORAGE, tickets[0])
    assert [tested.busy(STORAGE, ticket) for ticket in tickets[1:]] == [False] * 7

    assert tested.width(STORAGE) == 4


def test_a_lane_is_not_widened_again_to_where_it_was_busy() -> None:
    tested = lanes(first=8)
    tested.busy(STORAGE, tested.enter([STORAGE]))
    tested.leave([STORAGE])

    assert max(drive(tested, 600, lambda _width: 1.0)) == 7


def test_the_narrowest_lane_stays_open() -> None:
    tested = lanes(first=1)

    assert not tested.busy(STORAGE, tested.enter([STORAGE]))
    assert tested.width(STORAGE) == 1


@pytest.mark.parametrize("seconds", [0.0, 1.0])
def test_a_fixed_lane_learns_nothing(seconds: float) -> None:
    tested = lanes()
    for _ in range(100):
        ticket = tested.enter([NODE])
        tested.leave([NODE])
        tested.went_well([NODE], ticket, seconds)
        assert not tested.busy(NODE, ticket)

    assert tested.width(NODE) == 3
