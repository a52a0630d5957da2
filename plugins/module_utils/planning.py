# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the planner: the files are read, the plan is made, and it is written when it changed."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from .core.deliveries import with_deliveries
from .core.difference import difference
from .core.errors import InputError, PlanError
from .core.live import parse_live
from .core.model import Inputs
from .core.placement.solve import Tell
from .core.plan import Plan
from .core.planner import Outcome, make_plan
from .core.report import report_of
from .core.report_views import ReportData
from .inputs import Overlay, dump_plan, load_inputs, load_plan, plan_lock, write_plan
from .outputs import REPORT, output_files, write_outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is to be planned.

    ``today`` and ``date`` are ISO dates: no delivery can be announced for before ``today``, and with a
    ``date`` the plan is made as if what arrives by then were on the shelf. A plan with a ``date`` or a
    ``what_if`` file is only compared with the one without, never written. Report and proposals are written
    to ``report_dir``, if there is one.
    """

    inputs_dir: str
    path: Path
    hypervisors: Sequence[object]
    guests: Sequence[object]
    today: str = ""
    date: str = ""
    what_if: str = ""
    overlay: Overlay | None = None
    minimum_served_percent: float = 0.0
    report_dir: Path | None = None
    dry_run: bool = False

    @property
    def is_supposed(self) -> bool:
        """Whether the plan is made for a supposition and not to be carried out."""
        return bool(self.date or self.what_if)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a run came to: the texts of the plan file before and after, and the outcome behind it.

    ``outputs`` names the report and proposals that differ from those that were there.
    """

    path: Path
    before: str
    after: str
    outcome: Outcome
    report: ReportData
    supposed: bool = False
    outputs: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether a file is, or would be, another one; a supposition changes nothing."""
        return not self.supposed and (self.after != self.before or bool(self.outputs))


def plan_fleet(request: Request, tell: Tell) -> Planned:
    """Make the plan, and write it when it changed and this is neither a dry run nor a supposition.

    Raises:
        InputError: the inputs are wrong or contradict each other.
        PlanError: no plan can be made, or it would serve a tenant less than is asked for.
        RenfortError: a file cannot be read or written, or another run holds the lock of the plan.
    """
    _check_date("today", request.today)
    _check_date("date", request.date)
    writes = not (request.dry_run or request.is_supposed)
    inputs = load_inputs(request.inputs_dir, today=request.today, overlay=request.overlay)
    live = parse_live(request.hypervisors, request.guests, source="ent.renfort.fleet_plan")
    with plan_lock(request.path) if writes else contextlib.nullcontext():
        current = load_plan(request.path, missing_ok=True)
        before = request.path.read_text(encoding="utf-8") if request.path.exists() else ""
        outcome = make_plan(inputs, live, current, tell=tell)
        if request.is_supposed:
            before = dump_plan(outcome.plan)
            inputs, without = _supposed(request), outcome.plan
            tell("planning again with what is supposed")
            outcome = make_plan(inputs, live, without, tell=tell)
            outcome = replace(
                outcome, summary=(*outcome.summary, *difference(without, outcome.plan, outcome.changes))
            )
        _check_served(outcome.plan, request.minimum_served_percent)
        after = dump_plan(outcome.plan)
        if writes and after != before:
            write_plan(request.path, outcome.plan)
        report = report_of(inputs, outcome, issued=request.today, at=request.date)
        outputs: tuple[str, ...] = ()
        if request.report_dir is not None and not request.is_supposed and _reports(request, before, after):
            files = output_files(report, tell)
            outputs = write_outputs(request.report_dir, files, dry_run=request.dry_run)
    return Planned(
        path=request.path,
        before=before,
        after=after,
        outcome=outcome,
        report=report,
        supposed=request.is_supposed,
        outputs=outputs,
    )


def _reports(request: Request, before: str, after: str) -> bool:
    """Tell whether report and proposals are due: they are of a plan as it was decided.

    Made again once the machines exist, they would tell of nothing to do.
    """
    missing = request.report_dir is not None and not (request.report_dir / REPORT).exists()
    return after != before or missing


def as_result(planned: Planned) -> dict[str, Any]:
    """Return a run as the module's result."""
    outcome = planned.outcome
    plan = outcome.plan.to_data()
    return {
        "changed": planned.changed,
        "diff": {
            "before": planned.before,
            "after": planned.after,
            "before_header": f"{planned.path}{' without what is supposed' if planned.supposed else ''}",
            "after_header": f"{planned.path}{' with what is supposed' if planned.supposed else ''}",
        },
        "plan": plan,
        "summary": list(outcome.summary),
        "outputs": list(planned.outputs),
        "servers": plan["servers"],
        "shortages": plan["shortages"],
        "served": plan["served"],
        "stages": plan["stages"],
        "orders": plan["orders"],
        "proofs": [asdict(proof) for proof in planned.report.proofs],
        "changes": [asdict(change) for change in outcome.changes],
    }


def warnings_of(planned: Planned) -> list[str]:
    """Return what an operator must not overlook: each shortage in one line."""
    return [
        f"Shortage: {short.missing} {short.tier} for {short.tenant or 'all tenants'}: {short.reason}."
        for short in planned.outcome.plan.shortages
    ]


def _check_date(option: str, text: str) -> None:
    try:
        right = not text or date.fromisoformat(text).isoformat() == text
    except ValueError:
        right = False
    if not right:
        raise InputError(
            file="ent.renfort.fleet_plan",
            key=option,
            problem=f'"{text}" is not a date',
            expected="a date such as 2020-04-20",
        )


def _supposed(request: Request) -> Inputs:
    inputs = load_inputs(
        request.inputs_dir, today=request.today, overlay=request.overlay, what_if=request.what_if
    )
    return replace(inputs, stock=with_deliveries(inputs.stock, request.date)) if request.date else inputs


def _check_served(plan: Plan, minimum: float) -> None:
    worst = min(plan.served, key=lambda item: (item.percent, item.tenant), default=None)
    if worst is None or worst.percent >= minimum:
        return
    reasons = {(short.tier, short.tenant): short.reason for short in plan.shortages}
    why = reasons.get((worst.bound_by, worst.tenant)) or reasons.get((worst.bound_by, ""), "")
    raise PlanError(
        f"The plan would serve {worst.percent:.2f} % of the demand of {worst.tenant}, and at least "
        f"{minimum:g} % is asked for; {worst.bound_by} binds: {why}. The plan file was left as it is.",
        hint="Add stock, lower what is asked for, or set renfort_minimum_served_percent lower.",
    )


def result_of_failure(error: Exception) -> Mapping[str, Any]:
    """Return the module's result of a failure; ``impossible`` when the inputs are right and no plan is."""
    return {"failed": True, "changed": False, "msg": str(error), "impossible": isinstance(error, PlanError)}
