#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: bring what is written into the running HAProxy, without a reload where it can."""

from __future__ import annotations

DOCUMENTATION = r"""
module: haproxy_apply
short_description: Bring a written configuration into the running HAProxy, without a reload where it can
version_added: 0.2.0
author: Renfort contributors
description:
  - Compares the configuration that the process has with the one that is written. When they differ only in
    servers of backends, entries of maps and certificates, the difference is carried out through the Runtime
    API, so that no connection is touched and the process stays the same.
  - Otherwise, and whenever HAProxy refuses a step, the module says that a reload is needed and why. It never
    reloads itself.
  - The process carries the digest of its configuration in the variable C(proc.renfort_digest).
options:
  config:
    description: The configuration file, validated already.
    type: path
    default: /etc/haproxy/haproxy.cfg
  served:
    description: Where the module keeps the configuration that the process has.
    type: path
    default: /etc/haproxy/served.cfg
  socket:
    description: The Runtime API's socket.
    type: path
    default: /run/haproxy/admin.sock
  check_timeout:
    description: Seconds for a new server to pass its first health check before it takes requests anyway.
    type: int
    default: 10
  drain_timeout:
    description: Seconds for a server that goes to end its sessions; behind it, a reload is needed.
    type: int
    default: 30
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
- name: Bring the configuration into service
  ent.renfort.haproxy_apply:
  register: applied

- name: Reload HAProxy
  ansible.builtin.systemd_service:
    name: haproxy
    state: reloaded
  when: applied.reload
"""

RETURN = r"""
done:
  description: What was carried out without a reload.
  type: list
  elements: str
  returned: success
  sample: ["server eure/eure-web-04: added"]
reload:
  description: Whether a reload is needed.
  type: bool
  returned: success
reasons:
  description: Why a reload is needed.
  type: list
  elements: str
  returned: success
  sample: ["section changed: frontend portals"]
digest:
  description: Digest of the written configuration.
  type: str
  returned: success
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.haproxy_difference import Difference, difference, parse
from ..module_utils.haproxy_live import Patience, apply, compare_servers, compare_with_memory, read_text
from ..module_utils.haproxy_runtime import Runtime, RuntimeApiError

SPEC: dict[str, Any] = {
    "config": {"type": "path", "default": "/etc/haproxy/haproxy.cfg"},
    "served": {"type": "path", "default": "/etc/haproxy/served.cfg"},
    "socket": {"type": "path", "default": "/run/haproxy/admin.sock"},
    "check_timeout": {"type": "int", "default": 10},
    "drain_timeout": {"type": "int", "default": 30},
}


def record(module: AnsibleModule, text: str) -> None:
    """Keep the configuration that the process has now."""
    path = Path(module.params["served"])
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    handle, name = tempfile.mkstemp(dir=module.tmpdir, text=True)
    with os.fdopen(handle, "w", encoding="utf-8") as candidate:
        candidate.write(text)
    module.atomic_move(name, str(path))
    path.chmod(0o640)


def decide(module: AnsibleModule, runtime: Runtime, text: str) -> Difference:
    """What leads from the process to the file; reasons for a reload where the way is not known."""
    wanted = parse(text)
    memory = runtime.variable("proc.renfort_digest")
    if memory == wanted.digest:
        return Difference(reasons=tuple(compare_with_memory(runtime, wanted, read=read_text)))
    served = Path(module.params["served"])
    running = parse(served.read_text(encoding="utf-8")) if served.is_file() else None
    if running is None or running.digest != memory:
        return Difference(reasons=("what the process was started with is not known",))
    drifted = compare_servers(runtime, running)
    return Difference(reasons=tuple(drifted)) if drifted else difference(running, wanted)


def run(module: AnsibleModule) -> dict[str, Any]:
    """Compare, carry out, keep a record; returns what the task reports."""
    params = module.params
    text = read_text(params["config"])
    wanted = parse(text)
    runtime = Runtime(params["socket"])
    done: list[str] = []
    try:
        found = decide(module, runtime, text)
        reasons = list(found.reasons)
        current = not reasons and runtime.variable("proc.renfort_digest") == wanted.digest
        if not reasons and not current and not module.check_mode:
            patience = Patience(check=params["check_timeout"], drain=params["drain_timeout"])
            done = apply(runtime, found, wanted, patience=patience, read=read_text)
            current = True
    except RuntimeApiError as error:
        reasons, current = [str(error)], False
    if current and not module.check_mode:
        record(module, text)
    return {
        "changed": bool(done) or not current,
        "done": done,
        "reload": bool(reasons),
        "reasons": reasons,
        "digest": wanted.digest,
        "diff": {"before": "", "after": "".join(f"{line}\n" for line in [*done, *reasons])},
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
