# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wave_plan
short_description: Deal the machines of each tier out to waves
version_added: 0.3.0
author:
  - Renfort contributors (@renfort)
description:
  - Says in which order, and how many at a time, the machines of a tier are brought up to date. Its RV(hosts)
    and RV(sizes) are what a play takes as C(hosts) and C(serial).
  - A wave takes from each tenant alike, and never all that a tenant has while there are several; what
    C(serial) cuts from a list in the order of names would take a small tenant out of service at once.
  - Begins the tally of the run, which the callback C(ent.renfort.waves) keeps.
options:
  machines:
    description: The machines of this run, each with its tenant; empty for a machine that all share.
    type: dict
    required: true
  tiers:
    description: Tier to the names of its machines. Those that are not in O(machines) are left out.
    type: dict
    required: true
  waves:
    description:
      - A number takes so many machines of the tier, turn about from each tenant; a share takes it from each
        tenant, rounded up; C(tenant) takes all that one tenant has. The last one is repeated.
    type: list
    elements: raw
    default: [1, 25%]
  waves_of:
    description: The same for single tiers, in place of O(waves).
    type: dict
    default: {}
  follows:
    description:
      - Tier to the tiers whose machines it has to be told of, as load balancers have. Its machines are in the
        list to resume with wherever one of those is.
    type: dict
    default: {}
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
notes:
  - Runs on the controller as an action plugin.
seealso:
  - module: ent.renfort.wave_guard
"""

EXAMPLES = r"""
- name: Plan the waves
  ent.renfort.wave_plan:
    machines: {eure-web-01: eure, eure-web-02: eure, haut-rhin-web-01: haut_rhin}
    tiers:
      web: "{{ groups['web'] }}"
  run_once: true
  register: renfort_wave_plan
"""

RETURN = r"""
follows:
  description: What O(follows) said.
  returned: success
  type: dict
  sample: {haproxy: [web]}
waves:
  description: Tier to its waves, each a list of machines.
  returned: success
  type: dict
  sample: {web: [[eure-web-01], [eure-web-02, haut-rhin-web-01]]}
hosts:
  description: Tier to its machines in the order of the waves.
  returned: success
  type: dict
  sample: {web: [eure-web-01, eure-web-02, haut-rhin-web-01]}
sizes:
  description: Tier to the sizes of its waves.
  returned: success
  type: dict
  sample: {web: [1, 2]}
"""
