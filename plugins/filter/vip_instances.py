# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: make one VRRP instance of each virtual address."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vip_instances
short_description: Make one VRRP instance of each virtual address
version_added: 0.2.0
author: Renfort contributors
description:
  - Whose each address is, who takes it over in which order, and the priorities that say so.
positional: members, interface
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
  interface:
    description: Interface of those that name none.
    type: str
    required: true
"""

EXAMPLES = r"""
instances: "{{ keepalived_vips | ent.renfort.vip_instances(keepalived_members, 'eth0') }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(name), C(address), C(prefix), C(interface), C(router_id), C(order) and
    C(priorities).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.core.vips import orders, priorities, router_ids
from ..plugin_utils.vips import members_of, vips_of


def vip_instances(vips: Any, members: Any, interface: Any) -> list[dict[str, Any]]:
    """Make one VRRP instance of each virtual address."""
    known = vips_of(vips)
    order = orders([vip.name for vip in known], [member.name for member in members_of(members)])
    ids = router_ids(known)
    return [
        {
            "name": vip.name,
            "address": vip.address.partition("/")[0],
            "prefix": vip.address.partition("/")[2],
            "interface": vip.interface or str(interface),
            "router_id": ids[vip.name],
            "order": order[vip.name],
            "priorities": priorities(order[vip.name]),
        }
        for vip in known
    ]


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"vip_instances": vip_instances}
