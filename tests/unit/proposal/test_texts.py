# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""French and English say the same: one catalogue each, complete, without a text that nobody reads."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.model import FigureKind, Unit
from ansible_collections.ent.renfort.plugins.module_utils.proposal import texts as texts_module
from ansible_collections.ent.renfort.plugins.module_utils.proposal.build import document_of
from ansible_collections.ent.renfort.plugins.module_utils.proposal.steps import DAY, NORMAL, SURGE_DAY
from ansible_collections.ent.renfort.plugins.module_utils.proposal.texts import CATALOGUES, Texts
from ansible_collections.ent.renfort.plugins.module_utils.proposal.typography import Language
from tests.unit.proposal import samples

FORMS = (".one", ".many")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def stem(key: str) -> str:
    """Return a key without the form that a number chooses."""
    return key.removesuffix(FORMS[0]).removesuffix(FORMS[1])


class Recording(Mapping[str, str]):
    """A catalogue that remembers what was read."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.read: set[str] = set()

    def __getitem__(self, key: str) -> str:
        self.read.add(key)
        return self._texts[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


def test_both_languages_have_the_same_texts() -> None:
    french, english = (CATALOGUES[language] for language in (Language.FR, Language.EN))
    assert list(french) == list(english)
    assert {key: placeholders(text) for key, text in french.items()} == {
        key: placeholders(text) for key, text in english.items()
    }


@pytest.mark.parametrize("language", Language)
def test_no_text_is_empty_or_set_by_hand(language: Language) -> None:
    for key, text in CATALOGUES[language].items():
        assert text == text.strip() != "", key
        assert "  " not in text, key
        assert not set(text) & {"\u00a0", "\u202f", "’"}, key


def test_texts_are_translated() -> None:
    same = {key for key, text in CATALOGUES[Language.FR].items() if CATALOGUES[Language.EN][key] == text}
    prose = {key for key in same if any(len(word) > 3 for word in _words(CATALOGUES[Language.FR][key]))}
    # Words that are spelt alike.
    assert {stem(key) for key in prose} <= {
        "quantity.connections",
        "quantity.database_connections",
        "quantity.messages_per_second",
        "quantity.sessions",
        "accounts.parents",
        "agreement.signature",
        "conditions.dates",
        "infrastructure.tier",
        "machines",
        "options.option",
    }


@pytest.mark.parametrize("language", Language)
def test_a_number_finds_both_its_forms(language: Language) -> None:
    for key in CATALOGUES[language]:
        if key.endswith(FORMS):
            assert {f"{stem(key)}{form}" for form in FORMS} <= set(CATALOGUES[language])


@pytest.mark.parametrize("language", Language)
def test_every_text_is_used(language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = Recording(CATALOGUES[language])
    monkeypatch.setattr(texts_module, "CATALOGUES", {language: recording})
    for data, tenant in samples.CASES.values():
        document_of(data, tenant, language)
    assert {stem(key) for key in recording} - {stem(key) for key in recording.read} == set()


@pytest.mark.parametrize("language", Language)
def test_every_unit_has_its_texts(language: Language) -> None:
    wanted = {f"unit.{unit}" for unit in Unit} | {f"quantity.{unit}.many" for unit in Unit}
    wanted |= {f"unit.{name}" for name in (DAY, NORMAL, SURGE_DAY)}
    wanted |= {f"quantity.{name}.many" for name in (DAY, NORMAL, SURGE_DAY)}
    wanted |= {f"figure.{kind}.many" for kind in FigureKind}
    assert wanted <= set(CATALOGUES[language])


@pytest.mark.parametrize(
    ("language", "number", "text"),
    [
        (Language.FR, 0, "0\u00a0session"),
        (Language.FR, 1.5, "1,5\u00a0session"),
        (Language.FR, 2, "2\u00a0sessions"),
        (Language.EN, 0, "0\u00a0sessions"),
        (Language.EN, 1, "1\u00a0session"),
        (Language.EN, 1.5, "1.5\u00a0sessions"),
    ],
)
def test_each_language_counts_its_own_way(language: Language, number: float, text: str) -> None:
    assert Texts(language).counted("quantity.sessions", number) == text


def test_lists_are_joined() -> None:
    assert [Texts(Language.FR).joined(("a", "b", "c")[:length]) for length in range(4)] == [
        "",
        "a",
        "a et b",
        "a, b et c",
    ]


def _words(text: str) -> list[str]:
    literals = (literal for literal, _, _, _ in string.Formatter().parse(text))
    return "".join(literals).split()
