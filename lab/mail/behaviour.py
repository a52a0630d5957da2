# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the mail servers of a domain behave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KINDS = ("accept", "slow", "dead", "tempfail", "greylist", "reject", "limit")
NUMBERS = ("seconds", "connections", "messages")


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One way to behave.

    ``slow`` takes ``seconds`` for each message; ``greylist`` turns a sender and recipient away until so many
    have passed; ``limit`` bears ``connections`` at once and ``messages`` a connection (0: any number);
    ``dead`` has an address in the DNS at which nobody is, and ends the connection of who comes nevertheless.
    """

    kind: str = "accept"
    seconds: float = 1.0
    connections: int = 0
    messages: int = 0


ACCEPT = Behaviour()


def parse_behaviours(data: Any) -> dict[str, Behaviour]:
    """Read a mapping of domain → ``{"kind": …, "seconds": …}``; domains in lower case.

    Raises:
        ValueError: an unknown kind or key, or a number that is none.
    """
    if not isinstance(data, Mapping):
        raise ValueError("the behaviours are not a mapping of domains")
    return {str(domain).lower(): _parse(str(domain), row) for domain, row in data.items()}


def _parse(domain: str, row: Any) -> Behaviour:
    if not isinstance(row, Mapping) or row.get("kind") not in KINDS:
        raise ValueError(f"{domain}: expected a mapping whose kind is one of {', '.join(KINDS)}")
    unknown = set(row) - {"kind", *NUMBERS}
    if unknown:
        raise ValueError(
            f"{domain}: unknown keys {', '.join(sorted(unknown))}; there are {', '.join(NUMBERS)}"
        )
    wrong = [key for key in NUMBERS if key in row and not isinstance(row[key], (int, float))]
    if wrong:
        raise ValueError(f"{domain}: {wrong[0]} is {row[wrong[0]]!r}, not a number")
    return Behaviour(**row)


def read_behaviours(file: Path | None) -> dict[str, Behaviour]:
    """Read the behaviours of a JSON file; none without one.

    Raises:
        OSError: the file cannot be read.
        ValueError: it holds something else.
    """
    return parse_behaviours(json.loads(file.read_text(encoding="utf-8"))) if file else {}


class Book:
    """The behaviour of each domain, replaced while the servers run."""

    def __init__(self, behaviours: Mapping[str, Behaviour]) -> None:
        self.behaviours = dict(behaviours)

    def of(self, domain: str) -> Behaviour:
        """The behaviour of a domain: its own, or to accept."""
        return self.behaviours.get(domain.lower(), ACCEPT)
