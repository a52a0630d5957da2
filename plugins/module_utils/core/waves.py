# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""In which order the machines of a tier are brought up to date, and how many failures a run may have."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .errors import RenfortError

DEFAULT_SHARES: tuple[int | str, ...] = (1, "25%")
"""A canary, then a quarter of each tenant's machines at a time."""

TENANT = "tenant"
"""The wave of all machines of one tenant, such as the members of its cluster."""

_PERCENT = re.compile(r"(\d+(?:\.\d+)?) ?%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """So many machines, a share of them in percent, or all of one tenant."""

    count: int = 0
    percent: float = 0.0
    tenant: bool = False

    def of(self, total: int) -> int:
        """How many of ``total`` machines that is, rounded down."""
        return math.floor(total * self.percent / 100 + 1e-9) if self.percent else self.count


def parse_amount(value: object, *, name: str, minimum: int) -> Amount:
    """Read a number of machines or a share such as ``25%``.

    Args:
        value: what the inventory says.
        name: the variable, for the message.
        minimum: the smallest number allowed; a share may be above 0 up to 100 % (from 0 where this is 0).

    Raises:
        RenfortError: it is neither, or out of range.
    """
    if isinstance(value, int) and not isinstance(value, bool) and value >= minimum:
        return Amount(count=value)
    text = str(value).strip()
    if text.isdecimal() and int(text) >= minimum:
        return Amount(count=int(text))
    share = _PERCENT.fullmatch(text)
    if share and float(share[1]) <= 100 and (float(share[1]) > 0 or minimum == 0):
        return Amount(percent=float(share[1]))
    raise RenfortError(
        f"{name}: {value!r} is neither a number of machines from {minimum} nor a share up to 100 %.",
        hint='Expected something like 1 or "25%".',
    )


def parse_shares(values: object, *, name: str) -> tuple[Amount, ...]:
    """Read a list of waves.

    Raises:
        RenfortError: it is no list, is empty, or holds something else than numbers and shares.
    """
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        raise RenfortError(
            f"{name}: {values!r} is no list of waves.",
            hint='Expected something like [1, "25%"], or [tenant].',
        )
    return tuple(
        Amount(tenant=True) if value == TENANT else parse_amount(value, name=name, minimum=1)
        for value in values
    )


def plan_waves(machines: Mapping[str, str], shares: Sequence[Amount]) -> tuple[tuple[str, ...], ...]:
    """Deal the machines of a tier out to waves.

    A number takes that many machines of the tier, turn about from each tenant. A share takes it from each
    tenant, rounded up, but never all that a tenant has while there are several: somebody must go on
    serving it. ``tenant`` takes all of the next tenant. The last entry is repeated until no machine is left.

    Args:
        machines: machine → its tenant, empty for one that all share.
        shares: the waves.

    Returns:
        The names, wave by wave; in a wave, tenants and machines by name.
    """
    left = {
        tenant: sorted(name for name in machines if machines[name] == tenant)
        for tenant in sorted(set(machines.values()))
    }
    sizes = {tenant: len(names) for tenant, names in left.items()}
    waves: list[tuple[str, ...]] = []
    while any(left.values()):
        share = shares[min(len(waves), len(shares) - 1)]
        if share.tenant:
            waves.append(_one_tenant(left))
        elif share.percent:
            waves.append(_share_of_each(left, sizes, share))
        else:
            waves.append(_turn_about(left, share.count))
    return tuple(waves)


def _one_tenant(left: dict[str, list[str]]) -> tuple[str, ...]:
    tenant = next(tenant for tenant, names in left.items() if names)
    taken, left[tenant] = tuple(left[tenant]), []
    return taken


def _turn_about(left: dict[str, list[str]], count: int) -> tuple[str, ...]:
    taken: list[str] = []
    while len(taken) < count and any(left.values()):
        for names in left.values():
            if names and len(taken) < count:
                taken.append(names.pop(0))
    return tuple(sorted(taken))


def _share_of_each(left: dict[str, list[str]], sizes: Mapping[str, int], share: Amount) -> tuple[str, ...]:
    taken: list[str] = []
    for tenant, names in left.items():
        size = sizes[tenant]
        most = size if size == 1 or share.percent == 100 else size - 1
        number = min(math.ceil(size * share.percent / 100 - 1e-9), most)
        taken += names[:number]
        del names[:number]
    return tuple(taken)
