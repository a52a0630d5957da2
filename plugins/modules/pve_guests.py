# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_guests
short_description: Make the guests of a Proxmox VE cluster what the plan says
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Reads the plan and the cluster, compares what they mean rather than how it is written, and writes only the
    difference. A second run sends no writing call.
  - A missing guest is cloned from its template, configured with cloud-init, grown and started,
    and its ssh host key is read through the guest agent and recorded before anybody connects to it.
  - A guest is known by its id and the tag C(renfort), on whatever hypervisor it is. A guest that is not
    Renfort's is never touched; when it bears a planned id, or has a planned address, the machine gets the
    next free one, which is written into the plan before it is used.
  - Many guests are made at once. How many clones a storage takes at a time is learnt from its locks; a
    lock that is busy is waited for, and so is a hypervisor that has no worker free.
  - Guests of a hypervisor that is off-line or in maintenance are left alone, which is said, and the
    others made.
  - A running guest is given what can be plugged into it, such as another bridge; a change that needs a
    restart is withheld unless O(allow_restart) is set.
  - Nothing is ever removed, moved or shrunk.
  - An interrupted run is completed by running it again.
options:
  plan_file:
    description: The plan, as written by M(ent.renfort.fleet_plan).
    type: path
    required: true
  ssh_public_keys:
    description: Public keys that cloud-init lets in, one an item.
    type: list
    elements: str
    required: true
  ci_user:
    description: The user that cloud-init makes.
    type: str
    default: ops
  known_hosts_file:
    description: File in which the host keys of the guests are recorded. It is made if it does not exist.
    type: path
    required: true
  allow_restart:
    description:
      - Whether a running guest may be shut down and started again for a change that needs it,
        such as its memory.
      - Without it such changes are listed in RV(withheld) and are not made.
    type: bool
    default: false
  reassign:
    description:
      - Whether a machine gets another id or address when somebody took its own. Without it, that is an error.
    type: bool
    default: true
  probe_addresses:
    description:
      - Whether the address of each machine to be made is asked, at port 22, whether something has it already.
        Switch it off where a firewall answers for every address.
    type: bool
    default: true
  clones_per_storage:
    description: How many clones at most are under way on one storage. Fewer are where its lock is the limit.
    type: int
    default: 16
  clones_per_hypervisor:
    description: How many clones at most are under way to one hypervisor.
    type: int
    default: 8
  starts_per_hypervisor:
    description: How many guests at most are being started on one hypervisor.
    type: int
    default: 4
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
  - module: ent.renfort.pve_cluster_info
  - module: ent.renfort.fleet_plan
"""

EXAMPLES = r"""
- name: Clone, configure and boot what is missing
  ent.renfort.pve_guests:
    plan_file: "{{ inventory_dir }}/group_vars/all/fleet.yml"
    ssh_public_keys:
      - "{{ lookup('ansible.builtin.file', '~/.ssh/id_ed25519.pub') }}"
    known_hosts_file: ~/.ssh/known_hosts
    api_host: pve1.example.net
    api_user: renfort@pve
    api_token_id: ops
    api_token_file: ~/.config/renfort/token
"""

RETURN = r"""
actions:
  description: What was done, or would be in check mode, guest by guest and each with its reason.
  returned: always
  type: list
  elements: dict
  contains:
    guest:
      description: Name of the machine.
      type: str
      sample: eure-web-02
    action:
      description: What was done.
      type: str
      sample: clone
    reason:
      description: Why.
      type: str
      sample: "cores: 2 -> 4"
withheld:
  description: The changes that need a restart of a running guest, which was not allowed.
  returned: always
  type: list
  elements: dict
  sample: [{guest: eure-web-01, key: memory, before: "2048", after: "4096"}]
notes:
  description: Differences that are never acted on, such as a guest on another hypervisor than planned.
  returned: always
  type: list
  elements: str
  sample: ["eure-web-01: it runs on pve2, the plan says pve3: left where it is"]
writes:
  description: How many writing calls were sent to the API.
  returned: always
  type: int
  sample: 0
reads:
  description: How many reading calls were sent to the API.
  returned: always
  type: int
  sample: 10
machines:
  description: Every machine of the plan, with the hypervisor that it is on.
  returned: always
  type: list
  elements: dict
  sample: [{name: eure-web-02, vmid: 2003, hypervisor: pve4, address: 10.83.20.12, changed: true}]
reassigned:
  description: The machines that got another id or address since somebody took theirs.
  returned: always
  type: list
  elements: dict
  sample: [{guest: eure-web-03, what: id, before: "2004", after: "2011"}]
left_alone:
  description: The machines whose hypervisor was left alone, each with the reason.
  returned: always
  type: dict
  sample: {eure-web-04: pve2 is in maintenance}
waiting:
  description: The machines that were not made, each with the server that must become a hypervisor first.
  returned: always
  type: dict
  sample: {eure-web-09: shelf-03}
failures:
  description: What went wrong, by machine.
  returned: always
  type: dict
  sample: {}
"""
