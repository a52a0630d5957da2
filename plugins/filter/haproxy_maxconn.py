# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: compute how many connections a load balancer's memory carries."""

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_maxconn
short_description: Compute how many connections a load balancer's memory carries
version_added: 0.1.0
author: Renfort contributors
description:
  - Half of the memory divided by what one proxied connection takes, between 1,000 and 100,000.
positional: tls
options:
  _input:
    description: Memory of the machine in MiB.
    type: int
    required: true
  tls:
    description: Whether clients come over TLS.
    type: bool
    default: false
"""

EXAMPLES = r"""
haproxy_maxconn: "{{ 2048 | ent.renfort.haproxy_maxconn }}"  # 30000
"""

RETURN = r"""
_value:
  description: Connections at once.
  type: int
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_config import maxconn


def haproxy_maxconn(memory_mib: int, tls: bool = False) -> int:
    """Compute how many connections a load balancer's memory carries, with errors that Ansible shows."""
    try:
        return maxconn(int(memory_mib), tls=tls)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"haproxy_maxconn": haproxy_maxconn}
