#!/usr/bin/python
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Module: have this machine be a member of a cluster of etcd, or take former members out."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Have this machine be a member of a cluster of etcd
version_added: 0.1.0
author: Renfort contributors
description:
  - A machine that has data of etcd is left as it is. One without becomes a member of the cluster that
    answers, first without a vote, then with one as soon as it knows what the others know.
  - With O(first) and no cluster that answers, a cluster of this one machine begins; others join it
    afterwards, by the same way as a member that is added years later.
  - Run it on one machine at a time (C(throttle) 1).
options:
  name:
    description: Name of the machine in the cluster.
    type: str
  peer:
    description: Address at which other members reach it, such as C(https://10.83.20.41:2380).
    type: str
  data:
    description: Directory of its data.
    type: path
  first:
    description: Whether a cluster may begin with this machine. Make sure that no other member has data.
    type: bool
    default: false
  former:
    description: Names of members that are taken out; nothing else is done then.
    type: list
    elements: str
    default: []
  settings:
    description: File that receives the settings of the first start.
    type: path
    default: /etc/default/etcd-join
  unit:
    description: Unit that is started.
    type: str
    default: etcd
  timeout:
    description: Seconds that it may take to become a member with a vote.
    type: int
    default: 120
extends_documentation_fragment:
  - ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
notes:
  - Reads how to reach the cluster from the environment, as etcdctl does (C(ETCDCTL_ENDPOINTS), …).
"""

EXAMPLES = r"""
- name: Have the machine be a member
  ent.renfort.etcd_member:
    name: eure-database-01
    peer: https://10.83.20.41:2380
    data: /var/lib/etcd/eure
  environment:
    ETCDCTL_ENDPOINTS: https://10.83.20.42:2379,https://10.83.20.43:2379
  throttle: 1
"""

RETURN = r"""
settings:
  description: Settings of the first start.
  type: dict
  returned: when the machine joined
removed:
  description: Names of members that were taken out.
  type: list
  elements: str
  returned: with O(former)
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.etcd_member import Etcdctl, Wish, admit, promote, remove, settings_text

SPEC: dict[str, Any] = {
    "name": {"type": "str"},
    "peer": {"type": "str"},
    "data": {"type": "path"},
    "first": {"type": "bool", "default": False},
    "former": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "path", "default": "/etc/default/etcd-join"},
    "unit": {"type": "str", "default": "etcd"},
    "timeout": {"type": "int", "default": 120},
}


def etcdctl_of(module: AnsibleModule) -> Etcdctl:
    """Runs etcdctl, which gives up soon where nobody answers."""

    def etcdctl(argv: Any) -> tuple[int, str]:
        status, out, err = module.run_command(["etcdctl", "--dial-timeout=2s", "--command-timeout=6s", *argv])
        return status, out if not status else out + err

    return etcdctl


def join(module: AnsibleModule) -> dict[str, Any]:
    """Have the machine join unless it has data; give it its vote if it lacks it."""
    params = module.params
    wish = Wish(name=params["name"], peer=params["peer"], first=params["first"])
    etcdctl = etcdctl_of(module)
    if (Path(params["data"]) / "member").is_dir():
        if module.check_mode:
            return {"changed": False}
        return {"changed": promote(etcdctl, wish, timeout=params["timeout"])}
    if module.check_mode:
        return {"changed": True}
    settings = admit(etcdctl, wish)
    Path(params["settings"]).write_text(settings_text(settings), encoding="utf-8")
    # What was added to the unit in this run is only known after a reload.
    status, out, err = module.run_command(["systemctl", "daemon-reload"])
    if not status:
        status, out, err = module.run_command(["systemctl", "restart", params["unit"]])
    if status:
        raise RenfortError(
            f"{params['unit']} did not start: {(out + err).strip()}", hint=f"journalctl -u {params['unit']}"
        )
    promote(etcdctl, wish, timeout=params["timeout"])
    return {"changed": True, "settings": settings}


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec=SPEC,
        supports_check_mode=True,
        required_together=[("name", "peer", "data")],
        required_one_of=[("name", "former")],
    )
    try:
        if module.params["former"]:
            removed = remove(etcdctl_of(module), module.params["former"], check_mode=module.check_mode)
            module.exit_json(changed=bool(removed), removed=removed)
        module.exit_json(**join(module))
    except (RenfortError, OSError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
