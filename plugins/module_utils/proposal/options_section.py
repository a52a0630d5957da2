# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the customer can choose from, the recommended option first, and what each one asks of users."""

from __future__ import annotations

from ..core.options import Option, OptionKind
from ..core.parse_stock import UNKNOWN
from .document import Align, Bar, Bars, Block, Column, Heading, Item, Items, Paragraph, Row, Table
from .subject import Subject


def options(subject: Subject) -> tuple[Block, ...]:
    """Return the options with what each serves, from when, and what it means for users."""
    texts, ranked = subject.texts, subject.view.options
    return (
        Heading(text=texts("options")),
        Paragraph(text=texts("options.order" if subject.has_choice else "options.only")),
        _figure(subject),
        Table(
            columns=(
                Column(head=texts("options.option"), parts=11),
                Column(head=texts("options.served"), align=Align.RIGHT, parts=4),
                Column(head=texts("options.admitted"), align=Align.RIGHT, parts=4),
                Column(head=texts("options.waiting"), align=Align.RIGHT, parts=4),
                Column(head=texts("options.from"), parts=9),
            ),
            rows=tuple(_row(subject, option) for option in ranked),
        ),
        Items(items=tuple(_item(subject, option) for option in ranked)),
    )


def option_name(subject: Subject, option: Option) -> str:
    """Return ``l’option 1 (« Livraison annoncée »)``, for a sentence."""
    return subject.texts("option.referred", number=_number(subject, option), name=_kind(subject, option))


def option_title(subject: Subject, option: Option) -> str:
    """Return ``Option 1 : Livraison annoncée``."""
    return subject.texts("option.titled", number=_number(subject, option), name=_kind(subject, option))


def when_phrase(subject: Subject, option: Option) -> str:
    """Return from when an option holds, for a sentence."""
    return _when(subject, option, prefix="by")


def _number(subject: Subject, option: Option) -> str:
    return str(subject.view.options.index(option) + 1)


def _kind(subject: Subject, option: Option) -> str:
    return subject.texts(f"option.{option.kind}")


def _when(subject: Subject, option: Option, *, prefix: str) -> str:
    texts, at = subject.texts, subject.data.at
    if option.when == UNKNOWN:
        return texts(f"{prefix}.unknown")
    if option.when:
        return texts.period(option.earliest, option.when)
    return texts(f"{prefix}.at", day=texts.day(at)) if at else texts(f"{prefix}.now")


def _figure(subject: Subject) -> Bars:
    texts = subject.texts
    bars = tuple(
        Bar(
            label=option_title(subject, option),
            percent=option.percent,
            shown=texts.percent(option.percent),
            strong=option is subject.recommended,
        )
        for option in subject.view.options
    )
    described = "; ".join(texts("options.figure.bar", label=bar.label, percent=bar.shown) for bar in bars)
    return Bars(caption=texts("options.figure"), described=texts.plain(described), bars=bars)


def _row(subject: Subject, option: Option) -> Row:
    texts = subject.texts
    title = texts("option.listed", number=_number(subject, option), name=_kind(subject, option))
    best = subject.has_choice and option is subject.recommended
    return Row(
        cells=(
            texts("option.recommended", name=title) if best else title,
            texts.percent(option.percent),
            texts.figure(option.sessions),
            texts.figure(option.waiting),
            _when(subject, option, prefix="date"),
        ),
        strong=best,
    )


def _item(subject: Subject, option: Option) -> Item:
    sentences = [*_ways(subject, option), _users(subject, option)]
    if option is subject.recommended and option.when:
        sentences.append(_meanwhile(subject))
    measures: tuple[Item, ...] = ()
    if option.kind is OptionKind.MEASURES:
        sentences.append(subject.texts("measures.seen"))
        measures = _measures(subject, option)
    text = " ".join(sentence for sentence in sentences if sentence)
    return Item(lead=f"{option_title(subject, option)}.", text=text, items=measures)


def _ways(subject: Subject, option: Option) -> list[str]:
    """Return how an option brings capacity, in sentences."""
    texts = subject.texts
    if option.kind is OptionKind.DELIVERY:
        names = texts.joined(tuple(texts("delivery.name", name=name) for name in option.brings))
        if option.when == UNKNOWN:
            way = texts("delivery.unknown", names=names)
        else:
            way = texts("delivery", names=names, when=texts.period(option.earliest, option.when))
        stages = [stage.arrives for stage in subject.data.stages]
        comes_later = option.brings in stages[1:]
        return [way, *([texts("delivery.after")] if comes_later else [])]
    if option.kind is OptionKind.ORDER:
        return [texts("order", servers=_ordered(subject))]
    return [texts("stock" if option.kind is OptionKind.STOCK else "measures")]


def _ordered(subject: Subject) -> str:
    texts = subject.texts
    return texts.joined(
        tuple(
            texts.counted(
                "order.servers",
                order.servers,
                model=order.model,
                cores=texts.counted("infrastructure.cores", order.cores),
                memory=texts.memory(order.memory_mib),
            )
            for order in subject.data.orders
            if order.closes == "now"
        )
    )


def _users(subject: Subject, option: Option) -> str:
    texts = subject.texts
    if not option.waiting:
        return "" if option.kind is OptionKind.MEASURES else texts("users.none")
    admitted = texts.counted("users.admitted", option.sessions)
    return texts.counted("users.waiting", option.waiting, admitted=admitted)


def _meanwhile(subject: Subject) -> str:
    """Return what to do until the recommended option holds: the best of those that hold at once."""
    at_once = [option for option in subject.view.options if not option.when]
    if not at_once:
        return ""
    best = at_once[0]
    return subject.texts(
        "users.meanwhile",
        option=option_name(subject, best),
        percent=subject.texts.percent(best.percent),
    )


def _measures(subject: Subject, option: Option) -> tuple[Item, ...]:
    texts = subject.texts
    known = {measure.name: measure for measure in subject.data.measures}
    return tuple(
        Item(
            lead=f"{texts.plain(known[name].title[texts.language]).rstrip('.')}.",
            text=texts.plain(known[name].seen[texts.language]),
        )
        for name in option.brings
    )
