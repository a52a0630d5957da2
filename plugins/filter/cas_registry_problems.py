# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: tell what is wrong with the services of a CAS's registry."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cas_registry_problems
short_description: Tell what is wrong with the services of a CAS's registry
version_added: 0.2.0
author: Renfort contributors
description:
  - One sentence for each name, host, scheme, path, attribute or profile that cannot be used.
options:
  _input:
    description: Services as in C(cas_services) of role cas.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
that: (cas_services | ent.renfort.cas_registry_problems) == []
"""

RETURN = r"""
_value:
  description: Sentences, none when the services can be used.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils.core.cas_registry import problems
from ..plugin_utils.plain import plain


def cas_registry_problems(services: Sequence[Mapping[str, Any]]) -> list[str]:
    """Tell what is wrong with the services of a CAS's registry."""
    return problems(plain(services))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"cas_registry_problems": cas_registry_problems}
