# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_enrol
short_description: Enrol the servers of a plan over ssh, with their host keys pinned
version_added: 0.2.0
author:
  - Renfort contributors (@renfort)
description:
  - Waits until each server of the plan that was powered answers over ssh at its planned address, and pins its
    host key in a known-hosts file, if it is the expected one and the machine is the planned one.
  - The expected key is the C(host_key) of the plan, or a fingerprint that an operator compared on the
    console. Without one of them the server is refused, and the fingerprint that it shows is told.
  - A key that was pinned before and is another one now is always refused.
  - The machine must have the serial number and the interface that the plan states; where it states neither,
    it must have the name of the server or of its machine.
  - The plan notes each server as enrolled. Servers that are enrolled already are not contacted, unless their
    key is not pinned on this controller yet.
options:
  plan_file:
    description: The plan, as written by M(ent.renfort.fleet_plan).
    type: path
    required: true
  known_hosts_file:
    description: File in which the host keys are pinned. It is made if it does not exist.
    type: path
    required: true
  servers:
    description: Names of the servers to look at. Without any, all servers of the plan.
    type: list
    elements: str
    default: []
  accept_host_keys:
    description:
      - Fingerprints that an operator compared on the consoles of servers, by the name of the server.
      - The plan's own C(host_key) goes before it.
    type: dict
    default: {}
  user:
    description: User that the installation made, who can become root with sudo.
    type: str
    default: ops
  private_key_file:
    description: Private key to log in with. Without it, those that ssh finds by itself.
    type: path
  port:
    description: TCP port of ssh.
    type: int
    default: 22
  parallel:
    description: How many servers are worked on at once.
    type: int
    default: 16
  wait:
    description: Seconds for which ssh is waited for, which is how long an installation may take.
    type: int
    default: 1800
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
    details: Looks at each server once and waits for none.
  diff_mode:
    support: full
  platform:
    platforms: all
notes:
  - Runs on the controller as an action plugin, with OpenSSH's C(ssh-keyscan) and C(ssh).
seealso:
  - module: ent.renfort.server_power
  - module: ent.renfort.server_service
"""

EXAMPLES = r"""
- name: Enrol what was installed
  ent.renfort.server_enrol:
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    known_hosts_file: ~/.ssh/known_hosts
    private_key_file: ~/.ssh/id_ed25519

- name: Accept a host key that was compared on the console
  ent.renfort.server_enrol:
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    known_hosts_file: ~/.ssh/known_hosts
    servers: [shelf-03]
    accept_host_keys:
      shelf-03: SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDZgWPEmZsVYzbGCQM
"""

RETURN = r"""
servers:
  description: Every server that was looked at.
  returned: always
  type: list
  elements: dict
  contains:
    server:
      description: Its name.
      type: str
      sample: shelf-03
    machine:
      description: The machine that it carries. Empty when it becomes a hypervisor.
      type: str
      sample: ""
    tier:
      description: The tier of that machine.
      type: str
      sample: ""
    action:
      description: What was done, or would be in check mode. Empty for nothing.
      type: str
      sample: enrol
    reason:
      description: Why.
      type: str
      sample: "answers at 10.83.0.33 with the host key SHA256:uNiVztksCsDhcc0u9e8BrrJXVGDZgWPEmZsVYzbGCQM"
    waits_for:
      description: What people must do or decide before it goes on. Empty when nothing.
      type: str
      sample: ""
    state:
      description: How far it is. One of C(racked), C(powered), C(enrolled) and C(in_service).
      type: str
      sample: enrolled
    since:
      description: When it came to this state (ISO, UTC).
      type: str
      sample: "2020-03-28T17:20:00Z"
waiting:
  description: What servers wait for, by name.
  returned: always
  type: dict
  sample: {shelf-04: "power: ent.renfort.server_power"}
failures:
  description: What went wrong, by server.
  returned: always
  type: dict
  sample: {}
"""
