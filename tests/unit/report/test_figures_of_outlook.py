# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page shows of a fleet of which every number is known: from what binds to the arithmetic."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.report.arithmetic import arithmetic_of
from ansible_collections.ent.renfort.plugins.module_utils.report.binding import binding_figure
from ansible_collections.ent.renfort.plugins.module_utils.report.demand import demand_figure
from ansible_collections.ent.renfort.plugins.module_utils.report.proofs import proof_table
from ansible_collections.ent.renfort.plugins.module_utils.report.shortage import MOST_ICONS, shortage_figure
from ansible_collections.ent.renfort.plugins.module_utils.report.timeline import timeline_of
from tests.unit.report.fleets import small, without_shortage
from tests.unit.report.reading import bar, plain

# --- what binds -----------------------------------------------------------------------------------


def test_fills_share_one_axis_with_its_line_at_all_that_there_is() -> None:
    figure = binding_figure(small())
    full = 110 * 1.06
    assert figure.limit == pytest.approx(100 / full * 100, abs=0.001)
    assert [row.over for row in figure.rows] == [True, False, False]
    before, new = figure.rows[1].bar
    assert before.width == pytest.approx(18.75 / full * 100, abs=0.001)
    assert new.width == pytest.approx((41.25 - 18.75) / full * 100, abs=0.002)


def test_the_demand_that_decides_each_tier() -> None:
    assert dict(binding_figure(small()).units) == {
        "haproxy": "requests/s",
        "web": "sessions",
        "database": "requests/s",
    }


def test_different_demands_that_decide_are_counted() -> None:
    data = small()
    needs = (replace(data.tenants[1].needs[0], binding="", by_minimum=True),)
    data = replace(data, tenants=(data.tenants[0], replace(data.tenants[1], needs=needs)))
    assert dict(binding_figure(data).units)["web"] == "its minimum for 1 tenant, sessions for 1 tenant"


# --- shortage -------------------------------------------------------------------------------------


def test_shortages_stand_under_their_reason_the_largest_first() -> None:
    data = small()
    other = replace(data.shortages[0], tenant="orne", missing=2, advice="")
    third = replace(data.shortages[0], tenant="", tier="smtp", missing=10)
    groups = shortage_figure(replace(data, shortages=(other, third, *data.shortages))).groups
    assert [[(row.tenant, row.missing) for row in group.rows] for group in groups] == [
        [("All tenants", "10"), ("Eure", "5")],
        [("Orne", "2")],
    ]
    assert groups[0].rows[1].bar == bar(("missing", 0.0, 50.0))
    assert groups[0].advice == "Bring back pve-03, which would take some of them."


def test_orders_say_what_they_close_and_cost() -> None:
    now, rest = shortage_figure(small()).orders
    assert (now.title, now.total) == ("To close the whole shortage now", "2 servers")
    assert now.price == "18,000 in the catalogue's currency"
    assert (rest.title, rest.total) == ("For what dated deliveries leave open", "1 server")
    assert plain(now.rows[0].form) == "64 cores, 512 GiB"
    assert now.rows[0].icons == 2


def test_no_price_is_told_where_the_catalogue_has_none() -> None:
    data = small()
    order = replace(data.orders[0], servers=MOST_ICONS + 1, price=float(MOST_ICONS + 1))
    card = shortage_figure(replace(data, orders=(order,))).orders[0]
    assert (card.price, card.rows[0].price, card.rows[0].icons) == ("", "", 0)


def test_a_shortage_that_nothing_closes_is_told() -> None:
    assert "No server of the catalogue" in shortage_figure(replace(small(), orders=())).no_order
    assert shortage_figure(without_shortage()).no_order == ""


# --- deliveries -----------------------------------------------------------------------------------


def test_stages_stand_between_their_dates_and_unknown_ones_at_the_end() -> None:
    figure = timeline_of(small())
    now, april, june, unknown = figure.rows
    assert [row.mark.kind for row in figure.rows] == ["now", "dated", "dated", "unknown"]
    assert now.mark.x < april.mark.x < june.mark.x < unknown.mark.x == figure.unknown
    # 14 of the days between the first and the last date, and one day.
    assert april.mark.width == pytest.approx((june.mark.x - april.mark.x) * 14 / 60, abs=0.01)
    assert june.mark.width == pytest.approx(1.0, abs=0.001)
    assert unknown.mark.x + unknown.mark.width == pytest.approx(100.0)


def test_each_stage_tells_who_is_served_worst_and_what_is_missing() -> None:
    rows = timeline_of(small()).rows
    assert [(plain(row.worst), row.worst_note, row.missing) for row in rows] == [
        ("62.5 %", "Eure", "5"),
        ("87.5 %", "Eure", "2"),
        ("90 %", "Eure", "1"),
        ("100 %", "", "0"),
    ]
    assert rows[1].missing_bar == bar(("missing", 0.0, 40.0))
    assert rows[3].title == "later and someday"


def test_without_unknown_dates_the_axis_goes_to_the_edge() -> None:
    data = small()
    figure = timeline_of(replace(data, stages=data.stages[:2]))
    assert figure.unknown is None
    assert 90 < figure.rows[-1].mark.x < 100


def test_unknown_dates_alone_need_no_axis() -> None:
    data = small()
    figure = timeline_of(replace(data, stages=data.stages[2:]))
    assert figure.ticks == ()
    assert figure.rows[1].mark.kind == "unknown"


def test_months_are_marked() -> None:
    assert [tick.label for tick in timeline_of(small()).ticks] == ["May", "Jun"]


@given(st.lists(st.dates(min_value=date(2019, 1, 1), max_value=date(2023, 1, 1)), min_size=1), st.booleans())
def test_labels_of_the_axis_have_room_on_the_smallest_screen(days: list[date], undated: bool) -> None:
    data = small()
    whens = [day.isoformat() for day in sorted(days)] + (["unknown"] if undated else [])
    figure = timeline_of(
        replace(data, stages=tuple(replace(data.stages[0], earliest="", when=when) for when in whens))
    )
    labels = [tick for tick in figure.ticks if tick.label]
    ends = [*(tick.x for tick in labels[1:]), figure.unknown or 103.0]
    for tick, end in zip(labels, ends, strict=True):
        # About 6 pixels a letter and 4 before it, on an axis of 328 pixels.
        assert (end - tick.x) * 3.28 >= 6 * len(tick.label) + 4


@pytest.mark.parametrize(
    ("stages", "lead"),
    [
        (slice(0, 3), "4 announced deliveries; the shortage ends with later and someday, of which nobody"),
        (slice(0, 2), "2 announced deliveries; 1 machine still without a place when all have arrived."),
        (slice(0, 0), "No delivery is announced."),
    ],
)
def test_the_lead_says_which_delivery_ends_the_shortage(stages: slice, lead: str) -> None:
    data = small()
    assert timeline_of(replace(data, stages=data.stages[stages])).lead.startswith(lead)


# --- demand ---------------------------------------------------------------------------------------


def test_demand_goes_from_low_to_high_on_a_common_axis() -> None:
    figure = demand_figure(small())
    eure, orne = figure.rows
    assert (eure.sessions.mark.x, eure.sessions.mark.width, eure.sessions.mark.chosen) == (30.0, 50.0, 40.0)
    assert (orne.sessions.mark.x, orne.sessions.mark.width) == (20.0, 0.0)
    assert (eure.machines.low, eure.machines.mid, eure.machines.high) == ("10", "12", "18")
    assert [tick.label for tick in figure.session_ticks] == ["0", "5k", "10k", "15k", ""]
    assert figure.total_sessions == ("10,000", "12,000", "20,000")
    assert figure.total_machines == ("15", "18", "27")


def test_the_level_that_is_planned_for_has_its_own_mark() -> None:
    figure = demand_figure(replace(small(), level="high"))
    assert figure.shows_mid
    assert (figure.rows[0].sessions.mark.mid, figure.rows[0].sessions.mark.chosen) == (40.0, 80.0)


# --- proof ----------------------------------------------------------------------------------------


def test_levels_are_told_in_percent_in_numbers_or_in_words() -> None:
    rows = proof_table(small()).rows
    assert [(row.level, plain(row.value), plain(row.bound), plain(row.gap), row.best) for row in rows] == [
        ("Worst-served tenant", "62.5 %", "62.5 %", "none", True),
        ("Servers put into service", "2", "2", "none", True),
        ("Room for a loss", "not kept", "not kept", "none", True),
        ("Balance of the hypervisors", "90 %", "95 %", "5.56 %", False),
    ]


def test_the_lead_claims_only_what_is_proved() -> None:
    data = small()
    assert proof_table(data).lead.startswith(
        "No placement on this hardware serves the worst-served tenant better."
    )
    unproved = replace(data, proofs=(replace(data.proofs[0], bound=70.0, gap=12.0),))
    assert proof_table(unproved).lead == "0 of 1 levels are proved to be the best that there is."


# --- arithmetic -----------------------------------------------------------------------------------


def test_every_tenant_can_be_followed_and_what_all_share_comes_last() -> None:
    blocks = arithmetic_of(small()).blocks
    assert [block.title for block in blocks] == ["Eure", "Orne", "Shared by all tenants"]
    assert len(blocks[0].steps) == 3
    assert [row.tier for row in blocks[0].needs] == ["web", "database"]


def test_options_are_offered_where_something_is_missing() -> None:
    eure, orne, _shared = arithmetic_of(small()).blocks
    assert [(plain(row.title), plain(row.percent)) for row in eure.options] == [
        ("With an order of 2 × r640", "100 %"),
        ("Once april has arrived (16–30 April 2020)", "87.5 %"),
        ("With measures: Hold notification mail", "75 %"),
        ("With the stock", "62.5 %"),
    ]
    assert orne.options == ()


def test_changes_that_add_nothing_are_told() -> None:
    arithmetic = arithmetic_of(small())
    assert [(action, machine) for action, machine, _reason in arithmetic.changes] == [
        ("adopt", "eure-web-01"),
        ("remove", "orne-cas-01"),
    ]
    assert arithmetic.changes_words == "1 to adopt and 1 to remove"
