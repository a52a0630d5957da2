# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with the tenants and destinations of mail."""

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_problems
short_description: List what is wrong with the tenants and destinations of mail
version_added: 0.1.0
author: Renfort contributors
description:
  - Domains used twice, senders outside their tenant, limits that are none. Nothing is read from a machine.
positional: destinations, internal
options:
  _input:
    description: What smtp_tenants holds.
    type: list
    elements: dict
    required: true
  destinations:
    description: What smtp_destinations holds.
    type: list
    elements: dict
    required: true
  internal:
    description: What smtp_internal_domains holds.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
problems: "{{ smtp_tenants | ent.renfort.smtp_problems(smtp_destinations) }}"
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

from ..module_utils.smtp_config import smtp_problems
from ..plugin_utils.plain import plain


def smtp_problems_filter(tenants: Any, destinations: Any, internal: Any = ()) -> list[str]:
    """List what is wrong, with errors that Ansible shows."""
    try:
        return smtp_problems(plain(tenants), plain(destinations), plain(list(internal)))
    except (KeyError, TypeError, ValueError) as error:
        raise AnsibleFilterError(f"smtp_problems: a key is missing or is none: {error}") from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"smtp_problems": smtp_problems_filter}
