# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drill prints at its end: figures, what each should be, and whether it was."""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "≤": operator.le,
    "≥": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
    "=": operator.eq,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure: ``key`` names it and its unit; ``target`` is such as "≤ 30", or empty for none."""

    key: str
    value: float
    target: str = ""

    @property
    def met(self) -> bool:
        """Whether the value is what the target asks for.

        Raises:
            ValueError: the target is no comparison with a number.
        """
        if not self.target:
            return True
        sign, _, wanted = self.target.partition(" ")
        if sign not in COMPARISONS:
            raise ValueError(
                f"{self.key}: the target {self.target!r} starts with none of {' '.join(COMPARISONS)}"
            )
        return COMPARISONS[sign](self.value, float(wanted))


def show(name: str, figures: Sequence[Figure]) -> int:
    """Print the figures, then all of them as one line of JSON; the exit status: 1 when a target is missed."""
    width = max(len(figure.key) for figure in figures)
    for figure in figures:
        verdict = "" if not figure.target else f"target {figure.target}: {'met' if figure.met else 'MISSED'}"
        print(f"  {figure.key:<{width}}  {figure.value:>12,.2f}  {verdict}".rstrip())
    told = {
        figure.key: {
            "value": round(figure.value, 3),
            **({"target": figure.target, "met": figure.met} if figure.target else {}),
        }
        for figure in figures
    }
    print(json.dumps({"bench": name, "figures": told}, ensure_ascii=False), flush=True)
    return 0 if all(figure.met for figure in figures) else 1
