# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic that customers read: it is that of the demand, and what is shown can be computed again."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from fractions import Fraction
from itertools import product
from math import ceil

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.demand import tenant_demand
from ansible_collections.ent.renfort.plugins.module_utils.core.interval import Interval, Level
from ansible_collections.ent.renfort.plugins.module_utils.core.model import (
    Accounts,
    Figure,
    FigureKind,
    Tenant,
    Traffic,
    Unit,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.report_views import (
    FigureView,
    QuantityView,
    TenantView,
)
from ansible_collections.ent.renfort.plugins.module_utils.proposal.build import document_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.document import Row, Table
from ansible_collections.ent.renfort.plugins.module_utils.proposal.steps import steps_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.subject import subject_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.typography import Language
from tests.unit.proposal import samples

DEMANDS = list(product(FigureKind, (False, True)))


def between(low: float, mid: float, high: float) -> Interval:
    return Interval(low=Fraction(str(low)), mid=Fraction(str(mid)), high=Fraction(str(high)))


def a_tenant(kind: FigureKind, *, forecast: bool) -> Tenant:
    """Return a tenant of which no factor is known exactly, and no two are alike."""
    factors = {
        field.name: between(2 + number / 7, 3 + number / 5, 4 + number / 3)
        for number, field in enumerate(fields(Traffic))
    }
    value = between(900_000, 1_200_000, 2_000_000)
    return Tenant(
        name="eure",
        title="Eure",
        region="",
        schools=56,
        portals=("eure.ent.example",),
        priority=1,
        accounts=Accounts(pupils=30000, teachers=2800, parents=10640, staff=410),
        tiers=(),
        network="",
        figure=Figure(kind=kind, value=value, forecast=forecast, by_profile={"pupils": value}),
        traffic=Traffic(**factors),
    )


def view_of(tenant: Tenant) -> TenantView:
    """Return a tenant as the report shows it; its machines are not asked for here."""
    value = tenant.figure.value
    return replace(
        samples.served(),
        schools=tenant.schools,
        accounts={"pupils": 30000, "teachers": 2800, "parents": 10640, "staff": 410},
        figure=FigureView(
            kind=tenant.figure.kind.value,
            low=float(value.low),
            mid=float(value.mid),
            high=float(value.high),
            forecast=tenant.figure.forecast,
        ),
        traffic=tuple(
            QuantityView(
                unit=field.name,
                words="",
                low=float(factor.low),
                mid=float(factor.mid),
                high=float(factor.high),
            )
            for field in fields(Traffic)
            for factor in (getattr(tenant.traffic, field.name),)
        ),
    )


@pytest.mark.parametrize(("kind", "forecast"), DEMANDS)
@pytest.mark.parametrize("level", Level)
def test_the_steps_come_to_the_demand(kind: FigureKind, forecast: bool, level: Level) -> None:
    tenant = a_tenant(kind, forecast=forecast)
    expected = tenant_demand(tenant).quantities
    steps = {step.name: step for step in steps_of(view_of(tenant), level, Unit)}
    assert {unit.value for unit in Unit} <= set(steps)
    for unit in Unit:
        assert steps[unit].result == pytest.approx(float(expected[unit].at(level)), rel=1e-9), unit


@pytest.mark.parametrize(("kind", "forecast"), DEMANDS)
def test_every_step_starts_from_the_tenant_or_from_an_earlier_one(kind: FigureKind, forecast: bool) -> None:
    steps = steps_of(view_of(a_tenant(kind, forecast=forecast)), Level.MID, Unit)
    known = {"figure", "figure_of_a_school", "staff", "accounts"}
    assert steps[0].start in known
    for step in steps:
        assert step.start in known, step
        known.add(step.name)


def test_only_what_is_wanted_is_computed() -> None:
    steps = steps_of(samples.served(), Level.MID, [Unit.IO])
    assert [step.name for step in steps] == [
        "visits_per_day", Unit.VISITS, Unit.SESSIONS, Unit.REQUESTS, Unit.IO,
    ]  # fmt: skip


# --- what is shown --------------------------------------------------------------------------------


def number_in(text: str) -> float:
    found = re.match(r"[\d,]+(\.\d+)?", text)
    assert found, text
    value = float(found[0].replace(",", ""))
    return value / 100 if text[found.end() :].startswith("%") else value


def computed(how: str) -> float:
    """Compute a line of the English table from its text; what it explains in brackets is left out."""
    how = how.replace("\u00a0", " ")
    inner = re.search(r"÷ \((.*)\) =", how)
    if inner:
        return number_in(how) / computed(inner[1])
    first, *rest = re.split(r" ([×÷]) ", re.sub(r" \(.*?\)", "", how.partition(" = ")[0]))
    result = number_in(first)
    for sign, factor in zip(rest[::2], rest[1::2], strict=True):
        result = result * number_in(factor) if sign == "×" else result / number_in(factor)
    return result


def chain_rows(case: str) -> list[Row]:
    data, tenant = samples.CASES[case]
    tables = [it for it in document_of(data, tenant, Language.EN).blocks if isinstance(it, Table)]
    (chain,) = (table for table in tables if table.columns[1].head == "Arithmetic")
    return [row for row in chain.rows if len(row.cells) == 3]


@pytest.mark.parametrize("case", samples.CASES)
def test_every_line_can_be_computed_again_from_what_it_shows(case: str) -> None:
    rows = [row.cells for row in chain_rows(case) if re.search("[×÷]", row.cells[1])]
    assert rows
    for _name, how, result in rows:
        shown = number_in(how.partition(" = ")[2] or result)
        # Three digits of each of the factors are shown.
        assert computed(how) == pytest.approx(shown, rel=0.02), how


@pytest.mark.parametrize("case", samples.CASES)
def test_the_quantities_of_the_samples_follow_from_their_figures(case: str) -> None:
    data, tenant = samples.CASES[case]
    subject = subject_of(data, tenant, Language.FR)
    for step in steps_of(subject.view, subject.level, Unit):
        if step.name in tuple(Unit):
            expected = subject.chosen(subject.quantity(step.name))
            assert step.result == pytest.approx(expected, rel=1e-6), step.name


@pytest.mark.parametrize("case", list(samples.CASES)[:3])
def test_machines_are_the_quotient_rounded_up(case: str) -> None:
    data, tenant = samples.CASES[case]
    subject = subject_of(data, tenant, Language.FR)
    for need in (*subject.view.needs, *data.shared):
        quantity = subject.binding(need)
        if quantity is None:
            continue
        usable = need.per_machine * need.utilisation_percent / 100
        assert ceil(subject.chosen(quantity) / usable) == need.needed, need.tier


@pytest.mark.parametrize(
    ("case", "name", "how", "result"),
    [
        ("served", "Visits a day", "320,000 visits a month ÷ 20 school days", "16,000 visits/day"),
        (
            "served",
            "Visits a second",
            "16,000 visits/day × 15% in the busiest hour ÷ 3,600 s × 1.5 at its peak × 4 in the surge",
            "4 visits/s",
        ),
        (
            "by_minimum",
            "Visits a day",
            "1,067 visits a day and school × 15 schools",
            "16,000 visits/day",
        ),
        ("by_account", "Visits a day", "starting point, as estimated", "16,000 visits/day"),
        (
            "requested",
            "Visits a day",
            "8,192,000 requests a day ÷ 8 pages/visit ÷ 1.6 in the surge ÷ 10 requests/page",
            "64,000 visits/day",
        ),
        ("forecast", "Concurrent sessions", "starting point, as estimated", "2,400 sessions"),
        (
            "forecast",
            "Visits a second",
            "2,400 sessions ÷ 600 s a visit (8 min × 1.25 in the surge)",
            "4 visits/s",
        ),
        (
            "versatile_sessions",
            "Visits a second, normal times",
            "480 concurrent sessions ÷ 480 s a visit (8 min)",
            "1 visit/s",
        ),
        (
            "in_steps",
            "Web servers",
            "2,400 sessions ÷ 1,250 a machine = 1.92",
            "2 + 2 spare = 4, in steps of 2",
        ),
        (
            "by_minimum",
            "Web servers",
            "minimum of the service; the demand does not ask for more",
            "2 + 2 spare = 4, in steps of 2",
        ),
        ("by_minimum", "Authentication servers", "minimum of the service, whatever the demand", "2 machines"),
    ],
)
def test_lines_of_the_arithmetic(case: str, name: str, how: str, result: str) -> None:
    rows = {row.cells[0]: row.cells[1:] for row in chain_rows(case)}
    assert tuple(cell.replace("\u00a0", " ") for cell in rows[name]) == (how, result)
