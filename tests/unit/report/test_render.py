# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page as a document: complete, well formed, on its own, and the same for the same data."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import ReportData
from ansible_collections.ent.renfort.plugins.module_utils.report.html import (
    SECTIONS,
    TEMPLATES,
    render_report,
)
from tests.unit.report.fleets import awkward, need, small, tenant, without_shortage
from tests.unit.report.large_fleet import large

ROOT = Path(__file__).parents[3]

VOID = {"meta", "link", "br", "input"}
"""Elements without an end tag."""

EMPTY = replace(
    small(),
    existing=0,
    new=0,
    servers=0,
    missing=0,
    tenants=(),
    shared=(),
    together=(),
    racks=(),
    fills=(),
    shortages=(),
    stages=(),
    orders=(),
    proofs=(),
    changes=(),
    notes=(),
    measures=(),
)

FLEETS = {
    "small": small(),
    "without shortage": without_shortage(),
    "large": large(),
    "awkward": awkward(),
    "empty": EMPTY,
}


class Document(HTMLParser):
    """Reads a page; ``wrong`` are end tags that close nothing or something else."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(params=FLEETS.values(), ids=FLEETS.keys())
def page(request: pytest.FixtureRequest) -> str:
    data: ReportData = request.param
    return render_report(data, title="Surge of March 2020")


@pytest.fixture
def document(page: str) -> Document:
    return Document(page)


def test_every_element_is_closed_in_its_order(document: Document) -> None:
    assert document.wrong == []
    assert document.open == []


def test_ids_are_there_once_and_links_lead_to_them(document: Document) -> None:
    ids = Counter(attributes["id"] for _tag, attributes in document.elements if "id" in attributes)
    assert [name for name, number in ids.items() if number > 1] == []
    anchors = {attributes["href"].removeprefix("#") for attributes in document.all("a")}
    labels = {
        name
        for _tag, attributes in document.elements
        for name in attributes.get("aria-labelledby", "").split()
    }
    assert anchors | labels <= set(ids)
    assert {anchor for anchor, _words in SECTIONS} <= anchors


def test_sections_stand_in_the_order_of_the_navigation(page: str) -> None:
    found = re.findall(r'<section id="([a-z]+)"', page)
    assert found == [anchor for anchor, _words in SECTIONS]


def test_headings_descend_without_a_gap(document: Document) -> None:
    levels = [int(tag[1]) for tag, _attributes in document.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(following <= one + 1 for one, following in pairwise(levels))


def test_every_figure_has_a_text_or_is_part_of_one(document: Document) -> None:
    for tag, attributes in document.elements:
        if attributes.get("role") == "img":
            assert attributes["aria-label"].strip()
        elif tag == "svg":
            assert attributes["aria-hidden"] == "true"


def test_every_header_of_a_table_has_a_scope(document: Document) -> None:
    headers = document.all("th")
    assert [header for header in headers if header.get("scope") not in ("col", "row", "rowgroup")] == []


def test_the_page_needs_nothing_else(page: str, document: Document) -> None:
    for _tag, attributes in document.elements:
        for name in ("src", "href", "action", "data", "srcset"):
            assert attributes.get(name, "#").startswith(("#", "data:,"))
    assert set(re.findall(r"url\(([^)]*)\)", page)) <= {"#hatch", "#gone", "#dots", "#dots-before"}
    assert "@import" not in page
    assert "://" not in page


def test_the_page_begins_as_html_and_leaves_no_template_behind(page: str) -> None:
    assert page.startswith("<!doctype html>\n")
    assert page.endswith("</html>\n")
    assert not re.search(r"\{%|\{\{|\{#|\bNone\b|Undefined", page)


def test_every_tenant_and_hypervisor_is_there() -> None:
    data = large()
    text = " ".join(Document(render_report(data, title="large")).texts)
    for one in data.tenants:
        assert one.title in text
    for rack in data.racks:
        for name in (*(host.name for host in rack.hosts), *(use.name for use in rack.carriers)):
            assert name in text


def test_the_same_data_gives_the_same_bytes_in_another_process() -> None:
    script = (
        "import hashlib, sys; sys.path[:0] = ['collections', '.']\n"
        "from tests.unit.report.test_render import large, render_report\n"
        "print(hashlib.sha256(render_report(large(), title='t').encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "LC_ALL": "C.UTF-8"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(digests) == 1


def test_a_data_disk_is_shown_beside_the_system_s() -> None:
    web = replace(need("web", "eure", existing=1, new=1), data_disk_gib=1600)
    data = replace(small(), tenants=(tenant("eure", web),))

    page = render_report(data, title="x")

    assert "40 GiB of disk and 1,600 GiB of data disk" in page.replace("\u202f", " ").replace("\xa0", " ")


def test_a_large_fleet_stays_a_small_file() -> None:
    assert len(render_report(large(), title="large").encode()) < 1_500_000


def test_what_people_write_is_text_and_never_markup() -> None:
    evil = '<script>alert("1")</script>"\'&'
    data = small()
    data = replace(
        data,
        tenants=(replace(tenant("evil", *data.tenants[0].needs), title=evil, region=evil), *data.tenants),
        racks=tuple(replace(rack, name=evil) for rack in data.racks),
        shortages=tuple(replace(short, reason=evil, advice=evil) for short in data.shortages),
        notes=(evil,),
    )
    page = render_report(data, title=evil)
    assert page.count("<script>") == 1
    assert Document(page).wrong == []
    assert evil in " ".join(Document(page).texts)


def test_a_name_that_the_templates_do_not_know_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "ansible_collections.ent.renfort.plugins.module_utils.report.html.page_of",
        lambda _data, *, title: title,
    )
    with pytest.raises(UndefinedError):
        render_report(small(), title="no page")


def test_templates_say_whose_they_are() -> None:
    for template in sorted(TEMPLATES.iterdir()):
        text = template.read_text(encoding="utf-8")
        assert text.startswith(
            "{# Copyright: Renfort contributors #}\n{# SPDX-License-Identifier: GPL-3.0-or-later #}\n"
        ), template.name
