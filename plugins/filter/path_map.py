# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: map paths of portals to backends."""

from __future__ import annotations

DOCUMENTATION = r"""
name: path_map
short_description: Map paths of portals to backends
version_added: 0.2.0
author: Renfort contributors
description:
  - The paths of hosts that backends name, each with its backend, sorted.
options:
  _input:
    description: Backends, each with C(name) and, if it has any, C(hosts) and C(paths).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
haproxy_paths: "{{ haproxy_backends | ent.renfort.path_map }}"
"""

RETURN = r"""
_value:
  description: Host to beginning of a path to backend.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_config import path_map


def path_map_filter(backends: Any) -> dict[str, dict[str, str]]:
    """Map paths of portals to backends, with errors that Ansible shows."""
    try:
        return path_map(backends)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"path_map": path_map_filter}
