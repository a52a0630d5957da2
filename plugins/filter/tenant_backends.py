# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: make one load balancer backend per tenant."""

from __future__ import annotations

DOCUMENTATION = r"""
name: tenant_backends
short_description: Make one load balancer backend per tenant
version_added: 0.1.0
author: Renfort contributors
description:
  - For each tenant, by name, its portal hosts and the machines which are both in the tier's group and in the
    group of the tenant, C(tenant_<name>).
positional: groups, hostvars
options:
  _input:
    description: The tenants, name to mapping with C(portals).
    type: dict
    required: true
  groups:
    description: The inventory's groups.
    type: dict
    required: true
  hostvars:
    description: The variables of every machine; C(ansible_host) is read.
    type: dict
    required: true
  tier:
    description: Group that the servers must be in.
    type: str
    default: web
  port:
    description: Port that the servers answer on.
    type: int
    default: 80
  without:
    description: Machines that are on their way out and get no request any more, such as those being released.
    type: list
    elements: str
    default: []
  suffix:
    description: What a backend is called after the name of its tenant.
    type: str
    default: ''
  paths:
    description: Of the portals, only the paths that begin so.
    type: list
    elements: str
    default: []
  check_path:
    description: What the servers must answer with 200, instead of the role's own path.
    type: str
    default: ''
"""

EXAMPLES = r"""
haproxy_backends: "{{ renfort_tenants | ent.renfort.tenant_backends(groups, hostvars,
  without=renfort_releasing | default([])) }}"
cas_backends: "{{ renfort_tenants | ent.renfort.tenant_backends(groups, hostvars, tier='cas', suffix='_cas',
  paths=['/cas/'], check_path='/cas/healthz') }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(name), C(hosts) and C(servers); a server has C(name), C(address), C(port). With
    C(paths) and C(check_path) where these are given.
  type: list
  elements: dict
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_config import tenant_backends


def tenant_backends_filter(
    tenants: Any,
    groups: Any,
    hostvars: Any,
    tier: str = "web",
    port: int = 80,
    without: Collection[str] = (),
    suffix: str = "",
    paths: Sequence[str] = (),
    check_path: str = "",
) -> list[dict[str, Any]]:
    """Make one load balancer backend per tenant, with errors that Ansible shows."""
    try:
        return tenant_backends(
            tenants,
            groups,
            hostvars,
            tier=tier,
            port=port,
            without=without,
            suffix=suffix,
            paths=paths,
            check_path=check_path,
        )
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"tenant_backends": tenant_backends_filter}
