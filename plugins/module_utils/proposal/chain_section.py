# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the tenant's own figure to machines: every factor is there, so that anyone can compute it again."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.model import FigureKind, Unit
from ..core.report_views import NeedView
from .document import Align, Block, Column, Heading, Paragraph, Row, Table
from .steps import FIGURE, SCHOOL_FIGURE, Factor, Step, at, steps_of
from .subject import Subject
from .texts import Texts
from .typography import NO_BREAK


def chain(subject: Subject) -> tuple[Block, ...]:
    """Return the arithmetic from the tenant's figure to machines."""
    texts = subject.texts
    needs = list(subject.view.needs)
    if subject.bound is not None and subject.bound not in needs:
        needs.append(subject.bound)
    rows = [Row(cells=(texts("chain.quantities"),))]
    rows += [_row(subject, step) for step in steps_of(subject.view, subject.level, _units(subject, needs))]
    rows.append(Row(cells=(texts("chain.numbers"),)))
    rows += [_machines(subject, need) for need in needs]
    return (
        Heading(text=texts("chain")),
        Table(
            columns=(
                Column(head=texts("chain.step")),
                Column(head=texts("chain.how"), parts=1),
                Column(head=texts("chain.result"), align=Align.RIGHT),
            ),
            rows=tuple(rows),
        ),
        Paragraph(text=texts("chain.notes")),
    )


def figure_of(subject: Subject) -> str:
    """Return the tenant's own figure, for a sentence: ``666 667 visites par mois, en temps ordinaire``."""
    figure = subject.view.figure
    when = "figure.forecast" if figure.forecast else "figure.normal"
    return subject.texts(when, figure=_own(subject, _own_value(subject)))


def _own_value(subject: Subject) -> float:
    value = at(subject.view.figure, subject.level)
    per_school = subject.view.figure.kind == FigureKind.VISITS_PER_SCHOOL
    return value / subject.view.schools if per_school else value


def _own(subject: Subject, value: float) -> str:
    return subject.texts.counted(f"figure.{subject.view.figure.kind}", value)


def _units(subject: Subject, needs: Iterable[NeedView]) -> list[Unit]:
    return [Unit(quantity.unit) for need in needs if (quantity := subject.binding(need)) is not None]


def _row(subject: Subject, step: Step) -> Row:
    texts = subject.texts
    is_quantity = step.name in tuple(Unit)
    value = subject.chosen(subject.quantity(step.name)) if is_quantity else step.result
    if step.factors:
        how = " ".join((_start(subject, step), *(_factor(texts, factor) for factor in step.factors)))
    else:
        how = texts("chain.given" if step.start == FIGURE else "chain.accounts")
    return Row(
        cells=(texts(f"unit.{step.name}"), texts.plain(how), texts.counted(f"quantity.{step.name}", value))
    )


def _start(subject: Subject, step: Step) -> str:
    if step.start in (FIGURE, SCHOOL_FIGURE):
        return _own(subject, step.value)
    key = "accounts" if step.start == "staff" else "quantity"
    return subject.texts.counted(f"{key}.{step.start}", step.value)


def _factor(texts: Texts, factor: Factor) -> str:
    key = "number" if factor.name in ("1000", "1024") else factor.name
    shown = texts.told(
        f"factor.{key}",
        factor.shown,
        minutes=texts.figure(factor.minutes),
        surge=texts.figure(factor.surge),
    )
    # A line ends before the sign, never after it.
    return f"{'÷' if factor.over else '×'}{NO_BREAK}{shown}"


def _machines(subject: Subject, need: NeedView) -> Row:
    texts, quantity = subject.texts, subject.binding(need)
    if quantity is None:
        how = texts("chain.minimum" if need.binding_unit else "chain.fixed")
    else:
        value, used = subject.chosen(quantity), need.utilisation_percent
        asked = value / (need.per_machine * used / 100)
        how = texts(
            "chain.machines" if used == 100 else "chain.utilised",
            quantity=texts.counted(f"quantity.{quantity.unit}", value),
            each=texts.figure(need.per_machine),
            used=texts.figure(used),
            asked=texts.figure(asked),
        )
    name = texts(f"tier.{need.tier}")
    if not need.tenant:
        name = texts("chain.shared", tier=name)
    return Row(cells=(name, how, _total(texts, need)))


def _total(texts: Texts, need: NeedView) -> str:
    if not need.spare:
        return texts.counted("machines", need.needed)
    return texts(
        "chain.spare" if need.step == 1 else "chain.steps",
        needed=texts.figure(need.needed),
        spare=texts.figure(need.spare),
        total=texts.figure(need.total),
        step=texts.figure(need.step),
    )
