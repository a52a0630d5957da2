# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: collect the passwords and tokens that go into files of their own."""

from __future__ import annotations

DOCUMENTATION = r"""
name: monitoring_secrets
short_description: Collect the passwords and tokens that go into files of their own
version_added: 0.3.0
author: Renfort contributors
description:
  - So that no configuration holds a secret, and a changed one needs no reload.
positional: receivers, client_password
options:
  _input:
    description: Jobs; C(password) gives the file C(job-<name>).
    type: list
    elements: dict
    required: true
  receivers:
    description: Receivers; C(token) of the webhook number n gives the file C(receiver-<name>-<n>), from zero.
    type: list
    elements: dict
    required: true
  client_password:
    description: What monitoring machines are to each other; gives the file C(client).
    type: str
    default: ""
"""

EXAMPLES = r"""
secrets: "{{ monitoring_jobs | ent.renfort.monitoring_secrets(monitoring_receivers) }}"
"""

RETURN = r"""
_value:
  description: File name to secret.
  type: dict
"""

from collections.abc import Callable
from typing import Any

from ..module_utils.monitoring_targets import secrets


def monitoring_secrets_filter(jobs: Any, receivers: Any, client_password: str = "") -> dict[str, str]:
    """Collect the passwords and tokens that go into files of their own."""
    return secrets(jobs, receivers, client_password)


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"monitoring_secrets": monitoring_secrets_filter}
