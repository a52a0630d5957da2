# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with backends and portal hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backend_problems
short_description: List what is wrong with backends and portal hosts
version_added: 0.1.0
author: Renfort contributors
description:
  - Names used twice or reserved, hosts that lead nowhere. Nothing is read from a machine.
positional: portals
options:
  _input:
    description: Backends.
    type: list
    elements: dict
    required: true
  portals:
    description: Host to backend.
    type: dict
    required: true
"""

EXAMPLES = r"""
problems: "{{ haproxy_backends | ent.renfort.backend_problems(haproxy_portals) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_config import backend_problems


def backend_problems_filter(backends: Any, portals: Any) -> list[str]:
    """List what is wrong with backends and portal hosts, with errors that Ansible shows."""
    try:
        return backend_problems(backends, portals)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"backend_problems": backend_problems_filter}
