# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge a portal by the answers that its users got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of a portal.

    ``status`` is the HTTP status, 0 when there was none; ``machine`` the web machine's name as the
    answer tells it; ``error`` what went wrong instead, in one line.
    """

    address: str
    status: int
    machine: str = ""
    error: str = ""

    @property
    def good(self) -> bool:
        """Whether a user would have seen the page."""
        return self.status == 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the answers say: how often each machine answered, who was missing, what failed."""

    answered: dict[str, int]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    failures: tuple[str, ...]

    @property
    def complete(self) -> bool:
        """Whether every expected machine answered, no other one did, and nothing failed."""
        return not (self.missing or self.unexpected or self.failures)

    @property
    def problem(self) -> str:
        """One line naming what is wrong; empty when nothing is."""
        parts = []
        if self.missing:
            parts.append(f"no answer from {', '.join(self.missing)}")
        if self.unexpected:
            parts.append(f"answers from machines outside the inventory: {', '.join(self.unexpected)}")
        if self.failures:
            parts.append(f"{len(self.failures)} failed requests, the last: {self.failures[-1]}")
        return "; ".join(parts)


def judge(answers: Iterable[Answer], *, expected: Iterable[str]) -> Verdict:
    """Compare the answers of one portal with the machines that should have given them."""
    answers = list(answers)
    counts = Counter(answer.machine or "(no name)" for answer in answers if answer.good)
    wanted = set(expected)
    return Verdict(
        answered=dict(sorted(counts.items())),
        missing=tuple(sorted(wanted - counts.keys())),
        unexpected=tuple(sorted(counts.keys() - wanted)),
        failures=tuple(
            f"{answer.address}: {answer.error or f'HTTP {answer.status}'}"
            for answer in answers
            if not answer.good
        ),
    )
