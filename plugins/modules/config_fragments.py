#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: keep the fragments of one role, and the configuration file made of the fragments of all."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_fragments
short_description: Assemble a configuration file from the fragments of several roles
version_added: 0.1.0
author: Renfort contributors
description:
  - Keeps the fragments of one owner in a directory, removes those of the same owner that are no longer
    wanted, and assembles the fragments of all owners into one file in the order of their names.
  - The daemon judges the assembled file first. If it refuses, nothing is written, neither a fragment nor the
    file, and the task fails with the daemon's own words, each line number turned into a fragment and its
    line.
options:
  directory:
    description: Directory of the fragments. It is created if needed.
    type: path
    required: true
  dest:
    description: The assembled file.
    type: path
    required: true
  owner:
    description: The role that owns the fragments given; the second part of their names.
    type: str
    required: true
  fragments:
    description:
      - All the fragments of the owner. Those present in the directory and absent here are removed.
      - Left out, the directory stays as it is and the file is only judged and assembled again.
    type: list
    elements: dict
    suboptions:
      name:
        description: File name, C(<three digits>-<owner>-<what it is>.cfg).
        type: str
        required: true
      content:
        description: Text of the fragment.
        type: str
        required: true
  validate:
    description: Command that judges the file; C(%s) stands for the file to judge.
    type: str
    required: true
  warning_pattern:
    description: Expression of the lines of the daemon which are warnings. A warning is refused like an error.
    type: str
    default: ''
  accepted_warnings:
    description: Expressions of the warnings that are let through.
    type: list
    elements: str
    default: []
  digest_marker:
    description: Text in the fragments that the digest of the assembled file takes the place of.
    type: str
    default: '@fragments_digest@'
extends_documentation_fragment:
  - ansible.builtin.files
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
    description: On a machine where the daemon is not installed yet the file is not judged.
  diff_mode:
    support: full
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Give the load balancer its rules
  ent.renfort.config_fragments:
    directory: /etc/haproxy/fragments
    dest: /etc/haproxy/haproxy.cfg
    owner: shield
    fragments:
      - name: 310-shield-rules.cfg
        content: "{{ lookup('ansible.builtin.template', 'etc/haproxy/fragments/310-shield-rules.cfg.j2') }}"
    validate: /usr/sbin/haproxy -c -f %s
    warning_pattern: '^\[WARNING\]'
    mode: "0640"
  notify: haproxy reload
"""

RETURN = r"""
digest:
  description: SHA-256 of the assembled file before its marker was replaced.
  type: str
  returned: success
written:
  description: Names of the fragments that were new or different.
  type: list
  elements: str
  returned: success
  sample: [400-haproxy-eure.cfg]
removed:
  description: Names of the fragments that were removed.
  type: list
  elements: str
  returned: success
  sample: [400-haproxy-vosges.cfg]
validated:
  description: Whether the daemon judged the file; false only in check mode before the daemon is installed.
  type: bool
  returned: success
"""

import os
import shlex
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.config_fragments import Change, Verdict, check_names, compare, read_directory, validate
from ..module_utils.core.errors import RenfortError

SPEC: dict[str, Any] = {
    "directory": {"type": "path", "required": True},
    "dest": {"type": "path", "required": True},
    "owner": {"type": "str", "required": True},
    "fragments": {
        "type": "list",
        "elements": "dict",
        "options": {
            "name": {"type": "str", "required": True},
            "content": {"type": "str", "required": True},
        },
    },
    "validate": {"type": "str", "required": True},
    "warning_pattern": {"type": "str", "default": ""},
    "accepted_warnings": {"type": "list", "elements": "str", "default": []},
    "digest_marker": {"type": "str", "default": "@fragments_digest@"},
}


def judge(module: AnsibleModule, change: Change) -> bool:
    """Have the daemon judge the file to come; False when it is not installed yet, in check mode."""
    argv = shlex.split(module.params["validate"])
    if module.check_mode and module.get_bin_path(argv[0]) is None and not os.access(argv[0], os.X_OK):
        return False
    handle, path = tempfile.mkstemp(dir=module.tmpdir, text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as candidate:
        candidate.write(change.assembly.text)

    def ask(path: str) -> Verdict:
        status, out, err = module.run_command([part.replace("%s", path) for part in argv])
        return Verdict(status=status, output=out + err)

    try:
        validate(
            change.assembly,
            path=path,
            ask=ask,
            warning=module.params["warning_pattern"],
            accepted=module.params["accepted_warnings"],
        )
    finally:
        Path(path).unlink()
    return True


def write(module: AnsibleModule, path: Path, text: str) -> None:
    """Put a text in a file in one step, so that a reader sees the former text or the new one."""
    handle, name = tempfile.mkstemp(dir=module.tmpdir, text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as candidate:
        candidate.write(text)
    module.atomic_move(name, str(path))


def apply(module: AnsibleModule, change: Change, directory: Path, dest: Path) -> None:
    """Write the fragments, remove the stale ones, then put the assembled file in its place."""
    directory.mkdir(mode=0o750, parents=True, exist_ok=True)
    for name, text in change.written.items():
        write(module, directory / name, text)
        (directory / name).chmod(0o640)
    for name in change.removed:
        (directory / name).unlink()
    if change.live != change.assembly.text:
        write(module, dest, change.assembly.text)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Read, compare, have the result judged, write; returns what the task reports."""
    params = module.params
    directory, dest = Path(params["directory"]), Path(params["dest"])
    wanted = None
    if params["fragments"] is not None:
        check_names([item["name"] for item in params["fragments"]], owner=params["owner"])
        wanted = {item["name"]: item["content"].rstrip("\n") + "\n" for item in params["fragments"]}
    live = dest.read_text(encoding="utf-8") if dest.is_file() else None
    change = compare(
        read_directory(directory), wanted, owner=params["owner"], live=live, marker=params["digest_marker"]
    )
    validated = judge(module, change)
    if change.needed and not module.check_mode:
        apply(module, change, directory, dest)
    changed = change.needed
    if dest.exists():
        changed = module.set_fs_attributes_if_different(
            # The owner of fragments is a role; the file belongs to the user who runs the module.
            module.load_file_common_arguments({**params, "owner": None}, path=str(dest)),
            changed,
        )
    return {
        "changed": changed,
        "diff": {
            "before": live or "",
            "after": change.assembly.text,
            "before_header": str(dest),
            "after_header": str(dest),
        },
        "digest": change.assembly.digest,
        "written": sorted(change.written),
        "removed": list(change.removed),
        "validated": validated,
    }


def main() -> None:
    """Entry point of the module."""
    module = AnsibleModule(argument_spec=SPEC, add_file_common_args=True, supports_check_mode=True)
    try:
        result = run(module)
    except (RenfortError, OSError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
