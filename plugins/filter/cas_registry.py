# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: complete the services of a CAS's registry."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cas_registry
short_description: Complete the services of a CAS's registry
version_added: 0.2.0
author: Renfort contributors
description:
  - Each service with every key that role cas knows, those left out with their default.
options:
  _input:
    description: Services as in C(cas_services) of role cas.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
services: "{{ cas_services | ent.renfort.cas_registry }}"
"""

RETURN = r"""
_value:
  description: Services with every key.
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils.core.cas_registry import complete
from ..plugin_utils.plain import plain


def cas_registry(services: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Complete the services of a CAS's registry."""
    return complete(plain(services))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"cas_registry": cas_registry}
