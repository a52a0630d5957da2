# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: list the domains whose mail is signed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_signed_domains
short_description: List the domains whose mail is signed
version_added: 0.1.0
author: Renfort contributors
description:
  - Each sender domain of a tenant with a DKIM selector, with the name of the file of its key.
options:
  _input:
    description: What smtp_tenants holds.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
signed: "{{ smtp_tenants | ent.renfort.smtp_signed_domains }}"
"""

RETURN = r"""
_value:
  description: Mappings with domain, selector and file.
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.smtp_config import signed_domains
from ..plugin_utils.plain import plain


def smtp_signed_domains_filter(tenants: Any) -> list[dict[str, str]]:
    """List the domains whose mail is signed, with errors that Ansible shows."""
    try:
        return signed_domains(plain(tenants))
    except (KeyError, TypeError) as error:
        raise AnsibleFilterError(f"smtp_signed_domains: expected mappings with domains: {error}") from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"smtp_signed_domains": smtp_signed_domains_filter}
