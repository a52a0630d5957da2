# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: compute how many connections a load balancer carries."""

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_maxconn
short_description: Compute how many connections a load balancer carries
version_added: 0.1.0
author: Renfort contributors
description:
  - Half of the memory divided by what one proxied connection takes, at least 1,000 and at most 100,000, and
    never more than the limit of open files allows.
positional: tls
options:
  _input:
    description: Memory of the machine in KiB, then the open files that a service may have.
    type: list
    elements: int
    required: true
  tls:
    description: Whether clients come over TLS.
    type: bool
    default: false
"""

EXAMPLES = r"""
haproxy_maxconn: "{{ [2097152, 524288] | ent.renfort.haproxy_maxconn }}"  # 30000
"""

RETURN = r"""
_value:
  description: Connections at once.
  type: int
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.haproxy_config import maxconn


def haproxy_maxconn(machine: Sequence[str | int], tls: bool = False) -> int:
    """Compute how many connections a load balancer carries, with errors that Ansible shows."""
    try:
        return maxconn(int(machine[0]), int(machine[1]), tls=tls)
    except (IndexError, ValueError) as error:
        raise AnsibleFilterError(
            f"haproxy_maxconn: found {machine!r}. Expected the memory in KiB and the limit of open files."
        ) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"haproxy_maxconn": haproxy_maxconn}
