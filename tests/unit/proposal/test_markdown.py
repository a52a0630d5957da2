# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals as Markdown: as in golden/, and read back by a Markdown parser.

After a change that is meant: RENFORT_UPDATE_GOLDEN=1 pytest tests/unit/proposal, then read the diff.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from ansible_collections.ent.renfort.plugins.module_utils.proposal.build import document_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.document import (
    Column,
    Document,
    Facts,
    Heading,
    Item,
    Items,
    Note,
    Paragraph,
    Row,
    Table,
)
from ansible_collections.ent.renfort.plugins.module_utils.proposal.markdown import to_markdown
from ansible_collections.ent.renfort.plugins.module_utils.proposal.typography import Language
from tests.unit.proposal import samples

GOLDEN = Path(__file__).parent / "golden"

HARMFUL = (
    "*a* _b_ **c** `d`",
    "a | b || c",
    "[a](b) ![c](d)",
    "<b>a</b> &amp; <!-- c",
    "a \\ b \\| c \\",
    "# a",
    "## a",
    "1. a",
    "12) a",
    "- a",
    "+ a",
    "* a",
    "> a",
    "=== a",
    "---",
    "~~a~~ $b$ {c}",
    "a_b_c",
)
"""Texts with characters that mean something in Markdown."""


def parsed_texts(markdown: str) -> list[str]:
    """Return the texts that a reader sees: one for each heading, paragraph, entry and cell."""
    texts = []
    for token in MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).parse(markdown):
        if token.type == "inline":
            texts.append("".join(child.content for child in token.children or ()))
        assert token.type not in ("html_block", "code_block", "fence"), token.content
    return texts


@pytest.mark.parametrize("case", list(samples.CASES)[:3])
@pytest.mark.parametrize("language", Language)
def test_proposals_are_as_agreed(case: str, language: Language) -> None:
    data, tenant = samples.CASES[case]
    made = to_markdown(document_of(data, tenant, language))
    path = GOLDEN / f"{case}.{language}.md"
    if os.environ.get("RENFORT_UPDATE_GOLDEN"):
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", HARMFUL)
def test_no_character_has_a_meaning_of_its_own(text: str) -> None:
    document = Document(
        language="fr",
        title=text,
        subtitle=text,
        blocks=(
            Heading(text=text),
            Paragraph(text=text),
            Note(lead="lead", text=text),
            Items(items=(Item(lead=text, text=text, items=(Item(lead=text, text=text),)),)),
            Facts(facts=((text, text),)),
            Table(
                columns=(Column(head=text), Column(head=text)),
                rows=(Row(cells=(text, text)), Row(cells=(text,)), Row(cells=(text, text), strong=True)),
                marked=1,
            ),
        ),
    )
    twice = f"{text} {text}"
    assert parsed_texts(to_markdown(document)) == [
        *(text, text, text, text),
        f"lead. {text}",
        *(twice, twice),
        f"{text} — {text}",
        *(text, text, text, text, text, "", text, text),
    ]


@pytest.mark.parametrize("case", samples.CASES)
@pytest.mark.parametrize("language", Language)
def test_lines_end_in_nothing(case: str, language: Language) -> None:
    data, tenant = samples.CASES[case]
    made = to_markdown(document_of(data, tenant, language))
    assert made.endswith("|\n")
    assert not [line for line in made.splitlines() if line != line.rstrip()]
    assert "\n\n\n" not in made
