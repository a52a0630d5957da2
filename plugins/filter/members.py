# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: machines of the inventory as members of a cluster or servers of a service."""

from __future__ import annotations

DOCUMENTATION = r"""
name: members
short_description: Make members of a cluster, or servers of a service, from machines of the inventory
version_added: 0.1.0
author: Renfort contributors
description:
  - Names and addresses of machines, sorted by name, as the roles take them.
positional: hostvars
options:
  _input:
    description: Names of machines, such as those of a group.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of every machine; C(ansible_host) is read.
    type: dict
    required: true
  without:
    description: Machines that are on their way out, such as those being released.
    type: list
    elements: str
    default: []
  port:
    description: Port that each of them answers on; left out when 0.
    type: int
    default: 0
"""

EXAMPLES = r"""
database_members: "{{ groups['database'] | ent.renfort.members(hostvars) }}"
haproxy_tcp_services:
  - name: mail
    bind: ["*:25"]
    servers: "{{ groups['smtp'] | ent.renfort.members(hostvars, port=10025) }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(name) and C(address), and C(port) where one was given.
  type: list
  elements: dict
"""

from collections.abc import Callable, Collection
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.core.members import members


def members_filter(
    machines: Any, hostvars: Any, without: Collection[str] = (), port: int = 0
) -> list[dict[str, Any]]:
    """Make members from machines, with errors that Ansible shows."""
    try:
        return members(machines, hostvars, without=without, port=port)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"members": members_filter}
