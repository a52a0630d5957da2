#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the NetBox client."""

from __future__ import annotations

DOCUMENTATION = r"""
module: netbox_stock
short_description: Read the stock and the networks of the guests from NetBox
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Reads devices, racks, prefixes, IP ranges and IP addresses of a NetBox, and returns them in the form of
    C(stock.yml) and C(networks.yml), the files that people edit otherwise. It writes nothing, so that it does
    the same in check mode.
  - The number of calls does not depend on the number of devices, but for the pages of long lists.
  - NetBox does not know how many cores or how much memory a device has. They come from custom fields of the
    device or, where it has none, of its device type; C(docs/reference/netbox.md) lists them all, with the
    permissions that the token needs.
  - A device or prefix that lacks something is left out, with a warning and a line in RV(notes) that says why;
    with O(strict) the module fails instead.
options:
  url:
    description:
      - Address of NetBox's start page, with its path if it has one.
      - Without it, the environment variable E(RENFORT_NETBOX_URL).
    type: str
  token:
    description:
      - API token of NetBox, of version 2 (C(nbt_<key>.<token>)) or 1. It wins over O(token_file).
      - Without it, the environment variable E(RENFORT_NETBOX_TOKEN).
    type: str
  token_file:
    description:
      - File that holds the API token. C(~) is the home directory.
      - Without it, the environment variable E(RENFORT_NETBOX_TOKEN_FILE).
    type: str
  ca_file:
    description:
      - File with the certificate of the authority that signed NetBox's certificate, in PEM.
        C(~) is the home directory.
      - Without it, the environment variable E(RENFORT_NETBOX_CA_FILE); without both, the authorities that
        Python trusts.
    type: str
  validate_certs:
    description: Whether NetBox's certificate must verify. Whoever can pose as NetBox gets the token.
    type: bool
    default: true
  timeout:
    description: How long one call may take, in seconds.
    type: int
    default: 30
  sites:
    description: Slugs of the sites whose devices count; all sites when the list is empty.
    type: list
    elements: str
    default: []
  hypervisor_roles:
    description: Slugs of the device roles of hypervisors; the roles below them in NetBox count too.
    type: list
    elements: str
    default: [hypervisor]
  hypervisor_statuses:
    description: Statuses of a hypervisor that is in service.
    type: list
    elements: str
    default: [active]
  server_roles:
    description:
      - Slugs of the device roles of servers that can become a hypervisor or carry a tier; the roles below
        them in NetBox count too.
    type: list
    elements: str
    default: [hypervisor, server]
  server_statuses:
    description: Statuses of a server that is on the shelf.
    type: list
    elements: str
    default: [inventory]
  delivery_statuses:
    description: Statuses of a server that is announced.
    type: list
    elements: str
    default: [planned]
  network_tag:
    description:
      - Slug of the tag of the prefixes that are networks of guests, and of the IP ranges in them that guests
        may be given addresses of.
      - When it is empty, no network is read.
    type: str
    default: renfort-guests
  ignore_tag:
    description: Slug of the tag of devices that are none of Renfort's business. The tag need not exist.
    type: str
    default: renfort-ignore
  strict:
    description: Fail when anything has to be left out, instead of warning.
    type: bool
    default: false
requirements:
  - pynetbox >= 7.9
  - requests
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
  - module: ent.renfort.fleet_plan
"""

EXAMPLES = r"""
- name: Read the stock of two sites
  ent.renfort.netbox_stock:
    url: https://netbox.example.net
    token_file: ~/.config/renfort/netbox-token
    sites: [nord, sud]
  register: netbox

- name: Show it in the form of stock.yml
  ansible.builtin.debug:
    var: netbox.stock

- name: Read a NetBox that calls things otherwise, and accept nothing incomplete
  ent.renfort.netbox_stock:
    url: https://netbox.example.net
    token: "{{ vault_netbox_token }}"
    ca_file: /etc/ssl/certs/example-ca.pem
    hypervisor_roles: [proxmox]
    server_roles: [proxmox, spare-server]
    server_statuses: [inventory, offline]
    network_tag: ent-guests
    strict: true
"""

RETURN = r"""
stock:
  description: What C(stock.yml) holds about hardware; its settings (V(guests) and others) are not in NetBox.
  returned: success
  type: dict
  contains:
    hypervisors:
      description: Hypervisors in service, by name.
      type: dict
      sample:
        pve1:
          site: nord
          rack: n1
          cores: 64
          memory_mib: 524288
          reserved_memory_mib: 16384
          bridges: [vmbr0, vmbr1]
          storages: {vmdata: 4000}
    servers:
      description: Servers on the shelf, by name.
      type: dict
      sample:
        shelf-01: {site: nord, rack: n2, cores: 64, memory_mib: 524288, disk_gib: 4000, nics: 4}
    deliveries:
      description: Servers announced, by order; those of one order with the same place, form and date.
      type: dict
      sample:
        supplier-a:
          servers: 10
          site: nord
          rack: n3
          cores: 64
          memory_mib: 524288
          disk_gib: 4000
          nics: 4
          expected: {earliest: "2020-04-06", latest: "2020-04-20"}
networks:
  description: What C(networks.yml) holds, by name.
  returned: success
  type: dict
  sample:
    front:
      bridge: vmbr0
      cidr: 10.90.0.0/22
      gateway: 10.90.0.1
      nameservers: [10.90.0.2]
      ranges: [10.90.0.20-10.90.3.250]
      reserved: [10.90.1.0/28]
notes:
  description: What had to be left out and why, a line each; empty when all of it could be used.
  returned: success
  type: list
  elements: str
  sample:
    - "Hypervisor pve7 (id 12) is left out: it stands in no rack, and machines are spread over racks."
"""

import sys

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib

from ..module_utils.core.errors import RenfortError
from ..module_utils.netbox_options import argument_spec, selection_from, settings_from

try:
    from ..module_utils.netbox_stock import read_documents
except (ImportError, SyntaxError) as error:  # an interpreter that is too old cannot even parse it
    FAILED_IMPORT: Exception | None = error
else:
    FAILED_IMPORT = None


def unusable(failure: Exception) -> str:
    """Return why this interpreter cannot run the module."""
    if isinstance(failure, SyntaxError):
        return (
            f"netbox_stock ran with {sys.executable}, Python {sys.version.split()[0]}: expected Python 3.12 "
            "or newer. Run it on localhost with the interpreter of Ansible: "
            "ansible_python_interpreter={{ ansible_playbook_python }}."
        )
    return str(missing_required_lib(getattr(failure, "name", None) or str(failure)))


def main() -> None:
    """Run the module."""
    spec = argument_spec(env_fallback) | {"strict": {"type": "bool", "default": False}}
    module = AnsibleModule(argument_spec=spec, supports_check_mode=True)
    if FAILED_IMPORT is not None:
        module.fail_json(msg=unusable(FAILED_IMPORT))
    try:
        settings, selection = settings_from(module.params), selection_from(module.params)
        documents = read_documents(settings, selection, strict=module.params["strict"])
    except RenfortError as error:
        module.fail_json(msg=str(error))
    if settings.url.startswith("http:"):
        module.warn(f"{settings.url} is not https: the token crosses the network for everybody to read.")
    for note in documents.notes:
        module.warn(note)
    module.exit_json(changed=False, stock=documents.stock, networks=documents.networks, notes=documents.notes)


if __name__ == "__main__":
    main()
