# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with services that are no HTTP."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tcp_service_problems
short_description: List what is wrong with services that are no HTTP
version_added: 0.2.0
author: Renfort contributors
description:
  - Names taken or impossible, checks that could verify nothing. Nothing is read from a machine.
positional: backends
options:
  _input:
    description: Services, as the role haproxy takes them.
    type: list
    elements: dict
    required: true
  backends:
    description: Backends, whose names are taken.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
problems: "{{ haproxy_tcp_services | ent.renfort.tcp_service_problems(haproxy_backends) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.haproxy_config import tcp_service_problems


def tcp_service_problems_filter(services: Any, backends: Any) -> list[str]:
    """List what is wrong with services that are no HTTP."""
    return tcp_service_problems(services, backends)


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"tcp_service_problems": tcp_service_problems_filter}
