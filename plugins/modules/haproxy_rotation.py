#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that takes servers out of a load balancer's rotation and puts them back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_rotation
short_description: Take servers out of the rotation of HAProxy, and put them back
version_added: 0.3.0
author:
  - Renfort contributors (@renfort)
description:
  - Out of the rotation, a server gets no new request, and those that it is at may end. Back in it, it gets
    requests as soon as its health check says so, which is waited for.
  - A load balancer on which no HAProxy runs, or which does not know the server, serves nobody from it; there
    is nothing to do.
  - A server that somebody put in maintenance stays there. One without another of its backend that is up is
    not taken out.
options:
  socket:
    description: HAProxy's socket of command, with the level admin.
    type: path
    default: /run/haproxy/admin.sock
  state:
    description: Where the servers shall be.
    type: str
    choices: [drained, ready]
    required: true
  names:
    description: The names of servers, in whichever backends they are.
    type: list
    elements: str
    required: true
  wait:
    description: Seconds to wait for the last request, or for the servers to be up.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: none
    description: Will return details on what has changed when in diff mode.
notes:
  - Runs on the load balancer. Its Python must be 3.11 or newer.
  - What it changes is in the memory of HAProxy and lasts until a reload.
"""

EXAMPLES = r"""
- name: Send a machine no new requests
  ent.renfort.haproxy_rotation:
    state: drained
    names: [eure-web-01]

- name: Let it have requests again
  ent.renfort.haproxy_rotation:
    state: ready
    names: [eure-web-01]
"""

RETURN = r"""
drained:
  description: What left the rotation by this call.
  returned: for O(state=drained)
  type: list
  elements: str
  sample: [eure/eure-web-01]
busy:
  description: What still had requests when the time was over.
  returned: for O(state=drained)
  type: list
  elements: str
  sample: []
alone:
  description: What was left in, since no other server of its backend is up.
  returned: for O(state=drained)
  type: list
  elements: str
  sample: []
returned:
  description: What was out of the rotation until this call.
  returned: for O(state=ready)
  type: list
  elements: str
  sample: [eure/eure-web-01]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_rotation import come_back, leave
from ..module_utils.haproxy_runtime import Runtime


def act(params: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
    """Do what is asked; the result.

    Raises:
        RenfortError: HAProxy did not answer or refused, or a server is not up in time.
    """
    api = Runtime(params["socket"])
    if params["state"] == "ready":
        returned = come_back(api, params["names"], wait_s=params["wait"], dry_run=dry_run)
        return {"changed": bool(returned), "returned": list(returned)}
    left = leave(api, params["names"], wait_s=params["wait"], dry_run=dry_run)
    return {
        "changed": bool(left.drained),
        "drained": list(left.drained),
        "busy": list(left.busy),
        "alone": list(left.alone),
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
            "state": {"type": "str", "choices": ["drained", "ready"], "required": True},
            "names": {"type": "list", "elements": "str", "required": True},
            "wait": {"type": "int", "default": 60},
        },
        supports_check_mode=True,
    )
    try:
        module.exit_json(**act(module.params, dry_run=module.check_mode))
    except RenfortError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
