# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list what is wrong with clients and retention of backups."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_problems
short_description: List what is wrong with clients and retention of backups
version_added: 0.1.0
author: Renfort contributors
description:
  - Names, passwords that are too short, durations. No sentence holds a password.
positional: keep
options:
  _input:
    description: Mappings with name, transport_password and repository_password.
    type: list
    elements: dict
    required: true
  keep:
    description: What is kept, as backup_keep says it.
    type: dict
    required: true
"""

EXAMPLES = r"""
problems: "{{ backup_clients | ent.renfort.backup_problems(backup_keep) }}"
"""

RETURN = r"""
_value:
  description: One sentence for each problem.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.backup_accounts import problems
from ..plugin_utils.plain import plain


def backup_problems_filter(clients: Any, keep: Any) -> list[str]:
    """List what is wrong with the clients and what is kept of them."""
    return problems(plain(clients), keep=plain(keep))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"backup_problems": backup_problems_filter}
