# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The figures as they are drawn: everything is there, and every bar is as long as its value."""

from __future__ import annotations

from datetime import date

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import HostView, ReportData
from tests.browser import looking
from tests.browser.conftest import FLEETS, Open, Opened

A_PIXEL = 1.0


def online(data: ReportData) -> dict[str, HostView]:
    return {host.name: host for rack in data.racks for host in rack.hosts if host.state != "off line"}


def near(drawn: float, value: float, width: float) -> bool:
    """Tell whether a drawn share is a value's, to a pixel."""
    return abs(drawn - value) * width <= A_PIXEL


def texts(opened: Opened, selector: str) -> list[str]:
    return [text.replace("\u00a0", " ") for text in opened.page.locator(selector).all_text_contents()]


# --- racks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("fleet", FLEETS)
def test_every_hypervisor_is_there_with_its_percentage(open_report: Open, fleet: str) -> None:
    opened = open_report(fleet)
    drawn = ".host.in-service, .host.new"
    names = texts(opened, f":is({drawn}) .name")
    shares = [float(text.removesuffix(" %")) for text in texts(opened, f":is({drawn}) .percent")]
    hosts = online(opened.data)
    assert sorted(names) == sorted(hosts)
    for name, share in zip(names, shares, strict=True):
        exact = hosts[name].after_mib / hosts[name].memory_mib * 100
        assert abs(share - exact) <= (1 if exact > 99 else 0.5)
    assert sorted(texts(opened, ".host.off-line .name")) == sorted(
        host.name for rack in opened.data.racks for host in rack.hosts if host.state == "off line"
    )
    assert sorted(texts(opened, ".host.carrier .name")) == sorted(
        use.name for rack in opened.data.racks for use in rack.carriers
    )
    assert sorted(texts(opened, ".host.standing .name")) == sorted(
        name for rack in opened.data.racks for name in rack.in_service
    )
    assert opened.page.locator(".shelf .unit").count() == sum(len(rack.shelf) for rack in opened.data.racks)


@pytest.mark.parametrize("fleet", FLEETS)
@pytest.mark.parametrize("width", [360, 1440])
def test_bars_of_hypervisors_are_as_long_as_their_values(open_report: Open, fleet: str, width: int) -> None:
    opened = open_report(fleet, width=width)
    hosts = online(opened.data)
    names = texts(opened, ":is(.host.in-service, .host.new) .name")
    memory = looking.bars(opened.page, ":is(.host.in-service, .host.new) .bar")
    cores = looking.bars(opened.page, ":is(.host.in-service, .host.new) .thin")
    for name, bar in zip(names, memory, strict=True):
        host = hosts[name]
        _check(bar, host.before_mib / host.memory_mib, host.after_mib / host.memory_mib)
    busy = [hosts[name] for name in names if hosts[name].after_cores]
    for host, bar in zip(busy, cores, strict=True):
        _check(bar, host.before_cores / host.cores, host.after_cores / host.cores)


def _check(bar: dict, before: float, after: float) -> None:
    widths = {part["kind"]: part["width"] for part in bar["parts"]}
    assert bar["width"] > 60
    assert near(widths.get("before", 0.0), before, bar["width"])
    assert near(widths.get("new", 0.0), after - before, bar["width"])


@pytest.mark.parametrize("fleet", FLEETS)
@pytest.mark.parametrize("width", [360, 900, 1440])
def test_no_label_in_the_racks_meets_another(open_report: Open, fleet: str, width: int) -> None:
    page = open_report(fleet, width=width).page
    labels = ".rack-head b, .rack-head span, .host .name, .host .badge, .host .percent, .shelf p"
    number, found = looking.overlaps(page, labels, within=".rack")
    assert number >= 2 * page.locator(".host").count()
    assert found == []


def test_the_racks_of_a_large_fleet_are_seen_at_one_glance(open_report: Open) -> None:
    page = open_report("large").page
    box = page.locator(".sites").bounding_box()
    assert box is not None
    assert box["height"] < 1300
    assert page.evaluate("getComputedStyle(document.querySelector('.host p')).fontSize") == "12px"


def test_states_are_told_by_more_than_a_colour(open_report: Open) -> None:
    page = open_report("small").page

    def style(selector: str, name: str) -> str:
        value: str = page.evaluate(
            "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]", [selector, name]
        )
        return value

    assert "#hatch" in style(".tenants rect.missing", "fill")
    assert "#dots" in style(".host.carrier rect", "fill")
    assert "#dots-before" in style(".host.standing rect", "fill")
    assert "#gone" in style(".host.off-line .track", "fill")
    assert style(".host.new .bar", "outlineStyle") == "solid"
    assert style(".host.in-service .bar", "outlineStyle") == "none"
    assert style(".shelf rect", "strokeDasharray") != "none"
    assert style(".host rect.before", "fill") != style(".host rect.new", "fill")


# --- tenants --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fleet", FLEETS)
def test_every_tenant_is_there_the_worst_first_with_its_percentage(open_report: Open, fleet: str) -> None:
    opened = open_report(fleet)
    titles = texts(opened, ".tenants tbody th a")
    shares = [float(text.removesuffix(" %")) for text in texts(opened, ".tenants .percent")]
    expected = {one.title: one.percent for one in opened.data.tenants}
    assert sorted(titles) == sorted(expected)
    assert shares == sorted(shares)
    for title, share in zip(titles, shares, strict=True):
        assert share == pytest.approx(expected[title], abs=0.051)


@pytest.mark.parametrize("width", [360, 1440])
def test_served_shares_are_drawn_in_proportion(open_report: Open, width: int) -> None:
    opened = open_report("large", width=width)
    expected = {one.title: one.percent for one in opened.data.tenants}
    bars = looking.bars(opened.page, ".tenants .share .bar")
    for title, bar in zip(texts(opened, ".tenants tbody th a"), bars, strict=True):
        served = next(part for part in bar["parts"] if part["kind"] == "served")
        assert near(served["width"], expected[title] / 100, bar["width"])


@pytest.mark.parametrize("tier", ["web", "cas", "database", "storage"])
def test_machines_of_a_tier_are_drawn_on_one_scale(open_report: Open, tier: str) -> None:
    opened = open_report("large")
    needs = {one.title: next(n for n in one.needs if n.tier == tier) for one in opened.data.tenants}
    full = max(need.existing + need.new + need.missing for need in needs.values())
    bars = looking.bars(opened.page, f".tenants td[data-label={tier}] .bar")
    for title, bar in zip(texts(opened, ".tenants tbody th a"), bars, strict=True):
        drawn = {part["kind"]: part["width"] for part in bar["parts"]}
        for kind, number in (
            ("before", needs[title].existing),
            ("new", needs[title].new),
            ("missing", needs[title].missing),
        ):
            assert near(drawn.get(kind, 0.0), number / full, bar["width"])


# --- the rest -------------------------------------------------------------------------------------


def test_fills_stand_on_one_axis_and_the_line_is_at_all_that_there_is(open_report: Open) -> None:
    opened = open_report("small")
    bars = looking.bars(opened.page, ".fills .bar")
    limit = opened.page.evaluate(
        """() => { const line = document.querySelector(".fills .limit").getBoundingClientRect();
                   const box = document.querySelector(".fills .bar").getBoundingClientRect();
                   return (line.x + line.width / 2 - box.x) / box.width; }"""
    )
    for fill, bar in zip(opened.data.fills, bars, strict=True):
        end = max(part["x"] + part["width"] for part in bar["parts"])
        assert end / limit * 100 == pytest.approx(fill.after, abs=0.5)


def test_spans_of_deliveries_are_as_long_as_their_days(open_report: Open) -> None:
    opened = open_report("large")
    rows = looking.bars(opened.page, ".when svg")
    marks = [row["parts"][0] for row in rows]
    assert [mark["kind"] for mark in marks] == ["now", "dated", "dated", "dated", "unknown"]
    dated = marks[1:4]
    days = [
        (date.fromisoformat(stage.earliest), date.fromisoformat(stage.when))
        for stage in opened.data.stages[:3]
    ]
    a_day = (dated[2]["x"] - dated[0]["x"]) / (days[2][0] - days[0][0]).days
    for mark, (earliest, latest) in zip(dated, days, strict=True):
        assert near(mark["width"], a_day * (latest - earliest).days, rows[0]["width"])
        assert near(mark["x"] - dated[0]["x"], a_day * (earliest - days[0][0]).days, rows[0]["width"])
    assert marks[4]["x"] > dated[2]["x"] + dated[2]["width"]
    assert marks[4]["x"] + marks[4]["width"] == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("width", [360, 1440])
def test_labels_of_the_time_axis_do_not_meet(open_report: Open, width: int) -> None:
    for fleet in FLEETS:
        number, found = looking.overlaps(
            open_report(fleet, width=width).page, ".axis span", within=".timeline"
        )
        assert number >= 2
        assert found == []


def test_ranges_of_the_demand_are_drawn_in_proportion(open_report: Open) -> None:
    opened = open_report("large")
    titles = texts(opened, ".demand tbody th")
    demands = {one.title: one.quantities[0] for one in opened.data.tenants}
    bars = looking.bars(opened.page, ".demand td:nth-of-type(1) .range")
    full = bars[0]["parts"][0]["x"] / demands[titles[0]].low
    for title, bar in zip(titles, bars, strict=True):
        span, demand = bar["parts"][0], demands[title]
        assert near(span["x"], demand.low * full, bar["width"])
        assert near(span["width"], (demand.high - demand.low) * full, bar["width"])


def test_what_is_missing_is_drawn_in_proportion(open_report: Open) -> None:
    opened = open_report("large")
    bars = looking.bars(opened.page, ".shortages .bar")
    ordered = sorted((short.missing for short in opened.data.shortages), reverse=True)
    for missing, bar in zip(ordered, bars, strict=True):
        assert near(bar["parts"][0]["width"], missing / ordered[0], bar["width"])
