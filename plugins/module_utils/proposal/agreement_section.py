# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a proposal: its conditions, what is uncertain, and the place to sign."""

from __future__ import annotations

from ..core.interval import Level
from ..core.model import Unit
from ..core.options import Option, OptionKind
from .document import Agreement, Block, Heading, Item, Items
from .options_section import option_title, when_phrase
from .subject import Subject, whole


def conditions(subject: Subject) -> tuple[Block, ...]:
    """Return what the proposal depends on."""
    texts = subject.texts
    kinds = {option.kind for option in subject.view.options}
    awaited = any(short.until for short in subject.shortages)
    items = [
        Item(lead=f"{texts('conditions.estimate')}.", text=_estimate(subject)),
        Item(lead=f"{texts('conditions.stock')}.", text=_validity(subject)),
    ]
    if awaited or kinds & {OptionKind.DELIVERY, OptionKind.ORDER}:
        items.append(Item(lead=f"{texts('conditions.dates')}.", text=texts("conditions.dates.text")))
    if OptionKind.MEASURES in kinds:
        items.append(Item(lead=f"{texts('conditions.measures')}.", text=texts("conditions.measures.text")))
    items.append(Item(lead=f"{texts('conditions.price')}.", text=texts("conditions.price.text")))
    return (Heading(text=texts("conditions")), Items(items=tuple(items)))


def agreement(subject: Subject) -> tuple[Block, ...]:
    """Return the choices to tick and the place to sign."""
    texts, view = subject.texts, subject.view
    if subject.served_whole:
        intro, choices = texts("agreement.all"), [texts("agreement.accept")]
    else:
        intro = texts("agreement.part" if subject.has_choice else "agreement.only")
        choices = [_choice(subject, option) for option in view.options]
    return (
        Heading(text=texts("agreement")),
        Agreement(
            intro=intro,
            choices=tuple(choices),
            parties=(
                texts("agreement.customer", title=view.title),
                texts("agreement.operator"),
            ),
            fields=tuple(texts(f"agreement.{field}") for field in ("name", "date", "signature")),
        ),
    )


def _choice(subject: Subject, option: Option) -> str:
    return subject.texts(
        "option.chosen",
        title=option_title(subject, option),
        percent=subject.texts.percent(option.percent),
        when=when_phrase(subject, option),
    )


def _validity(subject: Subject) -> str:
    texts, day = subject.texts, subject.data.at or subject.data.issued
    valid = texts("conditions.valid.at", day=texts.day(day)) if day else texts("conditions.valid")
    return texts("conditions.stock.text", stock=valid)


def _estimate(subject: Subject) -> str:
    texts, sessions = subject.texts, subject.quantity(Unit.SESSIONS)
    if sessions.low == sessions.high:
        return texts("conditions.estimate.exact", chosen=subject.sessions())
    return texts(
        "conditions.estimate.between",
        low=texts.figure(whole(sessions.low)),
        high=subject.sessions(Level.HIGH),
        chosen=subject.sessions(),
    )
