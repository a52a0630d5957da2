# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts of one language, filled in and set as the language wants it."""

from __future__ import annotations

from collections.abc import Mapping

from . import numbers
from .texts_en import TEXTS as ENGLISH
from .texts_fr import TEXTS as FRENCH
from .typography import Language, typeset

CATALOGUES: Mapping[Language, Mapping[str, str]] = {
    Language.FR: FRENCH,
    Language.EN: ENGLISH,
}
"""Each language's texts by key; all have the same keys with the same placeholders."""


class Texts:
    """The texts of a language.

    Args:
        language: the language.
    """

    def __init__(self, language: Language) -> None:
        self.language = language
        self._catalogue = CATALOGUES[language]

    def __call__(self, key: str, **values: str) -> str:
        """Return a text with its placeholders filled in."""
        return typeset(self._catalogue[key].format_map(values), self.language)

    def counted(self, key: str, number: float, **values: str) -> str:
        """Return ``1 machine`` or ``4 machines``: the text at ``key.one`` or ``key.many``."""
        form = "one" if self._is_singular(number) else "many"
        return self(f"{key}.{form}", number=self.figure(number), **values)

    def told(self, key: str, number: float, **values: str) -> str:
        """Return a text with a number: that at ``key``, or the form that the number needs."""
        if key in self._catalogue:
            return self(key, number=self.figure(number), **values)
        return self.counted(key, number, **values)

    def joined(self, parts: tuple[str, ...]) -> str:
        """Return ``a, b et c``."""
        if len(parts) < 2:
            return "".join(parts)
        return self("joined", first=", ".join(parts[:-1]), last=parts[-1])

    def plain(self, text: str) -> str:
        """Return a text that comes from elsewhere, set as the language wants it."""
        return typeset(text, self.language)

    def figure(self, value: float) -> str:
        """Return a figure."""
        return numbers.figure(value, self.language)

    def percent(self, value: float) -> str:
        """Return a percentage."""
        return numbers.percent(value, self.language)

    def memory(self, mib: int) -> str:
        """Return a size of memory."""
        return numbers.memory(mib, self.language)

    def disk(self, gib: int) -> str:
        """Return a size of a disk."""
        return numbers.disk(gib, self.language)

    def day(self, iso: str) -> str:
        """Return a date."""
        return numbers.day(iso, self.language)

    def period(self, earliest: str, latest: str) -> str:
        """Return ``entre le 16 et le 30 avril 2020``, or one day when both ends are the same."""
        if earliest in ("", latest):
            return self("period.day", latest=self.day(latest))
        return self(
            "period.between",
            earliest=numbers.from_day(earliest, latest, self.language),
            latest=self.day(latest),
        )

    def _is_singular(self, number: float) -> bool:
        # French counts 0, 1 and 1.5 as one thing, English only 1 itself.
        return number < 2 if self.language is Language.FR else number == 1
