# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: wave_guard
short_description: Let a wave begin, or end the run when too many machines failed in it
version_added: 0.3.0
author:
  - Renfort contributors (@renfort)
description:
  - Fails when more machines than O(max_failures) failed or were not reached since the run began, in
    whichever play. Ansible's C(max_fail_percentage) looks at one batch and forgets it.
  - To be run once at the beginning of each wave. Where it fails, Ansible ends the run; the machines behind it
    are left, not failed.
  - Fails too where nobody keeps the tally.
options:
  tier:
    description: The tier, as M(ent.renfort.wave_plan) was given it.
    type: str
    required: true
  machines:
    description: The machines of the wave.
    type: list
    elements: str
    required: true
  max_failures:
    description:
      - So many machines, or such a share of all machines of the run, may fail. With one more, no wave begins.
    type: raw
    default: 2%
extends_documentation_fragment:
  - action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
requirements:
  - the callback C(ent.renfort.waves), named in C(callbacks_enabled) of ansible.cfg
notes:
  - Runs on the controller as an action plugin.
seealso:
  - module: ent.renfort.wave_plan
"""

EXAMPLES = r"""
- name: Let the wave begin
  ent.renfort.wave_guard:
    tier: web
    machines: "{{ ansible_play_batch }}"
    max_failures: 3
  run_once: true
"""

RETURN = r"""
tier:
  description: The tier.
  returned: always
  type: str
  sample: web
machines:
  description: The machines of the wave.
  returned: always
  type: list
  elements: str
  sample: [eure-web-02, haut-rhin-web-01]
failed_machines:
  description: The machines that failed or were not reached so far.
  returned: always
  type: list
  elements: str
  sample: []
"""
