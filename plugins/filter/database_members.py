# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: show the members of a database cluster, one line each."""

from __future__ import annotations

DOCUMENTATION = r"""
name: database_members
short_description: Show the members of a database cluster, one line each
version_added: 0.1.0
author: Renfort contributors
description:
  - Reads what Patroni answers to C(GET /cluster).
options:
  _input:
    description: The members.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
result: "{{ answer.json.members | ent.renfort.database_members }}"
"""

RETURN = r"""
_value:
  description: The result.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.core.database_cluster import lines
from ..plugin_utils.plain import plain


def database_members(rows: Any) -> list[str]:
    """Show the members of a database cluster, one line each."""
    return lines(plain(rows))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"database_members": database_members}
