#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the cluster's resource list."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_cluster_info
short_description: List the hypervisors, guests and storages of a Proxmox VE cluster
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Reads the whole cluster in one API call, whatever its size. Just after guests were made the cluster does
    not know their names for some seconds; then the call is repeated until it does.
  - A guest whose hypervisor is off-line is listed with its place and tags; its name and sizes may be unknown
    then, and are empty or V(0).
extends_documentation_fragment:
  - ent.renfort.pve
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: none
    description: Will return details on what has changed when in diff mode.
notes:
  - Runs on the controller, with the controller's Python.
seealso:
  - module: ent.renfort.pve_guests
"""

EXAMPLES = r"""
- name: Read what runs in the cluster
  ent.renfort.pve_cluster_info:
    api_host: pve1.example.net
    api_user: renfort@pve
    api_token_id: ops
    api_token_file: ~/.config/renfort/token
  register: cluster
"""

RETURN = r"""
hypervisors:
  description: The nodes of the cluster, by name.
  returned: success
  type: list
  elements: dict
  sample: [{name: pve1, online: true, cores: 16, memory_mib: 65536}]
guests:
  description: The virtual machines, templates included, by id.
  returned: success
  type: list
  elements: dict
  sample:
    - vmid: 2001
      name: haut-rhin-web-01
      node: pve2
      status: running
      template: false
      tags: [ip-10.83.10.11, renfort, tenant-haut_rhin, tier-web]
      pool: renfort
      cores: 2
      memory_mib: 2048
storages:
  description: The storages as each node sees them, by name and node.
  returned: success
  type: list
  elements: dict
  sample:
    - name: vmdata
      node: pve1
      type: nfs
      shared: true
      available: true
      content: [images]
      size_mib: 2097152
      used_mib: 10240
"""

from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ..module_utils.core.errors import RenfortError
from ..module_utils.proxmox import Client
from ..module_utils.proxmox_cluster import read_settled_cluster
from ..module_utils.proxmox_options import argument_spec, settings_from


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=argument_spec(env_fallback), supports_check_mode=True)
    try:
        view = read_settled_cluster(Client(settings_from(module.params), read_only=True))
    except RenfortError as error:
        module.fail_json(msg=str(error))
    # A container's id is taken as much as a virtual machine's, but nothing of Renfort is a container.
    keep = ("vmid", "name", "node", "status", "template", "tags", "pool", "cores", "memory_mib")
    guests = [asdict(guest) for guest in view.guests]
    module.exit_json(
        changed=False,
        hypervisors=[asdict(node) for node in view.hypervisors],
        guests=[{key: guest[key] for key in keep} for guest in guests],
        storages=[asdict(storage) for storage in view.storages],
    )


if __name__ == "__main__":
    main()
