# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How every number of machines comes about, tenant by tenant, and what a tenant can choose from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from ..core.options import Option, OptionKind
from ..core.report_views import NeedView, ReportData, TenantView
from ..core.text import count
from .wording import capital, day_or_unknown, listing, memory, percent, span, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedRow:
    """The machines of one tier: how many, why, what decides it and how large one is."""

    tier: str
    total: str
    arithmetic: str
    binding: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionRow:
    """One way to serve the tenant."""

    title: str
    percent: str
    sessions: str
    waiting: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One tenant, or what all share, to be unfolded."""

    name: str
    title: str
    summary: str
    steps: tuple[str, ...]
    needs: tuple[NeedRow, ...]
    options: tuple[OptionRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arithmetic:
    """All blocks, tenants by title; ``changes`` are those that add nothing, with their reason."""

    blocks: tuple[Block, ...]
    changes: tuple[tuple[str, str, str], ...]
    changes_words: str


def arithmetic_of(data: ReportData) -> Arithmetic:
    """Return the arithmetic."""
    titles = {measure.name: measure.title.get("en", measure.name) for measure in data.measures}
    blocks = [
        _tenant(tenant, titles) for tenant in sorted(data.tenants, key=lambda item: (item.title, item.name))
    ]
    blocks += [_shared(data)] if data.shared else []
    other = [change for change in data.changes if change.action != "add"]
    actions = Counter(change.action for change in other)
    words = listing([f"{number} to {action}" for action, number in sorted(actions.items())])
    return Arithmetic(
        blocks=tuple(blocks),
        changes=tuple((change.action, change.machine, change.reason) for change in other),
        changes_words=words,
    )


def _tenant(tenant: TenantView, measures: dict[str, str]) -> Block:
    return Block(
        name=tenant.name,
        title=tenant.title,
        summary=_summary(tenant.needs),
        steps=tenant.steps,
        needs=tuple(_need(need) for need in tenant.needs),
        options=tuple(_option(option, measures) for option in tenant.options) if tenant.percent < 100 else (),
    )


def _shared(data: ReportData) -> Block:
    return Block(
        name="all-tenants",
        title="Shared by all tenants",
        summary=_summary(data.shared),
        steps=(),
        needs=tuple(_need(need) for need in data.shared),
        options=(),
    )


def _summary(needs: Iterable[NeedView]) -> str:
    listed = list(needs)
    machines = count(sum(need.total for need in listed), "machine")
    return f"{machines}: {', '.join(f'{need.tier} {whole(need.total)}' for need in listed)}"


def _need(need: NeedView) -> NeedRow:
    return NeedRow(
        tier=need.tier,
        total=whole(need.total),
        arithmetic=need.arithmetic,
        binding="its minimum" if need.by_minimum else need.binding,
        size=f"{need.cores} vCPUs, {memory(need.memory_mib)}, {_disks(need)}",
    )


def _disks(need: NeedView) -> str:
    system = f"{whole(need.disk_gib)} GiB of disk"
    return f"{system} and {whole(need.data_disk_gib)} GiB of data disk" if need.data_disk_gib else system


def _option(option: Option, measures: dict[str, str]) -> OptionRow:
    return OptionRow(
        title=_option_title(option, measures),
        percent=percent(option.percent),
        sessions=whole(option.sessions),
        waiting=whole(option.waiting),
    )


def _option_title(option: Option, measures: dict[str, str]) -> str:
    if option.kind is OptionKind.STOCK:
        return "With the stock"
    if option.kind is OptionKind.DELIVERY:
        when = span(option.earliest, option.when) if option.earliest else day_or_unknown(option.when)
        return f"Once {listing(option.brings)} has arrived ({when})"
    if option.kind is OptionKind.ORDER:
        return f"With an order of {listing(option.brings)}"
    return f"With measures: {capital(listing([measures.get(name, name) for name in option.brings]))}"
