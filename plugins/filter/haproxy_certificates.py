# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: read certificates for the load balancer."""

from __future__ import annotations

DOCUMENTATION = r"""
name: haproxy_certificates
short_description: Read certificates for the load balancer
version_added: 0.2.0
author: Renfort contributors
description:
  - Reads the files of those that name one, and gives each its place on the machine and its digest.
positional: directory
options:
  _input:
    description: Certificates, each with C(name), C(pem) or C(file), and C(hosts) if it has any.
    type: list
    elements: dict
    required: true
  directory:
    description: Directory on the machine.
    type: str
    required: true
"""

EXAMPLES = r"""
certificates: "{{ haproxy_certificates | ent.renfort.haproxy_certificates('/etc/haproxy/certificates') }}"
"""

RETURN = r"""
_value:
  description: Certificates with C(name), C(path), C(content), C(digest) and C(hosts).
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_certificates import bundles
from ..plugin_utils.plain import plain


def haproxy_certificates(certificates: Any, directory: str) -> list[dict[str, Any]]:
    """Read certificates for the load balancer, with errors that Ansible shows."""
    try:
        return bundles(plain(certificates), directory=plain(directory))
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"haproxy_certificates": haproxy_certificates}
