# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report as one HTML page that needs nothing else: no file beside it, no network, no script to read it.

What the figures show is computed beside this file, as values; the templates only write them down. The same
data gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..core.report_views import ReportData
from .arithmetic import Arithmetic, arithmetic_of
from .binding import BindingFigure, binding_figure
from .demand import DemandFigure, demand_figure
from .headline import Headline, headline_of
from .proofs import ProofTable, proof_table
from .racks import RacksFigure, racks_figure
from .shortage import ShortageFigure, shortage_figure
from .tenants import TenantsFigure, tenants_figure
from .timeline import Timeline, timeline_of

TEMPLATES = Path(__file__).with_name("templates")
"""The templates, beside this file."""

SECTIONS = (
    ("racks", "Racks"),
    ("tenants", "Tenants"),
    ("binding", "What binds"),
    ("shortage", "Shortage"),
    ("deliveries", "Deliveries"),
    ("demand", "Demand"),
    ("proof", "Proof"),
    ("arithmetic", "Arithmetic"),
)
"""The anchors and names of the sections, in the page's order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Everything that the page shows, in its order."""

    title: str
    sections: tuple[tuple[str, str], ...]
    headline: Headline
    racks: RacksFigure
    tenants: TenantsFigure
    binding: BindingFigure
    shortage: ShortageFigure
    timeline: Timeline
    demand: DemandFigure
    proofs: ProofTable
    arithmetic: Arithmetic


def page_of(data: ReportData, *, title: str) -> Page:
    """Return what the page shows of a report."""
    return Page(
        title=title,
        sections=SECTIONS,
        headline=headline_of(data),
        racks=racks_figure(data),
        tenants=tenants_figure(data),
        binding=binding_figure(data),
        shortage=shortage_figure(data),
        timeline=timeline_of(data),
        demand=demand_figure(data),
        proofs=proof_table(data),
        arithmetic=arithmetic_of(data),
    )


def render_report(data: ReportData, *, title: str) -> str:
    """Return the report as an HTML page.

    Args:
        data: the values, as `report_of` returns them.
        title: what the plan is for, such as the name of the environment.
    """
    pages = Environment(
        loader=FileSystemLoader(TEMPLATES, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return pages.get_template("page.html.j2").render(page=page_of(data, title=title))
