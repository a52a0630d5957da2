# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: server_service
short_description: Note which servers of a plan are in service, and tell how far each is
version_added: 0.2.0
author:
  - Renfort contributors (@renfort)
description:
  - An enrolled server that is to be a hypervisor is in service when the cluster shows it on line; one that
    carries a machine, when a probe showed that this machine serves its tier.
  - States only go forward, and none is skipped. A server that is not enrolled is not in service whatever it
    does.
  - In check mode it writes nothing, and is the status of the servers. See RV(lines).
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
  hypervisors:
    description: The hypervisors as M(ent.renfort.pve_cluster_info) returns them. Without it, nobody asked.
    type: list
    elements: dict
  serving:
    description: Names of the machines, on servers of their own, of which a probe showed that they serve.
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: all
notes:
  - Runs on the controller as an action plugin.
seealso:
  - module: ent.renfort.server_power
  - module: ent.renfort.server_enrol
"""

EXAMPLES = r"""
- name: Read what runs in the cluster
  ent.renfort.pve_cluster_info:
  register: cluster

- name: Show how far the servers are
  ent.renfort.server_service:
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    hypervisors: "{{ cluster.hypervisors }}"
  check_mode: true
  register: servers
"""

RETURN = r"""
lines:
  description: A line for each server, with its state, since when, and what it waits for.
  returned: success
  type: list
  elements: str
  sample: ["shelf-03: enrolled since 2020-03-28T17:20:00Z; waits for its joining the cluster (pvecm add)"]
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
      sample: note that it is in service
    reason:
      description: Why.
      type: str
      sample: is a hypervisor of the cluster, on line
    waits_for:
      description: What people must do or decide before it goes on. Empty when nothing.
      type: str
      sample: ""
    state:
      description: How far it is. One of C(racked), C(powered), C(enrolled) and C(in_service).
      type: str
      sample: in_service
    since:
      description: When it came to this state (ISO, UTC).
      type: str
      sample: "2020-03-28T18:02:00Z"
waiting:
  description: What servers wait for, by name.
  returned: always
  type: dict
  sample: {shelf-04: power}
failures:
  description: What went wrong, by server.
  returned: always
  type: dict
  sample: {}
"""
