# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: tell whether a database cluster follows a leader."""

from __future__ import annotations

DOCUMENTATION = r"""
name: database_settled
short_description: Tell whether a database cluster follows a leader
version_added: 0.1.0
author: Renfort contributors
description:
  - Reads what Patroni answers to C(GET /cluster).
positional: leader
options:
  _input:
    description: The members.
    type: list
    elements: dict
    required: true
  leader:
    description: Name of the machine that should lead.
    type: str
    required: true
"""

EXAMPLES = r"""
result: "{{ answer.json.members | ent.renfort.database_settled('eure-database-02') }}"
"""

RETURN = r"""
_value:
  description: The result.
  type: bool
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.core.database_cluster import settled
from ..plugin_utils.plain import plain


def database_settled(rows: Any, leader: str) -> bool:
    """Tell whether a database cluster follows a leader."""
    return settled(plain(rows), str(leader))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"database_settled": database_settled}
