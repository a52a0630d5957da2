# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the page shows of a fleet of which every number is known: headline, racks and tenants."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.report.headline import headline_of
from ansible_collections.ent.renfort.plugins.module_utils.report.racks import HostMark, racks_figure
from ansible_collections.ent.renfort.plugins.module_utils.report.tenants import tenants_figure
from tests.unit.report.fleets import awkward, host, need, small, tenant, without_shortage
from tests.unit.report.reading import bar, plain

# --- headline -------------------------------------------------------------------------------------


def test_the_headline_says_what_matters() -> None:
    headline = headline_of(small())
    assert headline.verdict == "7 machines to add, and 5 without a place."
    assert [plain(sentence) for sentence in headline.sentences] == [
        "The worst-served tenant, Eure, gets 62.5 % of what it needs, held back by its web machines.",
        "What binds: memory less the room for the loss of a hypervisor, 110 % in use once everything is "
        "in place.",
        "Announced deliveries close the shortage, at a date that nobody knows.",
    ]
    assert headline.notes == ("pve-03 is off line: nothing is placed on it",)


def test_good_news_is_said_as_such() -> None:
    headline = headline_of(without_shortage())
    assert headline.verdict == "12 machines to add, and every one has a place."
    assert "Every tenant is served in full." in headline.sentences
    assert "There is no shortage." in headline.sentences
    assert not any(figure.alarm for figure in headline.figures)


@pytest.mark.parametrize(
    ("until", "sentence"),
    [
        ("2020-04-30", "Announced deliveries close the shortage by 30 April 2020."),
        ("", "No announced delivery closes the whole shortage: something must be ordered."),
    ],
)
def test_the_end_of_the_shortage(until: str, sentence: str) -> None:
    data = small()
    data = replace(data, shortages=(replace(data.shortages[0], until=until),))
    assert plain(headline_of(data).sentences[-1]) == sentence


def test_the_latest_end_of_several_shortages_counts() -> None:
    data = small()
    shortages = tuple(replace(data.shortages[0], until=until) for until in ("2020-05-20", "2020-04-30"))
    assert plain(headline_of(replace(data, shortages=shortages)).sentences[-1]).endswith("by 20 May 2020.")


def test_the_key_figures() -> None:
    figures = headline_of(small()).figures
    assert [(figure.label, plain(figure.value), figure.alarm) for figure in figures] == [
        ("Machines to add", "7", False),
        ("Worst-served tenant", "62.5 %", True),
        ("Scarcest resource", "110 %", True),
        ("Without a place", "5", True),
    ]
    assert figures[0].note == "1 of them physical servers; 6 exist already"
    assert figures[2].limit == pytest.approx(100 / 110 * 100, abs=0.001)


def test_the_date_of_the_stock_is_told() -> None:
    assert plain(headline_of(replace(small(), at="2020-05-01")).basis).endswith("the stock of 1 May 2020.")


def test_the_date_of_issue_is_told_and_is_that_of_the_stock_unless_another_is() -> None:
    headline = headline_of(replace(small(), issued="2020-03-17"))
    assert plain(headline.issued) == "17 March 2020"
    assert plain(headline.basis) == (
        "Issued on 17 March 2020. Sized for mid demand, with the stock of 17 March 2020."
    )
    later = headline_of(replace(small(), issued="2020-03-17", at="2020-05-01"))
    assert plain(later.basis).startswith("Issued on 17 March 2020. ")
    assert plain(later.basis).endswith("the stock of 1 May 2020.")
    assert headline_of(replace(small(), issued="")).issued == ""


# --- racks ----------------------------------------------------------------------------------------


def hosts_by_name() -> dict[str, HostMark]:
    figure = racks_figure(small())
    return {mark.name: mark for site in figure.sites for rack in site.racks for mark in rack.hosts}


def test_racks_stand_by_site_and_what_has_no_rack_comes_last() -> None:
    figure = racks_figure(small())
    assert [(site.name, [rack.label for rack in site.racks]) for site in figure.sites] == [
        ("north", ["n1", "n2"]),
        ("Not in a rack", [""]),
    ]
    assert plain(figure.sites[0].summary) == "3 hypervisors on line, 41 % of 400 GiB in use"


def test_racks_without_a_site_are_told_by_their_name_alone() -> None:
    data = small()
    figure = racks_figure(replace(data, racks=(replace(data.racks[1], name="n1"),)))
    assert [(site.name, site.racks[0].label) for site in figure.sites] == [("", "n1")]


def test_a_hypervisor_is_a_bar_of_memory_and_one_of_cores() -> None:
    mark = hosts_by_name()["pve-01"]
    assert mark.bar == bar(("before", 0.0, 25.0), ("new", 25.0, 50.0))
    assert mark.cores == bar(("before", 0.0, 12.5), ("new", 12.5, 25.0))
    assert (plain(mark.percent), mark.badge, mark.state) == ("75 %", "", "in-service")


def test_pointing_at_a_hypervisor_tells_its_new_machines() -> None:
    tip = plain(hosts_by_name()["pve-01"].tip)
    assert "Memory: 25 % before, 75 % after: 75 GiB of 100 GiB" in tip
    assert "Cores: 8 before, 24 after, of 64" in tip
    assert "5 new machines:\npve-01-guest: 01, 02, 03, 04, 05" in tip


def test_states_are_visibly_different() -> None:
    marks = hosts_by_name()
    assert (marks["shelf-01"].state, marks["shelf-01"].badge) == ("new", "new")
    assert (marks["pve-03"].state, marks["pve-03"].badge) == ("off-line", "off line")
    assert (marks["pve-03"].bar, marks["pve-03"].percent) == ((), "")


def test_memory_that_is_promised_twice_is_marked() -> None:
    data = small()
    rack = replace(data.racks[1], hosts=(host("pve-01", before=104, after=104),))
    mark = racks_figure(replace(data, racks=(rack,))).sites[0].racks[0].hosts[0]
    assert (plain(mark.percent), mark.over, mark.bar) == ("104 %", True, bar(("before", 0.0, 100.0)))


def test_servers_are_told_as_carriers_or_on_the_shelf() -> None:
    rack = racks_figure(small()).sites[0].racks[1]
    assert [(mark.name, mark.tier) for mark in rack.carriers] == [("shelf-02", "database")]
    assert "Carries eure-database-02" in rack.carriers[0].tip
    assert rack.shelf == ("shelf-03", "shelf-04")


def test_servers_that_carry_a_machine_already_are_told_apart_from_planned_ones() -> None:
    racks = racks_figure(small()).sites[0].racks
    assert [(rack.standing, len(rack.carriers)) for rack in racks] == [(("db-01", "db-02"), 0), ((), 1)]
    rows = {row.name: row.state for row in racks_figure(small()).rows}
    assert rows["db-01"] == "carries one machine already"
    assert rows["shelf-02"] == "will carry one database machine"


def test_more_hypervisors_than_a_cabinet_is_tall_stand_in_columns() -> None:
    racks = [rack for site in racks_figure(awkward()).sites for rack in site.racks]
    assert [rack.wide for rack in racks] == [True, False]


def test_the_lead_counts_everything_and_no_core_that_is_off_line() -> None:
    assert plain(racks_figure(small()).lead) == (
        "3 hypervisors in 2 racks: memory in use goes from 18.8 % to 41.3 % of 400 GiB; 24.2 % of the cores "
        "are busy then. 1 server becomes a hypervisor, 1 server will carry a machine, 2 servers carry a "
        "machine each already and 3 servers stay on the shelf. 1 hypervisor is off line."
    )


def test_the_legend_explains_only_what_is_to_be_seen() -> None:
    data = small()
    assert {kind for kind, _words in racks_figure(data).kinds} >= {
        "host-new", "carrier", "standing", "shelf", "offline",
    }  # fmt: skip
    only = racks_figure(replace(data, racks=(replace(data.racks[1], in_service=()),)))
    assert [kind for kind, _words in only.kinds] == ["before", "new", "free"]


def test_the_table_has_every_hypervisor_and_server() -> None:
    rows = {row.name: row for row in racks_figure(small()).rows}
    assert set(rows) == {
        "pve-01", "pve-02", "pve-03", "shelf-01", "shelf-02", "shelf-03", "shelf-04", "shelf-09",
        "db-01", "db-02",
    }  # fmt: skip
    assert (plain(rows["pve-01"].before), plain(rows["pve-01"].after)) == ("25 %", "75 %")
    assert rows["shelf-02"].machines == ("eure-database-02",)
    assert rows["shelf-09"].rack == "Not in a rack"


# --- tenants --------------------------------------------------------------------------------------


def test_the_worst_served_tenant_comes_first() -> None:
    figure = tenants_figure(small())
    assert [(row.name, plain(row.percent), row.bound) for row in figure.rows] == [
        ("eure", "62.5 %", "held back by web (sessions)"),
        ("orne", "100 %", "in full"),
    ]
    assert figure.rows[0].bar == bar(("served", 0.0, 62.5), ("missing", 62.5, 37.5))


def test_of_equally_served_tenants_the_one_that_lacks_more_comes_first() -> None:
    tenants = (
        tenant("alpha", need("web", "alpha", existing=1, new=1)),
        tenant("beta", need("web", "beta", existing=1, new=1, missing=1)),
    )
    assert [row.name for row in tenants_figure(replace(small(), tenants=tenants)).rows] == ["beta", "alpha"]


def test_tiers_are_columns_on_their_own_scale() -> None:
    figure = tenants_figure(small())
    assert figure.tiers == ("web", "database")
    web, database = figure.rows[0].cells
    assert web.bar == bar(("before", 0.0, 20.0), ("new", 20.0, 30.0), ("missing", 50.0, 50.0))
    assert (web.total, web.added, web.missing) == ("5", "+3", "5 missing")
    assert database.bar == bar(("before", 0.0, 50.0), ("new", 50.0, 50.0))
    assert database.alt == "database: 1 exist, 1 to add, 1 of these on servers of their own"
    assert figure.rows[1].cells[1].alt == ""
