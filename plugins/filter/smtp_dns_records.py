# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: write the DNS records of sender domains."""

from __future__ import annotations

DOCUMENTATION = r"""
name: smtp_dns_records
short_description: Write the DNS records of sender domains
version_added: 0.1.0
author: Renfort contributors
description:
  - DKIM, SPF and DMARC of each sender domain, as lines of a zone file.
positional: public_keys, addresses
options:
  _input:
    description: What smtp_tenants holds.
    type: list
    elements: dict
    required: true
  public_keys:
    description: Domain to public key (PEM).
    type: dict
    required: true
  addresses:
    description: Addresses from which the relays send, as the internet sees them.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
records: "{{ smtp_tenants | ent.renfort.smtp_dns_records(keys, ['192.0.2.25']) }}"
"""

RETURN = r"""
_value:
  description: Lines of a zone file.
  type: list
  elements: str
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.smtp_config import dns_records
from ..plugin_utils.plain import plain


def smtp_dns_records_filter(tenants: Any, public_keys: Any, addresses: Any) -> list[str]:
    """Write the DNS records of sender domains, with errors that Ansible shows."""
    try:
        return dns_records(plain(tenants), plain(public_keys), plain(addresses))
    except (RenfortError, KeyError) as error:
        raise AnsibleFilterError(f"smtp_dns_records: {error}") from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"smtp_dns_records": smtp_dns_records_filter}
