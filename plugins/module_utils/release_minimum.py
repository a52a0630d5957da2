# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is left of each group of machines after a release, beside its minimum and its demand. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from .core.sizing import Sizing
from .core.text import count

type Group = tuple[str, str]
"""Tier and tenant (empty: all tenants): the machines that stand in for each other."""


class Serving(Protocol):
    """A machine that is released while it may still serve."""

    @property
    def group(self) -> Group:
        """Its tier and tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A group: its minimum, what its demand asks for, how many serve now and how many are released."""

    tier: str
    tenant: str
    minimum: int = 0
    asked: int = 0
    now: int = 0
    released: int = 0

    @property
    def left(self) -> int:
        """How many serve afterwards."""
        return max(self.now - self.released, 0)

    @property
    def is_broken(self) -> bool:
        """Whether the minimum is not kept; a group that is below it already must not lose one more."""
        return self.released > 0 and self.left < self.minimum

    @property
    def whom(self) -> str:
        """Tier and tenant, for people."""
        return f"{self.tier} for {self.tenant or 'all tenants'}"

    @property
    def line(self) -> str:
        """The arithmetic."""
        return (
            f"{self.whom}: {self.now} serve now, {self.released} released, {self.left} left; minimum "
            f"{self.minimum}, the demand asks for {self.asked}"
        )

    @property
    def refusal(self) -> str:
        """Why the release is refused."""
        return (
            f"{self.whom}: {count(self.left, 'machine')} of {self.now} would be left, and at least "
            f"{self.minimum} must be."
        )

    @property
    def note(self) -> str:
        """What planning does next, where the demand asks for more than is left; else empty."""
        back = self.asked - self.left
        if not self.released or back <= 0:
            return ""
        return (
            f"{self.whom}: the demand asks for {self.asked} and {self.left} would be left: the next planning "
            f"puts {back} back. Lower the demand first if they are to stay away."
        )


def groups_of(sizing: Sizing) -> dict[Group, Left]:
    """Return minimum and demand of each group.

    While a group has any demand its last machine is kept, whatever minimum is stated.
    """
    return {
        need.group: Left(
            tier=need.group[0],
            tenant=need.group[1],
            minimum=max(need.tier.minimum, 1 if need.needed else 0),
            asked=need.total,
        )
        for need in sizing.needs
    }


def left_over(
    groups: Mapping[Group, Left], now: Counter[Group], released: Iterable[Serving]
) -> tuple[Left, ...]:
    """Return what is left of the groups that lose a machine; a group that nobody asks for has no minimum."""
    losses = Counter(target.group for target in released)
    return tuple(
        replace(
            groups.get(group, Left(tier=group[0], tenant=group[1])), now=now[group], released=losses[group]
        )
        for group in sorted(losses)
    )
