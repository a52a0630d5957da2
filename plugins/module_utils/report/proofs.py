# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is proved about the placement, level by level."""

from __future__ import annotations

from dataclasses import dataclass

from ..core.placement.levels import LOSS, WORST
from ..core.report_views import ProofView, ReportData
from .wording import capital, number, percent


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofRow:
    """One level; ``best`` tells that its value is proved to be the best."""

    level: str
    value: str
    bound: str
    gap: str
    method: str
    best: bool
    verdict: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofTable:
    """The levels in their order: a later one never costs an earlier one."""

    lead: str
    rows: tuple[ProofRow, ...]


def proof_table(data: ReportData) -> ProofTable:
    """Return the table of proofs."""
    return ProofTable(lead=_lead(data), rows=tuple(_row(proof) for proof in data.proofs))


def _lead(data: ReportData) -> str:
    if not data.proofs:
        return "Nothing is proved: no placement was looked for."
    best = sum(1 for proof in data.proofs if proof.gap == 0)
    worst = next((proof for proof in data.proofs if proof.level == WORST), None)
    levels = f"{best} of {len(data.proofs)} levels are proved to be the best that there is."
    if worst is None or worst.gap:
        return levels
    return f"No placement on this hardware serves the worst-served tenant better. {levels}"


def _row(proof: ProofView) -> ProofRow:
    return ProofRow(
        level=capital(proof.level),
        value=_show(proof, proof.value),
        bound=_show(proof, proof.bound),
        gap=percent(proof.gap, 2) if proof.gap else "none",
        method=proof.method,
        best=proof.gap == 0,
        verdict="nothing better exists" if proof.gap == 0 else "a better one may exist",
    )


def _show(proof: ProofView, value: float) -> str:
    if proof.level == LOSS:
        return "kept" if value else "not kept"
    return percent(value, 2) if proof.unit == "%" else number(value)
