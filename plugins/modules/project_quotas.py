#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: limits of space for directories of an XFS file system."""

from __future__ import annotations

DOCUMENTATION = r"""
module: project_quotas
short_description: Limits of space for directories of an XFS file system
version_added: 0.1.0
author: Renfort contributors
description:
  - Makes each directory a project of its own and limits the space of everything below it.
  - Projects that are not named are left alone, and so is what is in the directories.
options:
  mount:
    description: Where the file system is mounted, with the option C(prjquota).
    type: path
    required: true
  projects:
    description: The directories.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The directory.
        type: path
        required: true
      number:
        description: Number of its project, known in the whole file system.
        type: int
        required: true
      gib:
        description: Space in GiB that it may take; 0 is no limit.
        type: int
        default: 0
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  platform:
    platforms: posix
notes:
  - Needs xfsprogs on the machine, and a kernel with quotas for XFS.
"""

EXAMPLES = r"""
- name: Limit the space of a tenant
  ent.renfort.project_quotas:
    mount: /srv/storage
    projects:
      - path: /srv/storage/eure
        number: 7
        gib: 200
"""

RETURN = r"""
limited:
  description: The directories whose limit or project was changed.
  type: list
  elements: str
  returned: success
  sample: [/srv/storage/eure]
"""

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.project_quotas import QuotaError, as_projects, commands, needs

SPEC: dict[str, Any] = {
    "mount": {"type": "path", "required": True},
    "projects": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "path": {"type": "path", "required": True},
            "number": {"type": "int", "required": True},
            "gib": {"type": "int", "default": 0},
        },
    },
}


def run(module: AnsibleModule) -> dict[str, Any]:
    """Compare, then set what differs unless in check mode; returns what the task reports."""

    def ask(argv: Sequence[str]) -> str:
        path = module.get_bin_path(argv[0], required=True, opt_dirs=["/usr/sbin", "/sbin"])
        status, out, err = module.run_command([path, *argv[1:]])
        if status:
            raise QuotaError(f"{' '.join(argv)} ended with status {status}: {(err or out).strip()}")
        return str(out)

    mount = module.params["mount"]
    lacking = needs(as_projects(module.params["projects"]), mount=mount, ask=ask)
    if not module.check_mode:
        for need in lacking:
            for command in commands(need, mount=mount):
                ask(command)
    return {
        "changed": bool(lacking),
        "limited": [need.project.path for need in lacking],
        "diff": {
            "before": "".join(f"{need.project.path} {need.before_kib} KiB\n" for need in lacking),
            "after": "".join(f"{need.project.path} {need.after_kib} KiB\n" for need in lacking),
        },
    }


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    try:
        result = run(module)
    except (RenfortError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
