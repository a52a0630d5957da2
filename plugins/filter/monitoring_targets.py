# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter: make what Prometheus scrapes from machines of the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: monitoring_targets
short_description: Make what Prometheus scrapes from machines of the inventory
version_added: 0.3.0
author: Renfort contributors
description:
  - For each machine its address, with the labels C(machine), C(tier), C(tenant), C(rack) and C(hypervisor)
    where the inventory knows them. Alerts and figures carry these labels.
positional: hostvars
options:
  _input:
    description: Names of machines, usually a group.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of every machine; C(ansible_host) and C(renfort_*) are read.
    type: dict
    required: true
  without:
    description: Machines that are on their way out, such as those being released.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
monitoring_jobs:
  - name: node
    port: 9100
    targets: "{{ groups['fleet'] | ent.renfort.monitoring_targets(hostvars,
      without=renfort_releasing | default([])) }}"
"""

RETURN = r"""
_value:
  description: Mappings with C(address) and C(labels), sorted by machine.
  type: list
  elements: dict
"""

from collections.abc import Callable, Collection
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils.core.errors import RenfortError
from ..module_utils.monitoring_targets import machine_targets


def monitoring_targets_filter(
    machines: Any, hostvars: Any, without: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Make targets of machines, with errors that Ansible shows."""
    try:
        return machine_targets(machines, hostvars, without=without)
    except RenfortError as error:
        raise AnsibleFilterError(str(error)) from error


class FilterModule:
    """Jinja filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name → filter."""
        return {"monitoring_targets": monitoring_targets_filter}
