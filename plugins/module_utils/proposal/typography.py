# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The typography of French and English: spaces that do not break, quotation marks, apostrophes."""

from __future__ import annotations

import re
from enum import StrEnum

NO_BREAK = "\u00a0"
"""The space at which no line ends."""

THIN = "\u202f"
"""The narrow space at which no line ends: between thousands, and before ; ! ? in French."""


class Language(StrEnum):
    """The languages that customers read; French is the primary one."""

    FR = "fr"
    EN = "en"


_SPACES = re.compile(r"[ \t\r\n]+")
_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
_QUOTED = re.compile(r'"([^"]*)"')
_COUNTED = re.compile(r"(?<=\d) (?=[^\W\d])")
_BEFORE_PERCENT = re.compile(rf"(?<=\d)[ {NO_BREAK}{THIN}]?%")
# A mark inside a word or an address (10:30, https://…) is left alone: a space or the end follows.
_END = rf"(?=[ {NO_BREAK}{THIN}).,»”]|$)"
_HIGH_MARK = re.compile(rf"(?<=[^\s;:!?…])[ {NO_BREAK}{THIN}]?([;!?]+){_END}")
_COLON = re.compile(rf"(?<=[^\s;:!?])[ {NO_BREAK}{THIN}]?:{_END}")
_OPENING = re.compile(rf"«[ {NO_BREAK}{THIN}]?")
_CLOSING = re.compile(rf"[ {NO_BREAK}{THIN}]?»")


def typeset(text: str, language: Language) -> str:
    """Return a text with the spaces and marks of its language; what is set right already stays.

    Texts that people edit come with ordinary spaces and straight quotes, in both languages.
    """
    text = _SPACES.sub(" ", text).strip(" ")
    text = _APOSTROPHE.sub("’", text)
    text = _COUNTED.sub(NO_BREAK, text)
    return _french(text) if language is Language.FR else _english(text)


def _french(text: str) -> str:
    text = _QUOTED.sub(rf"«{NO_BREAK}\1{NO_BREAK}»", text)
    text = _OPENING.sub(f"«{NO_BREAK}", text)
    text = _CLOSING.sub(f"{NO_BREAK}»", text)
    text = _HIGH_MARK.sub(rf"{THIN}\1", text)
    text = _COLON.sub(f"{NO_BREAK}:", text)
    return _BEFORE_PERCENT.sub(f"{NO_BREAK}%", text)


def _english(text: str) -> str:
    text = _QUOTED.sub(r"“\1”", text)
    return _BEFORE_PERCENT.sub("%", text)
