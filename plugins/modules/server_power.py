# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_power
short_description: Switch the servers of a plan on, from the network
version_added: 0.2.0
author:
  - Renfort contributors (@renfort)
description:
  - Every server that the plan puts into service and that is racked and off is told, through the Redfish
    service of its management controller (BMC), to boot from the network once, and is switched on.
  - The plan notes each server as powered, under the lock of the plan, so that two operators never do it twice
    and an interrupted run is completed by running it again.
  - A server that is on already is left as it is, unless it is accepted by name or restarts are allowed.
  - Servers that are enrolled or in service are not asked anything.
options:
  plan_file:
    description: The plan, as written by M(ent.renfort.fleet_plan).
    type: path
    required: true
  servers:
    description: Names of the servers to look at. Without any, all servers of the plan.
    type: list
    elements: str
    default: []
  accept_running:
    description: Names of servers that are on already and are taken as they run, without an installation.
    type: list
    elements: str
    default: []
  allow_restart:
    description:
      - Whether a racked server that is on already may be restarted to be installed from the network, at once.
      - What runs on it is lost.
    type: bool
    default: false
  parallel:
    description: How many servers are worked on at once.
    type: int
    default: 8
  wait:
    description: Seconds that a server may take to show that it is on.
    type: int
    default: 120
extends_documentation_fragment:
  - ent.renfort.bmc
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: all
notes:
  - Runs on the controller as an action plugin, so that each step is shown as soon as it is done.
seealso:
  - module: ent.renfort.server_enrol
  - module: ent.renfort.server_status
"""

EXAMPLES = r"""
- name: Switch on what the plan takes from the shelf
  ent.renfort.server_power:
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    bmc_user: operator
    bmc_password_file: ~/.config/renfort/bmc
    bmc_ca_file: /etc/ssl/certs/management.pem

- name: Install a server that somebody switched on by hand
  ent.renfort.server_power:
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    servers: [shelf-03]
    allow_restart: true
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
      sample: switch on
    reason:
      description: Why.
      type: str
      sample: is off; becomes a hypervisor
    waits_for:
      description: What people must do or decide before it goes on. Empty when nothing.
      type: str
      sample: ""
    state:
      description: How far it is. One of C(racked), C(powered), C(enrolled) and C(in_service).
      type: str
      sample: powered
    since:
      description: When it came to this state (ISO, UTC).
      type: str
      sample: "2020-03-28T17:04:00Z"
waiting:
  description: What servers wait for, by name.
  returned: always
  type: dict
  sample: {shelf-04: "allow_restart, to install it from the network, or accept_running: [shelf-04]"}
failures:
  description: What went wrong, by server.
  returned: always
  type: dict
  sample: {}
"""
