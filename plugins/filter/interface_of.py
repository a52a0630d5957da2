# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: find the interface that has an address."""

from __future__ import annotations

DOCUMENTATION = r"""
name: interface_of
short_description: Find the interface that has an address
version_added: 0.2.0
author: Renfort contributors
description:
  - In what C(ip -json address show) prints.
positional: address
options:
  _input:
    description: What the command printed.
    type: str
    required: true
  address:
    description: The address, without a prefix.
    type: str
    required: true
"""

EXAMPLES = r"""
interface: "{{ addresses.stdout | ent.renfort.interface_of('10.83.0.11') }}"
"""

RETURN = r"""
_value:
  description: Name of the interface.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..plugin_utils.vips import addresses_on


def interface_of(printed: Any, address: Any) -> str:
    """Find the interface that has an address, with an error that Ansible shows."""
    found = sorted(interface for interface, has in addresses_on(str(printed)) if has == str(address))
    if not found:
        raise AnsibleFilterError(
            f"No interface of the machine has the address {address}, which keepalived_members gives it."
        )
    return found[0]


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"interface_of": interface_of}
