#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the portal probe."""

from __future__ import annotations

DOCUMENTATION = r"""
module: portal_check
short_description: Check that a portal answers from every one of its machines
version_added: 0.1.0
author:
  - Renfort contributors (@renfort)
description:
  - Asks a portal for a page through every load balancer, as a user's browser would, until each
    expected web machine has answered.
  - Reads only, so that it does the same in check mode.
options:
  portal:
    description: Host name of the portal.
    type: str
    required: true
  addresses:
    description: Addresses of the load balancers.
    type: list
    elements: str
    required: true
  machines:
    description: Names of the web machines that must answer, each at least once.
    type: list
    elements: str
    required: true
  tls:
    description: Whether they are asked over TLS, the certificate verified for O(portal).
    type: bool
    default: false
  ca_file:
    description: Authority of the certificate. Without it, those that the system trusts.
    type: path
  port:
    description: TCP port of the load balancers. By default 443 with O(tls), and 80 without.
    type: int
  path:
    description: The page to ask for.
    type: str
    default: /
  wait:
    description: Seconds to go on asking before the check fails.
    type: int
    default: 15
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: none
    description: Will return details on what has changed when in diff mode.
notes:
  - Runs on the controller, with the controller's Python.
"""

EXAMPLES = r"""
- name: Check a portal through two load balancers
  ent.renfort.portal_check:
    portal: eure.ent.example
    addresses: [10.83.0.11, 10.83.0.12]
    machines: [eure-web-01, eure-web-02]
"""

RETURN = r"""
answered:
  description: How often each machine answered in the last round.
  returned: always
  type: dict
  sample: {eure-web-01: 4, eure-web-02: 4}
missing:
  description: Expected machines that did not answer.
  returned: always
  type: list
  elements: str
  sample: []
failures:
  description: The requests of the last round that failed, with their load balancer.
  returned: always
  type: list
  elements: str
  sample: ["10.83.0.11: HTTP 503"]
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.core.errors import RenfortError
from ..module_utils.portal_probe import probe, trust


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            "portal": {"type": "str", "required": True},
            "addresses": {"type": "list", "elements": "str", "required": True},
            "machines": {"type": "list", "elements": "str", "required": True},
            "tls": {"type": "bool", "default": False},
            "ca_file": {"type": "path"},
            "port": {"type": "int"},
            "path": {"type": "str", "default": "/"},
            "wait": {"type": "int", "default": 15},
        },
        supports_check_mode=True,
    )
    params = module.params
    for key in ("addresses", "machines"):
        if not params[key]:
            module.fail_json(msg=f"{key} of {params['portal']} is empty: nothing would be checked.")
    try:
        tls = trust(params["ca_file"] or "") if params["tls"] else None
    except RenfortError as error:
        module.fail_json(msg=str(error))
    verdict = probe(
        params["addresses"],
        port=params["port"] or (443 if tls else 80),
        portal=params["portal"],
        path=params["path"],
        machines=params["machines"],
        wait_s=params["wait"],
        tls=tls,
    )
    result = {
        "changed": False,
        "answered": verdict.answered,
        "missing": list(verdict.missing),
        "failures": list(verdict.failures),
    }
    if verdict.complete:
        module.exit_json(**result)
    module.fail_json(
        msg=f"{params['portal']} through {', '.join(params['addresses'])}: {verdict.problem}. "
        "Look at the backend's state on the load balancers' statistics page.",
        **result,
    )


if __name__ == "__main__":
    main()
