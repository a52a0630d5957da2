# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page for everyone: small screens, keyboards, no scripts, dark rooms, paper, screen readers."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import looking
from tests.browser.conftest import FLEETS, Open

ENOUGH_CONTRAST = 4.5
"""What small text needs (WCAG 2.2, 1.4.3)."""


@pytest.mark.parametrize("fleet", FLEETS)
def test_the_browser_complains_of_nothing_and_asks_for_nothing(open_report: Open, fleet: str) -> None:
    opened = open_report(fleet)
    looking.unfold(opened.page)
    opened.page.locator(".host").first.hover()
    opened.page.wait_for_load_state("networkidle")
    assert opened.said == []
    assert opened.requests == [opened.path.as_uri()]


@pytest.mark.parametrize("fleet", FLEETS)
@pytest.mark.parametrize("width", [360, 600, 900, 1440])
def test_the_page_never_scrolls_sideways(open_report: Open, fleet: str, width: int) -> None:
    page = open_report(fleet, width=width).page
    looking.unfold(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert looking.sticking_out(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("fleet", FLEETS)
def test_every_text_stands_out_from_what_is_behind_it(open_report: Open, fleet: str, scheme: str) -> None:
    page = open_report(fleet, scheme=scheme).page
    looking.unfold(page)
    found = looking.contrasts(page)
    assert len(found) > 100
    assert [text for text in found if text["ratio"] < ENOUGH_CONTRAST] == []


def test_light_and_dark_are_two_pages(open_report: Open) -> None:
    grounds = [
        open_report("small", scheme=scheme).page.evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    ]
    brightness = [sum(int(value) for value in re.findall(r"\d+", ground)) for ground in grounds]
    assert brightness[0] > 3 * 200
    assert brightness[1] < 3 * 60


def test_the_page_is_whole_without_scripts(open_report: Open) -> None:
    opened = open_report("small", scripts=False)
    page = opened.page
    expect(page.get_by_role("heading", level=1)).to_have_text("7 machines to add, and 5 without a place.")
    expect(page.locator("#tenants-tools")).to_be_hidden()
    expect(page.locator(".tenants tbody tr")).to_have_count(2)
    expect(page.locator(".host .name").first).to_be_visible()
    assert "5 new machines" in (page.locator(".host").first.get_attribute("title") or "")
    block = page.locator("#of-eure")
    expect(block.locator(".steps")).to_be_hidden()
    block.locator("summary").click()
    expect(block.locator(".steps")).to_be_visible()


def test_the_keyboard_reaches_and_unfolds_what_is_folded(open_report: Open) -> None:
    page = open_report("small").page
    for _stop in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('details.numbers') !== null"):
            break
    table = page.get_by_role("region", name="Hypervisors and servers in numbers")
    expect(table).to_be_hidden()
    page.keyboard.press("Enter")
    expect(table).to_be_visible()
    page.keyboard.press("Space")
    expect(table).to_be_hidden()


def test_the_first_stop_of_the_keyboard_skips_the_navigation(open_report: Open) -> None:
    page = open_report("small").page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the report")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.url.endswith("#main")


@pytest.mark.parametrize("width", [360, 1440])
def test_screen_readers_find_landmarks_names_and_tables(open_report: Open, width: int) -> None:
    page = open_report("small", width=width).page
    for role in ("banner", "main", "navigation", "contentinfo"):
        expect(page.get_by_role(role)).to_have_count(1)
    expect(page.get_by_role("region", name="Racks and hypervisors", exact=True)).to_have_count(1)
    tenants = page.get_by_role("table", name="Served share and machines of each tenant")
    # Cards on a small screen are rows and cells all the same.
    expect(tenants.get_by_role("row")).to_have_count(3)
    expect(tenants.get_by_role("rowheader")).to_have_count(2)
    expect(tenants.get_by_role("img", name="62.5 % of the demand of Eure is served")).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("^Memory of every hypervisor by rack"))).to_have_count(1)
    expect(page.get_by_role("img", name=re.compile("^Deliveries on an axis of time"))).to_have_count(1)


def test_paper_is_white_and_shows_what_was_unfolded(open_report: Open) -> None:
    page = open_report("large", scheme="dark").page
    page.locator("#of-nord summary").click()
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.locator("#of-nord .steps")).to_be_visible()
    expect(page.locator("#of-rhone")).to_be_hidden()
    assert [text for text in looking.contrasts(page) if text["ratio"] < ENOUGH_CONTRAST] == []


def test_paper_is_wide_enough_and_few_pages_are(open_report: Open) -> None:
    page = open_report("large").page
    pdf = page.pdf(format="A4")
    pages = len(re.findall(rb"/Type\s*/Page\b", pdf))
    assert 4 <= pages <= 10
    # A4 less its margins, in pixels of the screen: nothing is cut off there.
    page.set_viewport_size({"width": 703, "height": 1000})
    page.emulate_media(media="print")
    assert looking.sticking_out(page) == []


# --- what scripts add -----------------------------------------------------------------------------


def test_tenants_can_be_found_by_name_and_region(open_report: Open) -> None:
    page = open_report("large").page
    page.get_by_role("searchbox", name="Find").fill("haut-rhin")
    shown = page.locator(".tenants tbody tr:visible")
    expect(shown).to_have_count(1)
    expect(shown.locator("a")).to_have_text("Collèges de Haut-Rhin")
    expect(page.locator("#tenants-tools output")).to_have_text("1 of 30")
    page.get_by_role("searchbox", name="Find").fill("")
    expect(shown).to_have_count(30)


def test_tenants_can_be_put_in_another_order(open_report: Open) -> None:
    opened = open_report("large")
    titles = opened.page.locator(".tenants tbody th a")
    worst_first = titles.all_inner_texts()
    opened.page.get_by_label("Sort by").select_option("machines")
    largest = max(opened.data.tenants, key=lambda one: sum(need.existing + need.new for need in one.needs))
    assert titles.all_inner_texts()[0] == largest.title
    opened.page.get_by_label("Sort by").select_option("served")
    assert titles.all_inner_texts() == worst_first


def test_pointing_at_a_hypervisor_shows_its_figures_inside_the_window(open_report: Open) -> None:
    page = open_report("large").page
    tip = page.locator("#tip")
    expect(tip).to_be_hidden()
    for host in (page.locator(".host").first, page.locator(".rack:nth-child(8) .host").first):
        host.hover()
        expect(tip).to_contain_text(host.locator(".name").inner_text())
        expect(tip).to_contain_text("new machines")
        box = tip.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1440
    page.keyboard.press("Escape")
    expect(tip).to_be_hidden()


def test_a_link_to_a_tenant_unfolds_its_arithmetic(open_report: Open) -> None:
    page = open_report("large", anchor="#of-isere").page
    expect(page.locator("#of-isere .steps")).to_be_visible()
    page.locator(".tenants").get_by_role("link", name="Lycées de Nord").click()
    expect(page.locator("#of-nord .steps")).to_be_visible()
