# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: map portal hosts to backends."""

from __future__ import annotations

DOCUMENTATION = r"""
name: portal_map
short_description: Map portal hosts to backends
version_added: 0.1.0
author: Renfort contributors
description:
  - The hosts that backends name, each with its backend, sorted by host.
options:
  _input:
    description: Backends, each with C(name) and, if it has any, C(hosts).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
haproxy_portals: "{{ haproxy_backends | ent.renfort.portal_map }}"
"""

RETURN = r"""
_value:
  description: Host to backend.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_config import portal_map


def portal_map_filter(backends: Any) -> dict[str, str]:
    """Map portal hosts to backends, with errors that Ansible shows."""
    try:
        return portal_map(backends)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"portal_map": portal_map_filter}
