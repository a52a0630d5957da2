# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The infrastructure of a tenant, tier by tier: what exists, what is added, what is missing."""

from __future__ import annotations

from ..core.parse_stock import UNKNOWN
from ..core.plan_records import Shortage
from ..core.report_views import NeedView
from .document import Align, Block, Column, Heading, Paragraph, Row, Table
from .subject import Subject


def infrastructure(subject: Subject) -> tuple[Block, ...]:
    """Return the machines of the tenant and those that all tenants share, and what share they serve."""
    texts, own, shared = subject.texts, subject.view.needs, subject.data.shared
    every = (*own, *shared)
    lacking = subject.lacks_machines
    heads = ["existing", "added", *(["lacking"] if lacking else []), "total"]
    rows = [Row(cells=(texts("infrastructure.yours"),)), *(_row(subject, need, lacking) for need in own)]
    if len(own) > 1:
        rows.append(_sum(subject, lacking))
    if shared:
        rows.append(Row(cells=(texts("infrastructure.shared"),)))
        rows += [_row(subject, need, lacking) for need in shared]
    return (
        Heading(text=texts("infrastructure")),
        Table(
            columns=(
                Column(head=texts("infrastructure.tier")),
                Column(head=texts("infrastructure.machine"), parts=1),
                *(Column(head=texts(f"infrastructure.{head}"), align=Align.RIGHT) for head in heads),
            ),
            rows=tuple(rows),
        ),
        Paragraph(
            text=" ".join(
                (
                    *_remarks(subject, every),
                    _share(subject),
                    *(_awaited(subject, short) for short in subject.shortages),
                )
            )
        ),
    )


def _row(subject: Subject, need: NeedView, lacking: bool) -> Row:
    texts = subject.texts
    total = texts.figure(need.total)
    if need.low != need.high:
        total = texts(
            "infrastructure.range", total=total, low=texts.figure(need.low), high=texts.figure(need.high)
        )
    return Row(
        cells=(
            texts(f"tier.{need.tier}"),
            _shape(subject, need),
            texts.figure(need.existing),
            texts.figure(need.new),
            *([texts.figure(need.missing) if need.missing else "–"] if lacking else []),
            total,
        ),
        strong=bool(need.missing),
    )


def _shape(subject: Subject, need: NeedView) -> str:
    texts = subject.texts
    shown = {
        "cores": texts.counted("infrastructure.cores", need.cores),
        "memory": texts.memory(need.memory_mib),
        "disk": texts.disk(need.disk_gib),
    }
    if need.data_disk_gib:
        return texts("infrastructure.shape_with_data", data=texts.disk(need.data_disk_gib), **shown)
    return texts("infrastructure.shape", **shown)


def _sum(subject: Subject, lacking: bool) -> Row:
    texts, needs = subject.texts, subject.view.needs
    return Row(
        cells=(
            texts("infrastructure.sum"),
            "",
            texts.figure(sum(need.existing for need in needs)),
            texts.figure(sum(need.new for need in needs)),
            *([texts.figure(sum(need.missing for need in needs))] if lacking else []),
            texts.figure(sum(need.total for need in needs)),
        ),
        strong=True,
    )


def _remarks(subject: Subject, needs: tuple[NeedView, ...]) -> list[str]:
    physical = sum(need.servers for need in subject.view.needs)
    remarks = []
    if any(need.low != need.high for need in needs):
        remarks.append(subject.texts("infrastructure.ranges"))
    if physical:
        remarks.append(subject.texts.counted("infrastructure.physical", physical))
    return remarks


def _share(subject: Subject) -> str:
    texts, bound = subject.texts, subject.bound
    if bound is not None and not subject.served_whole:
        return texts(
            "infrastructure.part",
            percent=texts.percent(subject.view.percent),
            tier=texts(f"tier.{bound.tier}"),
            have=texts.counted("machines", min(bound.existing + bound.new, bound.needed)),
            needed=texts.figure(bound.needed),
        )
    return texts("infrastructure.spare" if subject.lacks_machines else "infrastructure.all")


def _awaited(subject: Subject, short: Shortage) -> str:
    """Return until when machines of a tier are missing."""
    texts = subject.texts
    values = {
        "tier": texts(f"tier.{short.tier}"),
        "missing": texts.counted("infrastructure.missing", short.missing),
    }
    if short.until == UNKNOWN:
        return texts("infrastructure.until.unknown", **values)
    if short.until:
        return texts("infrastructure.until.day", day=texts.day(short.until), **values)
    return texts("infrastructure.until.never", **values)
