# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages: each renders, shows the machines and their figures, and its charts are drawn in a browser."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright
from testinfra.host import Host

from extensions.molecule.monitoring.tests.asking import ask, query, until

testinfra_hosts = ["podman://monitoring-1"]

BROWSER = "/usr/bin/chromium"
SCREENSHOTS = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / "build" / "pages"
SHOWN = {
    "index.html": ["eure", "haproxy", "renfort:user_sessions"],
    "tenant.html?tenant=eure": ["Tenant eure", "monitoring-lost", "down"],
    "haproxy.html": ["monitoring-watched", "eure", "answers"],
    "database.html": ["no database is watched"],
    "mail.html": ["no relay is watched"],
    "machines.html": ["monitoring-watched", "monitoring-1", "pve1"],
}


def text_of(page: str) -> str:
    """What a page says, without its marks, styles and scripts."""
    body = re.sub(r"(?s)<(style|script)>.*?</\1>", "", page)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


@pytest.mark.parametrize("page", SHOWN)
def test_every_page_renders_with_what_is_watched(host: Host, page: str) -> None:
    found = ask(host, f"/consoles/{page}")
    assert "</html>" in found, found[-500:]
    assert "error executing template" not in found
    assert [it for it in SHOWN[page] if it not in found] == []


def test_the_first_page_shows_the_figures_that_prometheus_has(host: Host) -> None:
    text = text_of(ask(host, "/consoles/index.html"))
    # Web machines in service, as the load balancer sees them; the tier of the lost machine.
    assert query(host, "renfort:servers_in_service") == {"eure,web": 1}
    row = re.search(r"cas in service eure (.*?) Tiers", text)
    assert row, text
    assert row[1].split()[-2:] == ["1", "–"]
    assert re.search(r"web eure 1 1 ", text), text


def test_an_alert_that_fires_is_on_the_first_page(host: Host) -> None:
    page = until(
        lambda: text_of(ask(host, "/consoles/index.html")), lambda it: "MachineDown eure web" in it, 120
    )
    assert "warning MachineDown eure web monitoring-lost" in page


def test_what_a_visitor_writes_into_the_address_is_no_query(host: Host) -> None:
    page = ask(host, "/consoles/tenant.html?tenant=x%27%7D%20or%20vector(1)%20or%20up%7B%3Cb%3E")
    assert "Tenant xorvector1orupb" in page
    assert "no machine of this tenant is watched" in page


@pytest.fixture
def page() -> Iterator[Page]:
    """The browser as an operator has it, signed in."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--disable-gpu"])
        context = browser.new_context(
            http_credentials={"username": "prometheus", "password": "school"},
            # The authority is the scenario's; other tests verify the certificate.
            ignore_https_errors=True,
            viewport={"width": 1280, "height": 900},
        )
        yield context.new_page()
        browser.close()


@pytest.mark.parametrize("name", ["index", "haproxy"])
def test_charts_are_drawn_in_a_browser(page: Page, name: str) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"https://10.84.0.81:9090/consoles/{name}.html", wait_until="networkidle")
    page.wait_for_selector("figure.chart polyline", state="attached", timeout=30_000)
    legends = page.locator("figure.chart .legend").all_inner_texts()
    assert any("monitoring-watched" in legend and "most" in legend for legend in legends), legends
    assert said == []
    wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    assert wide <= 0, "the page is wider than the window"
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
