# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: the machines that save, with their passwords."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_clients
short_description: The machines that save, with their passwords
version_added: 0.1.0
author: Renfort contributors
description:
  - For the variable backup_clients. Both passwords of a machine come from its name and one secret.
positional: secret
options:
  _input:
    description: Names of machines.
    type: list
    elements: str
    required: true
  secret:
    description: The secret of all backups, 20 characters or more.
    type: str
    required: true
"""

EXAMPLES = r"""
backup_clients: "{{ saved_machines | ent.renfort.backup_clients(renfort_backup_secret) }}"
"""

RETURN = r"""
_value:
  description: Mappings with name, transport_password and repository_password.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.backup_accounts import AccountError, clients
from ..plugin_utils.plain import plain


def backup_clients_filter(names: Any, secret: str) -> list[dict[str, str]]:
    """The machines of these names with their passwords, with errors that Ansible shows."""
    try:
        return clients(plain(names), secret=str(secret))
    except AccountError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"backup_clients": backup_clients_filter}
