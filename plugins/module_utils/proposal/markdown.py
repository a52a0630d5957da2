# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as Markdown with tables, as code forges show it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import assert_never

from .document import (
    Agreement,
    Align,
    Bars,
    Block,
    Document,
    Facts,
    Heading,
    Item,
    Items,
    Note,
    Paragraph,
    Row,
    SecondPage,
    Table,
)

_SPECIAL = re.compile(r"[\\`*_{}\[\]<>|~$&]")
_FIRST = re.compile(r"^(\d+(?=[.)](?: |$))|(?=[#+\-=]))")
_BAR_WIDTH = 25
"""How many blocks a bar of 100 % has."""


def to_markdown(document: Document) -> str:
    """Return a document as Markdown."""
    blocks = [
        f"# {_text(document.title)}",
        f"**{_text(document.subtitle)}**",
        *filter(None, map(_block, document.blocks)),
    ]
    return "\n\n".join(blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading():
            return f"## {_text(block.text)}"
        case Paragraph():
            return _text(block.text)
        case Note():
            return f"> **{_text(block.lead)}.** {_text(block.text)}"
        case Items():
            return "\n".join(_item_lines(block.items, indent=""))
        case Facts():
            return "\n".join(f"- **{_text(name)}** — {_text(value)}" for name, value in block.facts)
        case Table():
            return _table(block)
        case Bars():
            return _bars(block)
        case Agreement():
            return _agreement(block)
        case SecondPage():
            return ""
    assert_never(block)


def _table(block: Table) -> str:
    heads = [
        _strong(_text(column.head)) if position == block.marked else _text(column.head)
        for position, column in enumerate(block.columns)
    ]
    rule = ["---:" if column.align is Align.RIGHT else "---" for column in block.columns]
    return _lines([heads, rule, *(_cells(row, block) for row in block.rows)])


def _bars(block: Bars) -> str:
    rows = [
        [_strong(label) if bar.strong else label, _bar(bar.percent), _text(bar.shown)]
        for bar in block.bars
        for label in (_text(bar.label),)
    ]
    return _lines([[_text(block.caption), "", ""], ["---", "---", "---:"], *rows])


def _agreement(block: Agreement) -> str:
    choices = "\n".join(f"- [ ] {_text(choice)}" for choice in block.choices)
    rows = [["", *map(_text, block.parties)], ["---"] * (len(block.parties) + 1)]
    rows += [[_text(field), *("" for _ in block.parties)] for field in block.fields]
    return f"{_text(block.intro)}\n\n{choices}\n\n{_lines(rows)}"


def _cells(row: Row, table: Table) -> list[str]:
    if len(row.cells) == 1:
        return [f"*{_text(row.cells[0])}*", *("" for _ in table.columns[1:])]
    return [
        _strong(_text(cell)) if row.strong or position == table.marked else _text(cell)
        for position, cell in enumerate(row.cells)
    ]


def _lines(rows: Iterable[Iterable[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def _item_lines(items: Iterable[Item], indent: str) -> Iterator[str]:
    for item in items:
        yield f"{indent}- **{_text(item.lead)}** {_text(item.text)}"
        yield from _item_lines(item.items, f"{indent}  ")


def _bar(percent: float) -> str:
    filled = int(percent * _BAR_WIDTH / 100)
    return "█" * filled + "░" * (_BAR_WIDTH - filled)


def _strong(text: str) -> str:
    return f"**{text}**" if text else ""


def _text(text: str) -> str:
    """Return a text in which no character has a meaning of its own."""
    return _FIRST.sub(r"\1\\", _SPECIAL.sub(r"\\\g<0>", text))
