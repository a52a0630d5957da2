#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that tells which servers a load balancer does not know yet."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_newcomers
short_description: Tell which servers a load balancer does not know yet, and which of them answer
version_added: 0.3.0
author:
  - Renfort contributors (@renfort)
description:
  - Compares the servers of backends with those that the running HAProxy knows, and asks the new ones for
    their health, from where requests will come. HAProxy takes a new server for one that is up until its
    checks failed; one that does not answer yet is better left out.
  - Reads only, so that it does the same in check mode.
options:
  backends:
    description: The backends, as in C(haproxy_backends) of the role haproxy.
    type: list
    elements: dict
    required: true
  socket:
    description: HAProxy's socket of command.
    type: path
    default: /run/haproxy/admin.sock
  check_path:
    description: What a machine that can serve answers with 200, where a backend does not say.
    type: str
    default: /healthz
  ask:
    description: Whether the new ones are asked. Without, all of them count as silent.
    type: bool
    default: true
  timeout:
    description: Seconds that a machine may take to answer.
    type: int
    default: 5
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: none
    description: Will return details on what has changed when in diff mode.
notes:
  - Runs on the load balancer. Its Python must be 3.11 or newer.
"""

EXAMPLES = r"""
- name: Look for machines that cannot serve yet
  ent.renfort.haproxy_newcomers:
    backends: "{{ haproxy_backends }}"
  register: newcomers
"""

RETURN = r"""
serving:
  description: Whether a HAProxy runs there.
  returned: success
  type: bool
  sample: true
known:
  description: How many of the servers it knows.
  returned: success
  type: int
  sample: 6
answering:
  description: The servers that it does not know and that answer.
  returned: success
  type: list
  elements: str
  sample: [eure-web-04]
silent:
  description: The servers that it does not know and that do not answer, or were not asked.
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_rotation import newcomers
from ..module_utils.haproxy_runtime import Runtime


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "backends": {"type": "list", "elements": "dict", "required": True},
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "check_path": {"type": "str", "default": "/healthz"},
            "ask": {"type": "bool", "default": True},
            "timeout": {"type": "int", "default": 5},
        },
        supports_check_mode=True,
    )
    params = module.params
    try:
        found = newcomers(
            Runtime(params["socket"]),
            params["backends"],
            check_path=params["check_path"],
            timeout_s=params["timeout"],
            ask=params["ask"],
        )
    except RenfortError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        serving=found.serving,
        known=found.known,
        answering=list(found.answering),
        silent=list(found.silent),
    )


if __name__ == "__main__":
    main()
