# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs against what they ask for, before anything is placed: spares, addresses, ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .addressing import AddressPool, IdPool
from .asking import network_of_need
from .errors import InputError
from .machine import Machine
from .model import Carrier, Inputs, Live
from .sizing import Sizing
from .text import count


def check_sizing(
    inputs: Inputs,
    live: Live,
    sizing: Sizing,
    existing: Iterable[Machine],
    pools: Mapping[str, AddressPool],
) -> None:
    """Refuse inputs whose own arithmetic contradicts them.

    Raises:
        InputError: a spare is larger than its tier, or a network or the ids are too few for the plan.
    """
    _spares_are_smaller(inputs, sizing)
    existing = tuple(existing)
    new = _new_machines(inputs, sizing, existing)
    _networks_are_large_enough(inputs, new, pools)
    _ids_are_enough(inputs, live, sum(_new_machines(inputs, sizing, existing, guests=True).values()))


def _spares_are_smaller(inputs: Inputs, sizing: Sizing) -> None:
    for need in sizing.needs:
        if need.tier.spare > need.needed:
            whom = need.tenant or "all tenants"
            raise InputError(
                file=inputs.files.capacity,
                key=f"renfort_capacity.tiers.{need.tier.tier}.spare",
                problem=f"{need.tier.spare} spare is more than the {need.needed} needed for {whom}",
                expected=f"at most {need.needed}, or a larger minimum",
            )


def _new_machines(
    inputs: Inputs, sizing: Sizing, existing: Iterable[Machine], *, guests: bool = False
) -> Counter[str]:
    """Return how many machines are still to be made, by network; or only those that may be guests."""
    there = Counter((machine.tier, machine.tenant) for machine in existing)
    there.update(
        (server.carries.tier, server.carries.tenant) for server in inputs.stock.carriers if server.carries
    )
    new: Counter[str] = Counter()
    for need in sizing.needs:
        if guests and Carrier.GUEST not in need.tier.runs_on:
            continue
        new[network_of_need(inputs, need).name] += max(need.total - there[need.group], 0)
    return new


def _networks_are_large_enough(inputs: Inputs, new: Counter[str], pools: Mapping[str, AddressPool]) -> None:
    for name, number in sorted(new.items()):
        if not pools[name].has_free(number):
            ranges = ", ".join(str(span) for span in inputs.networks[name].ranges)
            raise InputError(
                file=inputs.files.networks,
                key=f"renfort_networks.{name}.ranges",
                problem=f"{ranges} has too few free addresses for {count(number, 'new machine')}",
                expected="larger ranges, or fewer reserved addresses",
            )


def _ids_are_enough(inputs: Inputs, live: Live, number: int) -> None:
    settings = inputs.stock.guests
    free = IdPool(
        settings.first_vmid,
        settings.last_vmid,
        taken={guest.vmid for guest in live.guests},
        file=inputs.files.stock,
    ).free()
    if free < number:
        raise InputError(
            file=inputs.files.stock,
            key="renfort_stock.guests.vmids",
            problem=(
                f"of the ids from {settings.first_vmid} to {settings.last_vmid}, {free} are free for "
                f"{count(number, 'new machine')}"
            ),
            expected="a larger range",
        )
