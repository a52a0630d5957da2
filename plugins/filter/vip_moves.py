# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list the virtual addresses that are not with their own machine."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vip_moves
short_description: List the virtual addresses that are not with their own machine
version_added: 0.2.0
author: Renfort contributors
description:
  - Those that one machine in good health has and another one in good health should have.
positional: members, held, fit
options:
  _input:
    description: Instances, as C(ent.renfort.vip_instances) makes them.
    type: list
    elements: dict
    required: true
  members:
    description: The machines that share them.
    type: list
    elements: dict
    required: true
  held:
    description: Machine to what C(ip -json address show) prints there.
    type: dict
    required: true
  fit:
    description: Machine to the exit status of its health check.
    type: dict
    required: true
"""

EXAMPLES = r"""
moves: "{{ instances | ent.renfort.vip_moves(keepalived_members, held, fit) }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(name), C(address), C(interface), C(from), C(from_address), C(to).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.core.vips import moves
from ..plugin_utils.plain import plain
from ..plugin_utils.vips import addresses_on, members_of


def vip_moves(instances: Any, members: Any, held: Any, fit: Any) -> list[dict[str, Any]]:
    """List the virtual addresses that are not with their own machine."""
    by_name = {instance["name"]: instance for instance in plain(instances)}
    machines = {member.name: member.address for member in members_of(members)}
    shown = {name: addresses_on(text) for name, text in plain(held).items()}
    holders = {
        name: [machine for machine, rows in shown.items() if (it["interface"], it["address"]) in rows]
        for name, it in by_name.items()
    }
    well = [machine for machine, status in plain(fit).items() if status == 0]
    return [
        {
            "name": move.vip,
            "address": by_name[move.vip]["address"],
            "interface": by_name[move.vip]["interface"],
            "from": move.source,
            "from_address": machines[move.source],
            "to": move.target,
        }
        for move in moves(list(by_name), list(machines), held=holders, fit=well)
    ]


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"vip_moves": vip_moves}
