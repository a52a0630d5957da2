# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers and dates read as people write them, and rounding never makes them say more than they do."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.report import wording


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.0, 1, "0 %"),
        (100.0, 1, "100 %"),
        (99.99, 1, "99.9 %"),
        (99.6, 0, "99 %"),
        (100.01, 1, "100.1 %"),
        (0.01, 1, "<0.1 %"),
        (0.4, 0, "<1 %"),
        (81.25, 1, "81.3 %"),
        (81.0, 1, "81 %"),
        (90.0, 0, "90 %"),
        (1704.5, 1, "1,704.5 %"),
        (5.556, 2, "5.56 %"),
    ],
)
def test_percent(value: float, digits: int, text: str) -> None:
    assert wording.percent(value, digits) == text.replace(" ", wording.NBSP)


@given(st.floats(min_value=0.0, max_value=250.0), st.integers(min_value=0, max_value=2))
def test_a_percentage_is_near_its_value_and_never_rounded_to_all_or_nothing(
    value: float, digits: int
) -> None:
    text = wording.percent(value, digits).removesuffix(f"{wording.NBSP}%")
    shown = Decimal(text.lstrip("<").replace(",", ""))
    assert abs(shown - Decimal(str(value))) <= Decimal(1).scaleb(-digits)
    assert (text == "100") == (value == 100)
    assert (text == "0") == (value == 0)


@pytest.mark.parametrize(
    ("mib", "text"),
    [
        (512, "512 MiB"),
        (1024, "1 GiB"),
        (1536, "1.5 GiB"),
        (507_904, "496 GiB"),
        (1_048_576, "1,024 GiB"),
        (24_971_838, "23.8 TiB"),
    ],
)
def test_memory(mib: int, text: str) -> None:
    assert wording.memory(mib) == text.replace(" ", wording.NBSP)


@pytest.mark.parametrize(
    ("earliest", "latest", "text"),
    [
        ("2020-04-16", "2020-04-30", "16–30 April 2020"),
        ("2020-03-30", "2020-04-06", "30 March – 6 April 2020"),
        ("2019-12-30", "2020-01-06", "30 December 2019 – 6 January 2020"),
        ("2020-04-06", "2020-04-06", "6 April 2020"),
        ("", "2020-04-06", "6 April 2020"),
        ("", "unknown", "date unknown"),
        ("2020-04-06", "unknown", "from 6 April 2020 on"),
    ],
)
def test_span(earliest: str, latest: str, text: str) -> None:
    assert wording.span(earliest, latest).replace(wording.NBSP, " ") == text


@pytest.mark.parametrize(
    ("words", "text"), [((), ""), (("a",), "a"), (("a", "b"), "a and b"), (("a", "b", "c"), "a, b and c")]
)
def test_listing(words: tuple[str, ...], text: str) -> None:
    assert wording.listing(words) == text


@pytest.mark.parametrize(("value", "text"), [(0, "0"), (500, "500"), (20_000, "20k"), (1_500_000, "1.5M")])
def test_short(value: float, text: str) -> None:
    assert wording.short(value) == text
