# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proposals as PDF: two pages, every text in them, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typst

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.proposal import pdf
from ansible_collections.ent.renfort.plugins.module_utils.proposal.build import document_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.document import Block, Document
from ansible_collections.ent.renfort.plugins.module_utils.proposal.files import proposal_files
from ansible_collections.ent.renfort.plugins.module_utils.proposal.typography import Language
from tests.unit.proposal import samples

ROOT = Path(__file__).resolve().parents[3]

HARMFUL = (
    "#panic()",
    '"; panic("',
    "$x$ *a* _b_ `c` <d> @e",
    "// a /* b",
    "= a",
    "\\u{41} \\ #",
    "[a] {b}",
    "https://ent.example",
    "Καλημέρα → Дети",
)
"""Texts with characters that mean something in Typst."""


def compiled(document: dict[str, Any]) -> bytes:
    made = new_compiler().compile(
        input=pdf.LAYOUT.read_bytes(),
        format="pdf",
        sys_inputs={"document": json.dumps(document)},
        pdf_standards=pdf.STANDARD,
    )
    assert isinstance(made, bytes)
    return made


def new_compiler() -> typst.Compiler:
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False), ignore_system_fonts=True)


def texts_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield where the texts are that people read."""
    if isinstance(value, str):
        if value and path[-1] not in ("kind", "align", "language"):
            yield path
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from texts_in(item, (*path, key))


def kind_of_place(document: dict[str, Any], path: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what the layout treats alike: the block's kind, the field, and how many texts stand together."""
    holder: Any = document
    for key in path[:-1]:
        holder = holder[key]
    kind = document["blocks"][path[1]]["kind"] if path[0] == "blocks" else ""
    return kind, tuple(key for key in path if isinstance(key, str)), len(holder)


def changed(document: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    """Return a copy in which one text is another one."""
    copy: dict[str, Any] = json.loads(json.dumps(document))
    holder: Any = copy
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] += " Zz"
    return copy


@pytest.mark.parametrize("case", samples.CASES)
@pytest.mark.parametrize("language", Language)
def test_a_proposal_has_two_pages_and_no_warning(case: str, language: Language) -> None:
    data, tenant = samples.CASES[case]
    document = document_of(data, tenant, language)
    made = pdf.to_pdf(document)
    assert made.startswith(b"%PDF-1.7")
    assert re.findall(rb"/Type/Pages/Count (\d+)", made) == [b"2"]
    _, warnings = new_compiler().compile_with_warnings(
        input=pdf.LAYOUT.read_bytes(), format="pdf", sys_inputs={"document": pdf.to_json(document)}
    )
    assert warnings == []


def test_every_text_is_in_the_pdf() -> None:
    data, tenant = samples.CASES["waiting"]
    document = json.loads(pdf.to_json(document_of(data, tenant, Language.FR)))
    whole = compiled(document)
    places = {kind_of_place(document, path): path for path in texts_in(document)}
    assert len(places) >= 20
    ignored = [path for path in places.values() if compiled(changed(document, path)) == whole]
    assert ignored == []


def test_the_layout_knows_every_kind_of_block() -> None:
    layout = pdf.LAYOUT.read_text(encoding="utf-8")
    table = layout.partition("#let renderers = (")[2].partition("\n)\n")[0]
    kinds = re.findall(r"^  (\w+):", table, re.MULTILINE)
    assert sorted(kinds) == sorted(kind.__name__.lower() for kind in Block.__args__)


def test_the_layout_reads_nothing_from_outside() -> None:
    layout = pdf.LAYOUT.read_text(encoding="utf-8")
    assert not re.search(r"#?(import|include|read|image|plugin|datetime)\b *[(\"]", layout)


@pytest.mark.parametrize("title", HARMFUL)
def test_no_character_has_a_meaning_of_its_own(title: str) -> None:
    data, tenant = samples.titled(title)
    assert pdf.to_pdf(document_of(data, tenant, Language.FR)).startswith(b"%PDF")


def test_the_same_values_give_the_same_bytes() -> None:
    data, tenant = samples.CASES["waiting"]
    first, second = proposal_files(data, tenant), proposal_files(data, tenant)
    assert first == second
    assert list(first) == ["eure.fr.md", "eure.fr.pdf", "eure.en.md", "eure.en.pdf"]
    assert first["eure.fr.pdf"] == compiled(json.loads(pdf.to_json(document_of(data, tenant, Language.FR))))


def test_another_process_gives_the_same_bytes() -> None:
    script = (
        "import hashlib\n"
        "from tests.unit.proposal import samples\n"
        "from ansible_collections.ent.renfort.plugins.module_utils.proposal.files import proposal_files\n"
        "files = proposal_files(*samples.CASES['served'])\n"
        "print(hashlib.sha256(b''.join(files.values())).hexdigest())\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": "collections:.", "PYTHONHASHSEED": "7", "TZ": "Pacific/Noumea"},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    here = b"".join(proposal_files(*samples.CASES["served"]).values())
    assert found.stdout.strip() == hashlib.sha256(here).hexdigest()


def test_a_character_that_no_font_has_is_named() -> None:
    data, tenant = samples.titled("École 🎓")
    with pytest.raises(RenfortError, match=r"🎓.*A text has a character that no font has"):
        pdf.to_pdf(document_of(data, tenant, Language.FR))


def test_a_refusal_of_typst_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    layout = tmp_path / "broken.typ"
    layout.write_text("#nothing", encoding="utf-8")
    monkeypatch.setattr(pdf, "LAYOUT", layout)
    with pytest.raises(RenfortError) as caught:
        pdf.to_pdf(Document(language="fr", title="Proposition", subtitle="Eure", blocks=()))
    assert (
        caught.value.message == 'the PDF of "Proposition – Eure" cannot be made: unknown variable: nothing.'
    )
    assert "requirements.txt" in caught.value.hint
