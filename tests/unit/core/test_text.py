# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities are shown with three significant digits, exact ones as they are."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.text import count, show


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(3), "3"),
        (Fraction(0), "0"),
        (Fraction(22, 10), "2.2"),
        (Fraction("2.275"), "2.28"),
        (Fraction(1, 3), "0.333"),
        (Fraction(1, 3000), "0.000333"),
        (Fraction("10.01"), "10.0"),
        (Fraction("9.999"), "10.0"),
        (Fraction("99.96"), "100"),
        (Fraction("100.5"), "101"),
        (Fraction(1234567), "1,234,567"),
        (Fraction("11374.99"), "11,375"),
    ],
)
def test_show(value: Fraction, text: str) -> None:
    assert show(value) == text


def test_count() -> None:
    assert [count(number, "machine") for number in (0, 1, 1200)] == [
        "0 machines",
        "1 machine",
        "1,200 machines",
    ]
