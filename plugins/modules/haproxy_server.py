#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: take a server of a running HAProxy out of service, wait for its sessions, put it back."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_server
short_description: Drain a server of a running HAProxy, put it in maintenance, back in service, or weigh it
version_added: 0.2.0
author: Renfort contributors
description:
  - Through the Runtime API. What it sets is in memory - a reload reads the configuration again.
  - In every backend that has a server of that name, unless one is named.
options:
  name:
    description: The server.
    type: str
    required: true
  backend:
    description: The only backend in which it is changed.
    type: str
    default: ''
  state:
    description:
      - C(ready) takes requests as far as its checks let it; C(drain) ends what it does and takes no new
        request, kept cookies aside; C(maint) is out of service and not checked.
      - Left out, the state stays.
    type: str
    choices: [ready, drain, maint]
  weight:
    description: Share of the requests beside the others, 0 to 256. Left out, it stays.
    type: int
  wait:
    description:
      - Seconds to wait - for C(drain) and C(maint) until the server has no session left, for C(ready) until
        its checks pass. The task does not fail when they do not come about; look at C(sessions) and C(up).
    type: int
    default: 0
  missing_ok:
    description: Whether a server that no backend has is left at that, instead of failing.
    type: bool
    default: false
  socket:
    description: The Runtime API's socket.
    type: path
    default: /run/haproxy/admin.sock
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
notes:
  - Runs on the load balancer.
"""

EXAMPLES = r"""
- name: Send the machine no new request and let it finish
  ent.renfort.haproxy_server:
    name: eure-web-02
    state: drain
    wait: 120
  register: drained
"""

RETURN = r"""
sessions:
  description: Requests and connections that the server still has, in all its backends.
  type: int
  returned: success
up:
  description: Whether the server is in service in all its backends.
  type: bool
  returned: success
servers:
  description: The server in each backend, with C(backend), C(state), C(status), C(weight), C(sessions).
  type: list
  elements: dict
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_runtime import Runtime, RuntimeApiError, Server, wait_until

SPEC: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "backend": {"type": "str", "default": ""},
    "state": {"type": "str", "choices": ["ready", "drain", "maint"]},
    "weight": {"type": "int"},
    "wait": {"type": "int", "default": 0},
    "missing_ok": {"type": "bool", "default": False},
    "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
}


def of(runtime: Runtime, params: dict[str, Any]) -> list[Server]:
    """The server in each of the backends asked for.

    Raises:
        RuntimeApiError: there is none, which is not allowed for.
    """
    backend = params["backend"]
    found = [it for it in runtime.servers() if it.name == params["name"] and backend in ("", it.backend)]
    if not found and not params["missing_ok"]:
        where = f"the backend {backend}" if backend else "any backend"
        raise RuntimeApiError(
            f"HAProxy has no server {params['name']} in {where}.",
            hint="Compare with haproxy_backends, or allow for it with missing_ok.",
        )
    return found


def show(servers: list[Server]) -> str:
    """The state of servers, as diff mode shows it."""
    return "".join(f"{it.path}: {it.state}, weight {it.weight}\n" for it in servers)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Compare, set, wait; returns what the task reports."""
    params = module.params
    runtime = Runtime(params["socket"])
    before = of(runtime, params)
    orders = []
    for server in before:
        if params["state"] not in (None, server.state):
            orders.append(f"set server {server.path} state {params['state']}")
        if params["weight"] not in (None, server.weight):
            orders.append(f"set server {server.path} weight {params['weight']}")
    if not module.check_mode:
        for order in orders:
            runtime.order(order)

        def settled() -> bool:
            now = of(runtime, params)
            if params["state"] == "ready":
                return all(it.status.startswith(("UP", "no check")) for it in now)
            return not any(it.sessions for it in now)

        wait_until(settled, seconds=params["wait"], pause=0.5)
    after = of(runtime, params)
    return {
        "changed": bool(orders),
        "sessions": sum(it.sessions for it in after),
        "up": all(it.status.startswith(("UP", "no check")) for it in after),
        "servers": [
            {
                "backend": it.backend,
                "state": it.state,
                "status": it.status,
                "weight": it.weight,
                "sessions": it.sessions,
            }
            for it in after
        ],
        "diff": {
            "before": show(before),
            "after": show(after) + "".join(f"{o}\n" for o in orders if module.check_mode),
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
