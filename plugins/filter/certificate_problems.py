# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with certificates for the load balancer."""

from __future__ import annotations

DOCUMENTATION = r"""
name: certificate_problems
short_description: List what is wrong with certificates for the load balancer
version_added: 0.2.0
author: Renfort contributors
description:
  - Those that cannot be read, whose key is another one's, that are not valid today, or that do not cover a
    host which they must be valid for; portal hosts that none of them covers.
positional: portals
options:
  _input:
    description: Certificates with C(name), C(content) and C(hosts), as the filter haproxy_certificates gives.
    type: list
    elements: dict
    required: true
  portals:
    description: Hosts that some certificate must cover.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
problems: "{{ certificates | ent.renfort.certificate_problems(haproxy_portals) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem; no content of a certificate or key.
  type: list
  elements: str
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from ..module_utils.haproxy_certificates import certificate_problems
from ..plugin_utils.plain import plain


def certificate_problems_filter(certificates: Any, portals: Any) -> list[str]:
    """List what is wrong with certificates today."""
    return certificate_problems(plain(certificates), plain(list(portals)), now=datetime.now(UTC))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"certificate_problems": certificate_problems_filter}
