#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible module: write the plan of the fleet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: fleet_plan
short_description: Plan the machines that must exist
version_added: 0.1.0
description:
  - Sizes the demand of every tenant, keeps every machine that exists where it is, gives the missing ones
    a place, a name, an id and an address, and writes the plan file.
  - Demand that the stock cannot serve is written as a shortage with what to order; it is no failure.
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
        them. Each has C(vmid), C(name), C(node), C(tags), C(template), C(cores)
        and C(memory_mib).
      - Guests with the tag C(renfort) that the plan does not know are adopted as they are.
    type: list
    elements: dict
    required: true
attributes:
  check_mode:
    description: Computes the plan and writes nothing.
    support: full
  diff_mode:
    description: Shows the plan file before and after.
    support: full
notes:
  - Runs on the controller (C(delegate_to=localhost)) with the interpreter of Ansible itself.
requirements:
  - python >= 3.12
  - netaddr
  - PyYAML
seealso:
  - module: ent.renfort.pve_cluster_info
  - module: ent.renfort.pve_guests
author:
  - Renfort contributors (@renfort)
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
      description: Every machine that must exist, by tier, tenant and number.
      type: list
      elements: dict
    shortages:
      description: As RV(shortages).
      type: list
      elements: dict
summary:
  description: The arithmetic and the outcome, line by line.
  returned: success
  type: list
  elements: str
  sample:
    - "web for eure: 15,000 sessions ÷ 5,000 a machine = 3 → 3; + 1 spare = 4 machines (bound by sessions)"
shortages:
  description: Machines that no hypervisor can take, with what to order.
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
    order:
      description: What to rack or to order.
      type: str
      sample: put shelf-01 from the shelf into service as hypervisors
changes:
  description: What differs from the plan before.
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

import contextlib
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ..module_utils.core.errors import RenfortError
    from ..module_utils.core.live import parse_live
    from ..module_utils.core.planner import make_plan
    from ..module_utils.inputs import dump_plan, load_inputs, load_plan, plan_lock, write_plan
except (ImportError, SyntaxError) as error:  # an interpreter that is too old cannot even parse them
    FAILED_IMPORT: Exception | None = error
else:
    FAILED_IMPORT = None

OLDEST_PYTHON = (3, 12)
"""The oldest interpreter that reads the collection's Python."""


def unusable(version: tuple[int, ...], failure: Exception | None) -> str:
    """Return why this interpreter cannot run the module; empty when it can."""
    if version < OLDEST_PYTHON:
        return (
            f"fleet_plan ran with {sys.executable}, Python {'.'.join(str(part) for part in version[:3])}: "
            f"expected Python {'.'.join(str(part) for part in OLDEST_PYTHON)} or newer. Run it on localhost "
            "with the interpreter of Ansible: ansible_python_interpreter={{ ansible_playbook_python }}."
        )
    if failure is not None:
        return str(missing_required_lib(getattr(failure, "name", None) or str(failure)))
    return ""


def plan_fleet(params: dict[str, Any], *, check_mode: bool) -> dict[str, Any]:
    """Return the module's result, and write the plan when it changed and this is no check.

    Raises:
        RenfortError: the inputs are wrong, the cluster contradicts the plan, or the file cannot be written.
    """
    path = Path(params["path"])
    inputs = load_inputs(params["inputs_dir"])
    live = parse_live(params["hypervisors"], params["guests"], source="ent.renfort.fleet_plan")
    with contextlib.nullcontext() if check_mode else plan_lock(path):
        before = load_plan(path, missing_ok=True)
        before_text = path.read_text(encoding="utf-8") if path.exists() else ""
        outcome = make_plan(inputs, live, before)
        after_text = dump_plan(outcome.plan)
        changed = after_text != before_text
        if changed and not check_mode:
            write_plan(path, outcome.plan)
    return {
        "changed": changed,
        "diff": {
            "before": before_text,
            "after": after_text,
            "before_header": str(path),
            "after_header": str(path),
        },
        "plan": outcome.plan.to_data(),
        "summary": list(outcome.summary),
        "shortages": [asdict(shortage) for shortage in outcome.plan.shortages],
        "changes": [asdict(change) for change in outcome.changes],
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "inputs_dir": {"type": "path", "required": True},
            "path": {"type": "path", "required": True},
            "hypervisors": {"type": "list", "elements": "dict", "required": True},
            "guests": {"type": "list", "elements": "dict", "required": True},
        },
        supports_check_mode=True,
    )
    reason = unusable(sys.version_info[:3], FAILED_IMPORT)
    if reason:
        module.fail_json(msg=reason)
    try:
        result = plan_fleet(module.params, check_mode=module.check_mode)
    except RenfortError as error:
        module.fail_json(msg=str(error))
    for shortage in result["shortages"]:
        whom = shortage["tenant"] or "all tenants"
        module.warn(
            f"Shortage: {shortage['missing']} {shortage['tier']} for {whom}: {shortage['reason']}. "
            f"To do: {shortage['order']}."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
