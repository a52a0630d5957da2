# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks stand where their values say, in percent of the figure's width, and never outside of it."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.report.geometry import (
    Segment,
    calendar,
    interval,
    marked_days,
    place,
    round_up,
    stack,
    ticks,
)

AMOUNTS = st.floats(min_value=0.0, max_value=1e6, allow_nan=False)
DAYS = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 12, 31))


def test_parts_lie_side_by_side() -> None:
    assert stack((("before", 25), ("new", 50), ("missing", 5)), 100) == (
        Segment(kind="before", x=0.0, width=25.0),
        Segment(kind="new", x=25.0, width=50.0),
        Segment(kind="missing", x=75.0, width=5.0),
    )


def test_parts_of_nothing_are_left_out() -> None:
    assert stack((("before", 0), ("new", -3), ("missing", 2)), 4) == (
        Segment(kind="missing", x=0.0, width=50.0),
    )


def test_what_goes_beyond_the_edge_is_cut_off() -> None:
    assert stack((("before", 80), ("new", 40), ("missing", 10)), 100) == (
        Segment(kind="before", x=0.0, width=80.0),
        Segment(kind="new", x=80.0, width=20.0),
    )


def test_nothing_fits_in_nothing() -> None:
    assert stack((("new", 3),), 0) == ()
    assert place(3, 0) == 0.0


@given(st.lists(AMOUNTS, max_size=6), AMOUNTS)
def test_bars_are_proportional_and_stay_inside(values: list[float], full: float) -> None:
    parts = [(str(number), value) for number, value in enumerate(values)]
    segments = stack(parts, full)
    for segment in segments:
        assert 0 <= segment.x <= segment.x + segment.width <= 100.001
        if sum(values) <= full:
            assert segment.width == pytest.approx(values[int(segment.kind)] / full * 100, abs=0.002)
    for one, following in pairwise(segments):
        assert following.x == pytest.approx(one.x + one.width, abs=0.002)


def test_an_interval_on_its_axis() -> None:
    mark = interval(20, 30, 50, chosen=50, full=100)
    assert (mark.x, mark.width, mark.mid, mark.chosen) == (20.0, 30.0, 30.0, 50.0)


@given(st.floats(min_value=1e-3, max_value=1e9))
def test_an_axis_ends_at_a_round_number_that_is_a_tick_and_holds_the_value(value: float) -> None:
    full = round_up(value)
    marks = ticks(full)
    assert value <= full * (1 + 1e-9) <= value * 2.01
    assert marks[0] == 0
    assert marks[-1] == pytest.approx(full)
    assert 3 <= len(marks) <= 6


def test_an_axis_of_nothing_has_an_end() -> None:
    assert ticks(round_up(0))[-1] == 1.0


def test_days_stand_in_proportion() -> None:
    axis = calendar(["2020-04-01", "2020-04-25"], start=10.0, end=90.0)
    first, last = axis.at("2020-04-01"), axis.at("2020-04-25")
    assert 10 < first < last < 90
    assert axis.at("2020-04-13") == pytest.approx((first + last) / 2, abs=0.002)


@given(st.lists(DAYS, min_size=1, max_size=8))
def test_every_day_is_on_the_axis_in_its_order(days: list[date]) -> None:
    axis = calendar([day.isoformat() for day in days], start=7.0, end=78.0)
    places = [axis.at(day.isoformat()) for day in sorted(days)]
    assert places == sorted(places)
    assert all(7 < place < 78 for place in places)


@given(DAYS, DAYS)
def test_an_axis_of_days_has_a_few_marks(one: date, other: date) -> None:
    axis = calendar([one.isoformat(), other.isoformat()], start=0.0, end=100.0)
    marked = marked_days(axis, 5)
    assert 0 < len(marked) <= 5
    assert all(axis.first <= day <= axis.last for day in marked)


def test_a_short_axis_is_marked_by_weeks() -> None:
    axis = calendar(["2020-04-06", "2020-04-17"], start=0.0, end=100.0)
    mondays = ["2020-03-30", "2020-04-06", "2020-04-13", "2020-04-20"]
    assert [day.isoformat() for day in marked_days(axis, 5)] == mondays
