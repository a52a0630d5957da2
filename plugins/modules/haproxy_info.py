#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: what a running HAProxy has in memory, and where that differs from its files."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_info
short_description: Tell what a running HAProxy has in memory, and where that differs from its files
version_added: 0.2.0
author: Renfort contributors
description:
  - Servers with their states, certificates with their ends, the digest of the configuration in service.
  - Compares servers, maps, lists of certificates and certificates in memory with the files. Weights and
    states are left out, as these are what operators change on purpose.
options:
  config:
    description: The configuration file.
    type: path
    default: /etc/haproxy/haproxy.cfg
  socket:
    description: The Runtime API's socket.
    type: path
    default: /run/haproxy/admin.sock
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
notes:
  - Runs on the load balancer.
"""

EXAMPLES = r"""
- name: Read what HAProxy has in memory
  ent.renfort.haproxy_info:
  register: found

- name: Refuse memory that differs from the files
  ansible.builtin.assert:
    that: found.differences == []
"""

RETURN = r"""
version:
  description: Version of the process.
  type: str
  returned: success
pid:
  description: The process that takes new connections. A reload changes it, an order does not.
  type: int
  returned: success
digest:
  description: Digest of the configuration in service.
  type: str
  returned: success
servers:
  description: Servers of all backends, with C(backend), C(name), C(address), C(port), C(state), C(status),
    C(weight), C(sessions).
  type: list
  elements: dict
  returned: success
certificates:
  description: Certificates in memory, with C(path), C(subject), C(names), C(not_after), C(fingerprint).
  type: list
  elements: dict
  returned: success
differences:
  description: Where memory and files differ, a sentence each.
  type: list
  elements: str
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_difference import parse
from ..module_utils.haproxy_live import compare_with_memory, read_text
from ..module_utils.haproxy_runtime import Runtime

SPEC: dict[str, Any] = {
    "config": {"type": "path", "default": "/etc/haproxy/haproxy.cfg"},
    "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
}


def certificate(runtime: Runtime, path: str) -> dict[str, str]:
    """What is told of one certificate."""
    told = runtime.certificate(path)
    return {
        "path": path,
        "subject": told.get("Subject", ""),
        "names": told.get("Subject Alternative Name", ""),
        "not_after": told.get("notAfter", ""),
        "fingerprint": told.get("SHA1 FingerPrint", ""),
    }


def run(module: AnsibleModule) -> dict[str, Any]:
    """Ask and compare; returns what the task reports."""
    runtime = Runtime(module.params["socket"])
    info = runtime.info()
    return {
        "changed": False,
        "version": info.get("Version", ""),
        "pid": int(info.get("Pid", "0")),
        "digest": runtime.variable("proc.renfort_digest"),
        "servers": [
            {
                "backend": it.backend,
                "name": it.name,
                "address": it.address,
                "port": it.port,
                "state": it.state,
                "status": it.status,
                "weight": it.weight,
                "sessions": it.sessions,
            }
            for it in runtime.servers()
        ],
        "certificates": [certificate(runtime, path) for path in runtime.certificates()],
        "differences": compare_with_memory(
            runtime, parse(read_text(module.params["config"])), read=read_text
        ),
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
