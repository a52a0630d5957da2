# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: where in the cluster the planned guests are, from the stock."""

from __future__ import annotations

DOCUMENTATION = r"""
name: pve_places
short_description: Name the pools, templates, storages and bridges that guests of the plan use
version_added: 0.2.0
author: Renfort contributors
description:
  - For M(ent.renfort.pve_access), from the same files that the plan is made from.
positional: capacity, networks
options:
  _input:
    description: The stock, C(renfort_stock).
    type: dict
    required: true
  capacity:
    description: The capacity model, C(renfort_capacity). A tier may have a template or storage of its own.
    type: dict
    required: true
  networks:
    description: The networks, C(renfort_networks).
    type: dict
    required: true
"""

EXAMPLES = r"""
places: "{{ renfort_stock | ent.renfort.pve_places(renfort_capacity, renfort_networks) }}"
"""

RETURN = r"""
_value:
  description: Lists under C(pools), C(templates), C(storages) and C(bridges), each sorted.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError


def pve_places(stock: Any, capacity: Any, networks: Any) -> dict[str, list[Any]]:
    """Name the places of the guests, with an error that Ansible shows when a key is not there."""
    try:
        guests = stock["guests"]
        tiers = list(capacity["tiers"].values())
        return {
            "pools": [guests["pool"]],
            "templates": _named("template", guests, tiers),
            "storages": _named("storage", guests, tiers),
            "bridges": sorted({network["bridge"] for network in networks.values()}),
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise AnsibleFilterError(
            f"renfort_stock, renfort_capacity and renfort_networks are not as they should be: {error}. "
            "Expected the keys guests (pool, template, storage), tiers, and a bridge in each network."
        ) from error


def _named(key: str, guests: Any, tiers: list[Any]) -> list[Any]:
    """What the guests have, and the tiers that have their own."""
    found = {tier[key] for tier in tiers if tier.get(key)}
    return sorted(found | ({guests[key]} if guests.get(key) else set()))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"pve_places": pve_places}
