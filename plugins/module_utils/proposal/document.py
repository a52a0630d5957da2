# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as values: what it says, in one language, before it is Markdown or PDF."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Align(StrEnum):
    """On which side the cells of a column stand."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Some sentences."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What must not be overlooked, set apart; ``lead`` names it."""

    lead: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One entry of a list: ``lead`` in bold, the text, and entries below it."""

    lead: str
    text: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A list without numbers."""

    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Names and what they stand for, one pair a line."""

    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table: its head, its side, and its width in parts of the whole (0: as needed)."""

    head: str
    align: Align = Align.LEFT
    parts: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row of a table; one with a single cell is a title over the rows that follow."""

    cells: tuple[str, ...]
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under named columns; ``marked`` is the position of a column that stands out."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    marked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: up to ``percent`` of the full width, with the figure as people read it."""

    label: str
    percent: float
    shown: str
    strong: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """A bar figure; ``described`` says the same in words, for those who cannot see it."""

    caption: str
    described: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What is asked for, boxes to tick, and a place for each party to fill in the fields and sign."""

    intro: str
    choices: tuple[str, ...]
    parties: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondPage:
    """Where the second page begins, unless what comes before fills the first one anyway."""


Block = Heading | Paragraph | Note | Items | Facts | Table | Bars | Agreement | SecondPage
"""What a document is made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole document; ``language`` is a code such as ``fr``."""

    language: str
    title: str
    subtitle: str
    blocks: tuple[Block, ...]
