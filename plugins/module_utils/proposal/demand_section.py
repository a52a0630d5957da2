# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beginning of a proposal: whom it is for, what it answers, and the demand from low to high."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.interval import Level
from ..core.model import Unit
from ..core.options import OptionKind
from .chain_section import figure_of
from .document import Align, Block, Column, Facts, Heading, Note, Paragraph, Row, Table
from .options_section import option_name, when_phrase
from .subject import Subject, whole
from .texts import Texts

SHOWN: tuple[Unit, ...] = (Unit.VISITS, Unit.SESSIONS, Unit.REQUESTS, Unit.LOGINS, Unit.MESSAGES)
"""The quantities that every proposal shows; those that decide a number of machines are added."""

_PROFILES = ("pupils", "teachers", "parents", "staff")


def opening(subject: Subject) -> tuple[Block, ...]:
    """Return whom a proposal is for, what it comes to, and why it is made."""
    texts, view = subject.texts, subject.view
    schools = texts.counted("schools", view.schools)
    portals = texts.counted("who.portals", len(view.portals))
    issued = ((texts("who.issued"), texts.day(subject.data.issued)),) if subject.data.issued else ()
    return (
        Facts(
            facts=(
                *issued,
                (texts("who.scope"), " · ".join((schools, *filter(None, (texts.plain(view.region),))))),
                (texts("who.accounts"), _accounts(texts, view.accounts)),
                (portals, ", ".join(view.portals)),
                (texts("who.stock"), _stock(subject)),
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
    intro = texts("demand.figure", figure=figure_of(subject))
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


def _stock(subject: Subject) -> str:
    texts, data = subject.texts, subject.data
    if data.at:
        return texts("who.stock.at", day=texts.day(data.at))
    return texts("who.stock.issued", day=texts.day(data.issued)) if data.issued else texts("who.stock.now")


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
