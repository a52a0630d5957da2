# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document as PDF, laid out by Typst: no network, its own fonts, the same bytes every time."""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any, Final

import typst

from ..core.errors import RenfortError
from .document import Document

LAYOUT = Path(__file__).with_name("proposal.typ")
"""The layout, which reads the document from its inputs."""

STANDARD: Final = "ua-1"
"""PDF/UA: customers are public bodies, whose documents a screen reader must be able to read."""


def to_pdf(document: Document) -> bytes:
    """Return a document as PDF.

    Raises:
        RenfortError: Typst refuses it.
    """
    try:
        made = _compiler().compile(
            input=LAYOUT.read_bytes(),
            format="pdf",
            sys_inputs={"document": to_json(document)},
            pdf_standards=STANDARD,
        )
    except (typst.TypstError, OSError) as error:
        raise RenfortError(
            f'the PDF of "{document.title} – {document.subtitle}" cannot be made: {error}.',
            hint="A text has a character that no font has, or typst is not the version of requirements.txt.",
        ) from error
    if not isinstance(made, bytes):
        raise TypeError(f"one PDF was expected, not {type(made).__name__}")
    return made


def to_json(document: Document) -> str:
    """Return a document as the layout reads it: its fields by name, each block with its kind."""
    blocks: list[dict[str, Any]] = [
        {"kind": type(block).__name__.lower(), **asdict(block)} for block in document.blocks
    ]
    return json.dumps({**asdict(document), "blocks": blocks}, ensure_ascii=False)


@cache
def _compiler() -> typst.Compiler:
    """Return the one compiler: reading the fonts is most of the work of a first document."""
    return typst.Compiler(font_paths=typst.Fonts(include_system_fonts=False), ignore_system_fonts=True)
