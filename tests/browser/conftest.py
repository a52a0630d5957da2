# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pages in a real browser: Debian's Chromium, without a window, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import ReportData
from ansible_collections.ent.renfort.plugins.module_utils.report.html import render_report
from tests.unit.report.fleets import awkward, small, without_shortage
from tests.unit.report.large_fleet import large

BROWSER = "/usr/bin/chromium"
"""Where Debian's package puts it; else it is looked for on the PATH."""

QUIET = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
"""The browser talks to nobody by itself."""

FLEETS = {"small": small(), "without-shortage": without_shortage(), "large": large(), "awkward": awkward()}


@dataclass
class Opened:
    """A report in the browser, and what the browser said and asked for meanwhile."""

    page: Page
    data: ReportData
    path: Path
    said: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


Open = Callable[..., Opened]
"""``open_report(fleet, width=…, scheme=…, scripts=…)``."""


def executable() -> str:
    """Return the browser's path; without one the tests fail: a page that nobody looked at is not tested."""
    found = BROWSER if Path(BROWSER).exists() else shutil.which("chromium")
    if found is None:
        pytest.fail(
            "The report's page is tested in Chromium, and there is none at /usr/bin/chromium or on PATH. "
            "Install Debian's package chromium: apt-get install chromium",
            pytrace=False,
        )
    return found


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = executable()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each fleet's report as a file."""
    folder = tmp_path_factory.mktemp("reports")
    paths = {name: folder / f"{name}.html" for name in FLEETS}
    for name, path in paths.items():
        path.write_text(render_report(FLEETS[name], title="Surge of March 2020"), encoding="utf-8")
    return paths


@pytest.fixture
def open_report(browser: Browser, files: dict[str, Path]) -> Iterator[Open]:
    """A function that opens a fleet's report."""
    contexts = []

    def open_it(
        fleet: str,
        *,
        width: int = 1440,
        scheme: Literal["light", "dark"] = "light",
        scripts: bool = True,
        anchor: str = "",
    ) -> Opened:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
            java_script_enabled=scripts,
        )
        contexts.append(context)
        opened = Opened(page=context.new_page(), data=FLEETS[fleet], path=files[fleet])
        opened.page.on("console", lambda message: opened.said.append(message.text))
        opened.page.on("pageerror", lambda error: opened.said.append(str(error)))
        opened.page.on("request", lambda request: opened.requests.append(request.url))
        opened.page.goto(f"{opened.path.as_uri()}{anchor}")
        return opened

    yield open_it
    for context in contexts:
        context.close()
