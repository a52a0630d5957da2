# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_plan
short_description: Plan the machines that must exist
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Sizes the demand of every tenant, keeps every machine that exists where it is, gives the missing ones
    a place, a name, an id and an address, and writes the plan file.
  - When the stock does not suffice, it is shared out so that the tenant that is served worst is served
    as well as possible, then all of them together; what is left is written as a shortage with
    what to order. A shortage is no failure.
  - Servers of the shelf are put into service when machines find no place without them, as hypervisors or
    as machines themselves.
  - Planning again with the same inputs and the same cluster gives the same bytes.
options:
  inputs_dir:
    description:
      - Folder that holds C(tenants.yml), C(stock.yml), C(capacity.yml) and C(networks.yml).
    type: path
    required: true
  path:
    description:
      - The plan file. It is replaced as a whole, under a lock beside it; it need not exist.
    type: path
    required: true
  hypervisors:
    description:
      - The hypervisors as the cluster reports them, as RV(ent.renfort.pve_cluster_info#module:hypervisors)
        returns them. Each has C(name), C(online), C(cores) and C(memory_mib).
    type: list
    elements: dict
    required: true
  guests:
    description:
      - The guests as the cluster reports them, as RV(ent.renfort.pve_cluster_info#module:guests) returns
        them. Each has C(vmid), C(name), C(node), C(tags), C(template), C(cores), C(memory_mib)
        and C(disk_gib).
      - Guests with the tag C(renfort) that the plan does not know are adopted as they are.
    type: list
    elements: dict
    required: true
  today:
    description:
      - ISO date before which no delivery can be announced. By default that of the controller's clock.
    type: str
  date:
    description:
      - ISO date to plan for, as if the deliveries that arrive by then at the latest were on the shelf.
      - The plan is compared with the one of today and not written.
    type: str
  what_if:
    description:
      - YAML file of changes to the inputs, each under its own top key. Mappings are merged, null removes a
        key, all else replaces.
      - The plan is compared with the one without these changes and not written.
    type: path
  stock:
    description:
      - Keys that stand instead of those of C(stock.yml), such as
        RV(ent.renfort.netbox_stock#module:stock).
    type: dict
  networks:
    description:
      - Networks that stand instead of C(networks.yml), such as
        RV(ent.renfort.netbox_stock#module:networks).
    type: dict
  source:
    description: Where O(stock) and O(networks) come from, for messages.
    type: str
    default: another source
  minimum_served_percent:
    description:
      - Fail, and leave the plan file as it is, when a tenant would be served less of its demand.
    type: float
    default: 0.0
  report_dir:
    description:
      - Folder for the report, C(report.html), and the proposals, C(proposals/<tenant>.<language>.md)
        and C(.pdf). It is made if it does not exist.
      - They are written when the plan changes, or when there is no report; they tell of the plan as it was
        decided. Without the folder neither is made.
    type: path
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    description: Computes the plan and writes nothing.
    support: full
  diff_mode:
    description: Shows the plan file before and after.
    support: full
  platform:
    platforms: all
notes:
  - Runs on the controller as an action plugin, so that each step is shown when it begins.
requirements:
  - jinja2
  - netaddr
  - ortools
  - PyYAML
  - typst
seealso:
  - module: ent.renfort.pve_cluster_info
  - module: ent.renfort.netbox_stock
  - module: ent.renfort.pve_guests
"""

EXAMPLES = r"""
- name: Read the cluster
  ent.renfort.pve_cluster_info:
  register: cluster

- name: Write the plan
  ent.renfort.fleet_plan:
    inputs_dir: inventories/lab/group_vars/all
    path: inventories/lab/group_vars/all/fleet.yml
    hypervisors: "{{ cluster.hypervisors }}"
    guests: "{{ cluster.guests }}"
  register: planned

- name: See what changes when a delivery slips
  ent.renfort.fleet_plan:
    inputs_dir: inventories/lab/group_vars/all
    path: inventories/lab/group_vars/all/fleet.yml
    what_if: slip.yml
    hypervisors: "{{ cluster.hypervisors }}"
    guests: "{{ cluster.guests }}"

- name: Show how the plan comes about
  ansible.builtin.debug:
    var: planned.summary
"""

RETURN = r"""
plan:
  description: The plan as written under C(renfort_fleet).
  returned: success
  type: dict
  contains:
    version:
      description: Version of the format.
      type: int
      sample: 1
    machines:
      description: Every guest that must exist, by tier, tenant and number.
      type: list
      elements: dict
    servers:
      description: As RV(servers).
      type: list
      elements: dict
    shortages:
      description: As RV(shortages).
      type: list
      elements: dict
    served:
      description: As RV(served).
      type: list
      elements: dict
    stages:
      description: As RV(stages).
      type: list
      elements: dict
    orders:
      description: As RV(orders).
      type: list
      elements: dict
summary:
  description: The arithmetic and the outcome, line by line.
  returned: success
  type: list
  elements: str
  sample:
    - "web for eure: 15,000 sessions ÷ 5,000 a machine = 3 → 3; + 1 spare = 4 machines (bound by sessions)"
outputs:
  description: The report and the proposals that were written since they differ from those that were there.
  returned: success
  type: list
  elements: str
  sample: [report.html, proposals/eure.fr.pdf]
servers:
  description: Servers that are put into service, each as a hypervisor or, with C(machine), as that machine.
  returned: success
  type: list
  elements: dict
  sample:
    - name: shelf-03
      site: nord
      rack: n2
      reason: becomes a hypervisor for 11 planned machines
shortages:
  description: Machines that find no place.
  returned: success
  type: list
  elements: dict
  contains:
    tier:
      description: Tier of the machines.
      type: str
      sample: web
    tenant:
      description: Tenant of the machines, empty when they serve all tenants.
      type: str
      sample: eure
    missing:
      description: How many machines have no place.
      type: int
      sample: 2
    memory_mib:
      description: Memory they need together, in MiB.
      type: int
      sample: 4096
    reason:
      description: Why they have no place.
      type: str
      sample: a machine needs 2,048 MiB and no hypervisor has more than 1,024 MiB free
    advice:
      description: What to do besides ordering, empty when there is nothing.
      type: str
      sample: bring back pve3, which would take some of them
    until:
      description:
        - Date at which announced deliveries will have closed the shortage.
        - C(unknown) when they will at a date that nobody knows, empty when they will not.
      type: str
      sample: "2020-04-20"
served:
  description: How far each tenant's demand is served, in percent, and the tier that bounds it.
  returned: success
  type: list
  elements: dict
  sample:
    - {tenant: eure, percent: 66.66, bound_by: web}
stages:
  description: What announced deliveries bring, date by date.
  returned: success
  type: list
  elements: dict
  sample:
    - {when: "2020-04-20", earliest: "2020-04-06", arrives: [supplier-a], served: {eure: 83.33}, missing: 4}
orders:
  description: The smallest set of models to order, now or for what the dated deliveries leave open.
  returned: success
  type: list
  elements: dict
  sample:
    - {closes: now, model: r640, servers: 2, cores: 64, memory_mib: 524288, price: 16000.0}
proofs:
  description:
    - What is proved about each level of the objective. No placement reaches more than C(bound), in percent;
      C(gap) is how far C(value) is from it.
  returned: success
  type: list
  elements: dict
  sample:
    - {level: worst-served tenant, value: 66.66, bound: 66.66, gap: 0.0, method: solver}
impossible:
  description: Whether the inputs are right and no plan can be made of them.
  returned: failure
  type: bool
changes:
  description: What differs from the plan before, or from the one without what O(date) or O(what_if) supposes.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of add, adopt (it exists already), change and remove.
      type: str
      sample: add
    machine:
      description: Name of the machine.
      type: str
      sample: eure-web-02
    reason:
      description: Why, or what changes.
      type: str
"""
