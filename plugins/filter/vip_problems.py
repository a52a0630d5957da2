# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with virtual addresses and the machines that share them."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vip_problems
short_description: List what is wrong with virtual addresses and the machines that share them
version_added: 0.2.0
author: Renfort contributors
description:
  - Nothing is read from a machine.
positional: members, machine
options:
  _input:
    description: Virtual addresses, as the role keepalived takes them.
    type: list
    elements: dict
    required: true
  members:
    description: The machines that share them.
    type: list
    elements: dict
    required: true
  machine:
    description: The machine at hand, which must be a member.
    type: str
    required: true
"""

EXAMPLES = r"""
problems: "{{ keepalived_vips | ent.renfort.vip_problems(keepalived_members, inventory_hostname) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.core.vips import problems
from ..plugin_utils.vips import members_of, vips_of


def vip_problems(vips: Any, members: Any, machine: Any) -> list[str]:
    """List what is wrong with virtual addresses and the machines that share them."""
    return problems(vips_of(vips), members_of(members), machine=str(machine))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"vip_problems": vip_problems}
