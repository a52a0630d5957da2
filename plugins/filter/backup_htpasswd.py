# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the file by which the repository server knows its machines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_htpasswd
short_description: The file by which the repository server knows its machines
version_added: 0.1.0
author: Renfort contributors
description:
  - One line for each machine, with a hash of its transport password.
options:
  _input:
    description: Mappings with name and transport_password.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
content: "{{ backup_clients | ent.renfort.backup_htpasswd }}"
"""

RETURN = r"""
_value:
  description: The text of the file.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.backup_accounts import htpasswd
from ..plugin_utils.plain import plain


def backup_htpasswd_filter(clients: Any) -> str:
    """One line for each machine."""
    return htpasswd(plain(clients))


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"backup_htpasswd": backup_htpasswd_filter}
