# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beginning of a proposal: whom it is for, what it answers, and from visits to machines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..core.interval import Level
from ..core.model import Unit
from ..core.options import OptionKind
from ..core.report import NeedView, QuantityView
from .document import Align, Block, Column, Facts, Heading, Note, Paragraph, Row, Table
from .options_section import option_name, when_phrase
from .subject import Subject, whole
from .texts import Texts

SHOWN: tuple[Unit, ...] = (Unit.VISITS, Unit.SESSIONS, Unit.REQUESTS, Unit.LOGINS, Unit.MESSAGES)
"""The quantities that every proposal shows; those that decide a number of machines are added."""

BASES: Mapping[Unit, Unit] = {
    Unit.SESSIONS: Unit.VISITS,
    Unit.REQUESTS: Unit.VISITS,
    Unit.CONNECTIONS: Unit.VISITS,
    Unit.CONNECTION_MEMORY: Unit.CONNECTIONS,
    Unit.HANDSHAKES: Unit.VISITS,
    Unit.LOGINS: Unit.VISITS,
    Unit.MESSAGES: Unit.VISITS,
    Unit.MAIL: Unit.MESSAGES,
    Unit.DATABASE_CONNECTIONS: Unit.REQUESTS,
    Unit.IO: Unit.REQUESTS,
}
"""What each quantity is a multiple of; one that is not here is a value of the project."""

_PROFILES = ("pupils", "teachers", "parents", "staff")


def opening(subject: Subject) -> tuple[Block, ...]:
    """Return whom a proposal is for, what it comes to, and why it is made."""
    texts, view = subject.texts, subject.view
    schools = texts.counted("schools", view.schools)
    portals = texts.counted("who.portals", len(view.portals))
    stock = texts("who.stock.at", day=texts.day(subject.data.at)) if subject.data.at else None
    return (
        Facts(
            facts=(
                (texts("who.scope"), " · ".join((schools, *filter(None, (texts.plain(view.region),))))),
                (texts("who.accounts"), _accounts(texts, view.accounts)),
                (portals, ", ".join(view.portals)),
                (texts("who.stock"), stock or texts("who.stock.now")),
            )
        ),
        Note(lead=texts("verdict"), text=_verdict(subject)),
        Heading(text=texts("context")),
        Paragraph(text=_purpose(subject)),
    )


def demand(subject: Subject) -> tuple[Block, ...]:
    """Return the demand from low to high."""
    texts = subject.texts
    quantities = [subject.quantity(unit) for unit in _shown_units(subject)]
    intro = texts("demand.figure", visits=_quantity(subject, subject.quantity(Unit.VISITS)))
    if all(quantity.low == quantity.high for quantity in quantities):
        heads: tuple[str, ...] = (texts("demand.estimate"),)
        parts = (0, 0)
        levels: tuple[Level, ...] = (subject.level,)
        marked = None
    else:
        heads = tuple(texts(f"demand.{level}") for level in Level)
        parts = (4, 3)
        levels = tuple(Level)
        marked = 1 + levels.index(subject.level)
        intro = f"{intro} {texts('demand.level', level=texts(f'level.{subject.level}'))}"
    return (
        Heading(text=texts("demand")),
        Paragraph(text=intro),
        Table(
            columns=(
                Column(head=texts("demand.quantity"), parts=parts[0]),
                *(Column(head=head, align=Align.RIGHT, parts=parts[1]) for head in heads),
            ),
            rows=tuple(
                Row(
                    cells=(
                        texts(f"unit.{quantity.unit}"),
                        *(texts.figure(getattr(quantity, level)) for level in levels),
                    )
                )
                for quantity in quantities
            ),
            marked=marked,
        ),
    )


def chain(subject: Subject) -> tuple[Block, ...]:
    """Return the arithmetic from visits to machines."""
    texts = subject.texts
    needs = list(subject.view.needs)
    if subject.bound is not None and subject.bound not in needs:
        needs.append(subject.bound)
    rows = [Row(cells=(texts("chain.quantities"),))]
    rows += [_step(subject, unit) for unit in _steps(subject, needs)]
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


def _accounts(texts: Texts, accounts: Mapping[str, int]) -> str:
    profiles = tuple(
        texts.counted(f"accounts.{profile}", accounts[profile])
        for profile in _PROFILES
        if accounts.get(profile, 0)
    )
    if len(profiles) == 1:
        return profiles[0]
    total = sum(accounts.values())
    return texts("accounts.all", total=texts.figure(total), profiles=texts.joined(profiles))


def _purpose(subject: Subject) -> str:
    if subject.served_whole:
        return subject.texts("context.all")
    return subject.texts("context.part" if subject.has_choice else "context.only")


def _verdict(subject: Subject) -> str:
    texts, view = subject.texts, subject.view
    if subject.served_whole:
        whole_demand = texts("verdict.all", sessions=subject.sessions())
        return f"{whole_demand} {texts('verdict.spare')}" if subject.lacks_machines else whole_demand
    now = next(option for option in view.options if option.kind is OptionKind.STOCK)
    asked = whole(subject.chosen(subject.quantity(Unit.SESSIONS)))
    verdict = texts(
        "verdict.part",
        percent=texts.percent(view.percent),
        sessions=texts.counted("verdict.sessions", now.sessions, asked=texts.figure(asked)),
    )
    if not subject.has_choice:
        return f"{verdict} {texts('verdict.nothing')}"
    best = subject.recommended
    recommended = texts(
        "verdict.recommended",
        option=option_name(subject, best),
        percent=texts.percent(best.percent),
        when=when_phrase(subject, best),
    )
    return f"{verdict} {recommended}"


def _shown_units(subject: Subject) -> list[Unit]:
    binding = {quantity.unit for need in subject.view.needs if (quantity := subject.binding(need))}
    binding.discard(Unit.ACCOUNTS)  # told at the beginning, and without an estimate
    return [
        unit
        for unit in (*SHOWN, *(unit for unit in Unit if unit not in SHOWN))
        if unit in SHOWN or unit.value in binding
    ]


def _steps(subject: Subject, needs: Iterable[NeedView]) -> list[Unit]:
    """Return the units from visits to those that decide the numbers of machines, each after its base."""
    found = {Unit.VISITS, Unit.SESSIONS}
    for need in needs:
        quantity = subject.binding(need)
        unit = Unit(quantity.unit) if quantity else None
        while unit is not None:
            found.add(unit)
            unit = BASES.get(unit)
    order = (Unit.VISITS, *(unit for unit in Unit if unit is not Unit.VISITS))
    return [unit for unit in order if unit in found]


def _step(subject: Subject, unit: Unit) -> Row:
    texts, quantity = subject.texts, subject.quantity(unit)
    value = subject.chosen(quantity)
    base = subject.quantity(BASES[unit]) if unit in BASES else None
    if unit is Unit.VISITS:
        how = texts("chain.visits")
    elif base is None:
        how = texts(f"given.{unit}")
    else:
        times = value / subject.chosen(base) if subject.chosen(base) else 0
        ratio = texts.counted(f"ratio.{unit}", times, minutes=texts.figure(times / 60))
        how = texts("chain.product", base=_quantity(subject, base), ratio=ratio)
    return Row(cells=(texts(f"unit.{unit}"), how, _shown(texts, unit, value)))


def _machines(subject: Subject, need: NeedView) -> Row:
    texts, quantity = subject.texts, subject.binding(need)
    needed = texts.counted("machines", need.needed)
    if quantity is None or not need.needed:
        how = texts("chain.minimum", needed=needed)
    else:
        value = subject.chosen(quantity)
        each = texts.figure(value / need.needed)
        how = texts("chain.machines", quantity=_shown(texts, quantity.unit, value), needed=needed, each=each)
    name = texts(f"tier.{need.tier}")
    if not need.tenant:
        name = texts("chain.shared", tier=name)
    result = needed
    if need.spare:
        result = texts("chain.spare", needed=texts.figure(need.needed), spare=texts.figure(need.spare))
    return Row(cells=(name, how, result))


def _quantity(subject: Subject, quantity: QuantityView) -> str:
    return _shown(subject.texts, quantity.unit, subject.chosen(quantity))


def _shown(texts: Texts, unit: str, value: float) -> str:
    return texts.counted(f"quantity.{unit}", value)
