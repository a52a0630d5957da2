# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_release
short_description: Stop and remove machines, and free what the plan holds for them
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Decides which machines are released and refuses what must not be, before anything is touched. Then each
    guest is shut down and removed with its disks, its host key is forgotten, and its id and address are
    freed in the plan.
  - A guest without the tag C(renfort) is never touched, nor one whose id, name or tags are not those that the
    plan says, nor one under protection.
  - A tier never falls below its minimum, nor loses its last machine while there is demand, unless its tenant
    leaves altogether. Only machines that run count as left.
  - A server of the plan returns to the shelf; a hypervisor only once the cluster does not count it any more.
  - Nothing takes the machines out of service first; playbooks/release.yml does.
  - An interrupted run is completed by running it again.
options:
  names:
    description: Names of machines. One that nothing bears any more was released before, and is only told.
    type: list
    elements: str
    default: []
  tenant:
    description: A tenant that leaves the platform, with all its machines and without regard to minimums.
    type: str
    default: ''
  unplanned:
    description: Whether guests with the tag C(renfort) are released that the plan does not hold.
    type: bool
    default: false
  surplus:
    description:
      - Whether guests are released beyond what demand and minimum ask for, of each tier and tenant those
        with the highest numbers.
    type: bool
    default: false
  inputs_dir:
    description: Folder of tenants.yml, stock.yml, capacity.yml and networks.yml.
    type: path
    required: true
  plan_file:
    description: The plan. Its lock is held during the whole release.
    type: path
    required: true
  known_hosts_file:
    description: File in which the host keys of the machines are recorded.
    type: path
    required: true
  drained_tiers:
    description: Tiers whose machines were taken out of service before.
    type: list
    elements: str
    default: []
  allow_undrained:
    description: Whether machines of other tiers may be stopped as they are.
    type: bool
    default: false
  confirm:
    description:
      - What confirms the removal, all names that are removed or RV(digest). Without it nothing is removed.
      - The digest of the same O(names) stays the same while an interrupted release is completed.
    type: str
    default: ''
  force_stop:
    description: Whether a guest that does not shut down in time is stopped hard. Otherwise it is not removed.
    type: bool
    default: false
  shutdown_timeout:
    description: How long a guest may take to shut down, in seconds.
    type: int
    default: 180
extends_documentation_fragment:
  - ent.renfort.pve
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
  - The privileges that the API token needs are listed in docs/reference/privileges.md.
seealso:
  - module: ent.renfort.pve_guests
  - module: ent.renfort.fleet_plan
"""

EXAMPLES = r"""
- name: Show what would be released
  ent.renfort.pve_release:
    names: [eure-web-04]
    inputs_dir: "{{ inventory_dir }}/group_vars/all"
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    known_hosts_file: ~/.ssh/known_hosts
    drained_tiers: [web]
  check_mode: true
  register: release

- name: Remove it
  ent.renfort.pve_release:
    names: [eure-web-04]
    inputs_dir: "{{ inventory_dir }}/group_vars/all"
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    known_hosts_file: ~/.ssh/known_hosts
    drained_tiers: [web]
    confirm: eure-web-04
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, machine by machine.
  returned: always
  type: list
  elements: dict
  contains:
    guest:
      description: Name of the machine.
      type: str
      sample: eure-web-04
    action:
      description: C(stop), C(forget) its host key, C(remove) it, or C(free) what the plan holds.
      type: str
      sample: remove
    reason:
      description: What it is about.
      type: str
      sample: "guest 2005 on pve2, 10.83.20.14, running"
machines:
  description: The machines that are released; C(present) tells that more than an entry of the plan is left.
  returned: always
  type: list
  elements: dict
  sample:
    - name: eure-web-04
      tier: web
      tenant: eure
      vmid: 2005
      hypervisor: pve2
      server: ''
      address: 10.83.20.14
      present: true
present:
  description: The names of those of which more than an entry of the plan is left.
  returned: always
  type: list
  elements: str
  sample: [eure-web-04]
digest:
  description: What confirms the removal of just these machines.
  returned: always
  type: str
  sample: 31b64d3a9e
confirmed:
  description: Whether O(confirm) confirms the removal, or there is nothing to remove.
  returned: always
  type: bool
lines:
  description: What people read before they confirm.
  returned: always
  type: list
  elements: str
  sample: ["web for eure: 4 serve now, 1 released, 3 left; minimum 1, the demand asks for 3"]
failures:
  description: What went wrong, by machine.
  returned: always
  type: dict
  sample: {}
reads:
  description: How many reading calls were sent to the API.
  returned: always
  type: int
  sample: 5
writes:
  description: How many writing calls were sent to the API.
  returned: always
  type: int
  sample: 2
"""
