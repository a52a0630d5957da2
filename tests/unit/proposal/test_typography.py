# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces, quotation marks, figures and dates as each language writes them."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.proposal import numbers
from ansible_collections.ent.renfort.plugins.module_utils.proposal.texts import Texts
from ansible_collections.ent.renfort.plugins.module_utils.proposal.typography import Language, typeset

FR, EN = Language.FR, Language.EN


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ("Attention : ceci", "Attention\u00a0: ceci"),
        ("Attention: ceci", "Attention\u00a0: ceci"),
        ("lisible ; aucun", "lisible\u202f; aucun"),
        ("lisible; aucun", "lisible\u202f; aucun"),
        ("Pourquoi ?", "Pourquoi\u202f?"),
        ("Vraiment ?! (oui !)", "Vraiment\u202f?! (oui\u202f!)"),
        ("à 10:30, https://ent.example/?a=1;b", "à 10:30, https://ent.example/?a=1;b"),
        ("12 % ou 12%", "12\u00a0% ou 12\u00a0%"),
        ('les blocs "agenda"', "les blocs «\u00a0agenda\u00a0»"),
        ("les blocs « agenda » :", "les blocs «\u00a0agenda\u00a0»\u00a0:"),
        ("«agenda»;", "«\u00a0agenda\u00a0»\u202f;"),
        ("l'accueil", "l’accueil"),
        ("  deux\nlignes\t et  plus ", "deux lignes et plus"),
        ("15 sessions", "15\u00a0sessions"),
        ("2 + 1 de réserve", "2 + 1\u00a0de réserve"),
    ],
)
def test_french(plain: str, text: str) -> None:
    assert typeset(plain, FR) == text
    assert typeset(text, FR) == text


@pytest.mark.parametrize(
    ("plain", "text"),
    [
        ("Attention: this", "Attention: this"),
        ("12 % or 12%", "12% or 12%"),
        ('the blocks "calendar"', "the blocks “calendar”"),
        ("the pupils' and Little's", "the pupils' and Little’s"),
        ("15 sessions", "15\u00a0sessions"),
    ],
)
def test_english(plain: str, text: str) -> None:
    assert typeset(plain, EN) == text
    assert typeset(text, EN) == text


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (0.0, "0", "0"),
        (18.939403409090907, "18,9", "18.9"),
        (1.1000000000000003, "1,1", "1.1"),
        (9.9999, "10,0", "10.0"),
        (Fraction(1, 3), "0,333", "0.333"),
        (1234567.0, "1\u202f234\u202f567", "1,234,567"),
    ],
)
def test_figures(value: float | Fraction, french: str, english: str) -> None:
    assert (numbers.figure(value, FR), numbers.figure(value, EN)) == (french, english)


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (100.0, "100\u00a0%", "100%"),
        (99.99, "99,9\u00a0%", "99.9%"),
        (66.0, "66\u00a0%", "66%"),
        (66.66, "66,6\u00a0%", "66.6%"),
        (0.0, "0\u00a0%", "0%"),
    ],
)
def test_percentages_are_never_more_than_is_served(value: float, french: str, english: str) -> None:
    assert (numbers.percent(value, FR), numbers.percent(value, EN)) == (french, english)


@pytest.mark.parametrize(
    ("mib", "french"),
    [(512, "512\u00a0Mio"), (1536, "1,5\u00a0Gio"), (8192, "8\u00a0Gio"), (2048000, "2\u202f000\u00a0Gio")],
)
def test_memory(mib: int, french: str) -> None:
    assert numbers.memory(mib, FR) == french
    assert numbers.memory(mib, EN) == french.replace("io", "iB").replace(",", ".").replace("\u202f", ",")


@pytest.mark.parametrize(
    ("earliest", "latest", "french", "english"),
    [
        ("2020-04-16", "2020-04-30", "entre le 16 et le 30 avril 2020", "between 16 and 30 April 2020"),
        ("2020-04-01", "2020-05-02", "entre le 1er avril et le 2 mai 2020", "between 1 April and 2 May 2020"),
        (
            "2019-12-31",
            "2020-01-01",
            "entre le 31 décembre 2019 et le 1er janvier 2020",
            "between 31 December 2019 and 1 January 2020",
        ),
        ("2020-08-12", "2020-08-12", "le 12 août 2020", "on 12 August 2020"),
        ("", "2020-08-12", "le 12 août 2020", "on 12 August 2020"),
    ],
)
def test_periods(earliest: str, latest: str, french: str, english: str) -> None:
    for language, text in ((FR, french), (EN, english)):
        assert Texts(language).period(earliest, latest).replace("\u00a0", " ") == text
