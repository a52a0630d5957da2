# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: a password of one machine that saves."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_password
short_description: A password of one machine that saves
version_added: 0.1.0
author: Renfort contributors
description:
  - The same as the filter backup_clients gives the repository machine.
positional: name, purpose
options:
  _input:
    description: The secret of all backups, 20 characters or more.
    type: str
    required: true
  name:
    description: Name of the machine.
    type: str
    required: true
  purpose:
    description: What the password opens.
    type: str
    required: true
    choices: [transport, repository]
"""

EXAMPLES = r"""
backup_client_transport_password: >-
  {{ renfort_backup_secret | ent.renfort.backup_password(inventory_hostname, 'transport') }}
"""

RETURN = r"""
_value:
  description: The password.
  type: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.backup_accounts import AccountError, password


def backup_password_filter(secret: Any, name: str, purpose: str) -> str:
    """A password of one machine, with errors that Ansible shows."""
    try:
        return password(str(secret), name=str(name), purpose=str(purpose))
    except AccountError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"backup_password": backup_password_filter}
