#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of a user's journey through a portal."""

from __future__ import annotations

DOCUMENTATION = r"""
module: user_journey
short_description: Do in a portal what a user does on a school day
version_added: 0.3.0
author:
  - Renfort contributors (@renfort)
description:
  - Reads the public page, signs in through CAS until each sign-in server has taken a password, reads the
    personal page until each web machine has shown it, writes a message to the same user, finds it in the
    inbox and its notification in a mailbox, and signs out.
  - Over TLS, the certificate verified, through each of O(addresses) whatever a resolver says of the portal.
  - Where a user would be stopped it fails, with the step, what was seen there and by which machine.
options:
  portal:
    description: Host name of the portal.
    type: str
    required: true
  addresses:
    description: Addresses at which it answers, such as the floating ones and those of each load balancer.
    type: list
    elements: str
    required: true
  port:
    description: Port of the portal at these addresses.
    type: int
    default: 443
  ca_file:
    description: Authority of the portal's certificate. Without it, those that the system trusts.
    type: path
  user:
    description: Whom to sign in as.
    type: dict
    required: true
    suboptions:
      username:
        description: A user who may write to herself.
        type: str
        required: true
      password:
        description: Her password.
        type: str
        required: true
      mailbox:
        description:
          - Address (HTTP) that answers with a JSON list of the mails which arrived for her. Without it,
            nobody looks for the notification.
        type: str
  web_machines:
    description: Web machines that must each show the personal page.
    type: list
    elements: str
    default: []
  cas_machines:
    description: Sign-in servers that must each take a password.
    type: list
    elements: str
    default: []
  message:
    description: Whether a message is written. In check mode none is.
    type: bool
    default: true
  paths:
    description: Where the portal has its pages, beside what O(paths) does not name.
    type: dict
    suboptions:
      public:
        description: The page for everybody.
        type: str
        default: /
      login:
        description: What leads to the sign-in service.
        type: str
        default: /login
      home:
        description: The personal page.
        type: str
        default: /home
      inbox:
        description: The messages.
        type: str
        default: /messages
      compose:
        description: The form for a new message, with the fields to, subject and body.
        type: str
        default: /messages/new
      logout:
        description: What ends the session.
        type: str
        default: /logout
  wait:
    description:
      - Seconds to go on with a step until all machines had their part, or the message or the mail is there.
    type: int
    default: 60
attributes:
  check_mode:
    support: partial
    details: Reads and signs in as well; writes no message.
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: none
    description: Will return details on what has changed when in diff mode.
requirements:
  - httpx
notes:
  - Runs on the controller, with the controller's Python.
seealso:
  - module: ent.renfort.portal_check
"""

EXAMPLES = r"""
- name: Sign in, read, write and receive through both load balancers
  ent.renfort.user_journey:
    portal: eure.ent.example
    addresses: [10.83.0.11, 10.83.0.12]
    ca_file: /etc/renfort/authority.crt
    user:
      username: verification
      password: "{{ vault_verification_password }}"
    web_machines: [eure-web-01, eure-web-02]
    cas_machines: [eure-cas-01, eure-cas-02]
"""

RETURN = r"""
journeys:
  description: The steps that were gone through each address, with the machines that had their part.
  returned: always
  type: dict
  sample:
    10.83.0.11: ["public page: eure-web-01", "sign-in: eure-cas-01, eure-cas-02"]
"""

from dataclasses import fields
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ..module_utils.core.errors import RenfortError

try:
    from ..module_utils.user_journey import Account, Paths, Request, Traveller
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

PATHS = {
    "public": "/",
    "login": "/login",
    "home": "/home",
    "inbox": "/messages",
    "compose": "/messages/new",
    "logout": "/logout",
}

SPEC: dict[str, dict[str, Any]] = {
    "portal": {"type": "str", "required": True},
    "addresses": {"type": "list", "elements": "str", "required": True},
    "port": {"type": "int", "default": 443},
    "ca_file": {"type": "path"},
    "user": {
        "type": "dict",
        "required": True,
        "options": {
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "mailbox": {"type": "str"},
        },
    },
    "web_machines": {"type": "list", "elements": "str", "default": []},
    "cas_machines": {"type": "list", "elements": "str", "default": []},
    "message": {"type": "bool", "default": True},
    "paths": {
        "type": "dict",
        "options": {name: {"type": "str", "default": path} for name, path in PATHS.items()},
    },
    "wait": {"type": "int", "default": 60},
}
"""The options."""


def request_of(params: dict[str, Any], address: str, *, check_mode: bool) -> Request:
    """Return the journey through one address."""
    paths, user = params["paths"] or {}, params["user"]
    return Request(
        portal=params["portal"],
        address=address,
        port=params["port"],
        ca_file=params["ca_file"] or "",
        account=Account(username=user["username"], password=user["password"], mailbox=user["mailbox"] or ""),
        web=frozenset(params["web_machines"]),
        cas=frozenset(params["cas_machines"]),
        message=params["message"] and not check_mode,
        wait_s=params["wait"],
        paths=Paths(**{it.name: paths[it.name] for it in fields(Paths) if it.name in paths}),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=SPEC, supports_check_mode=True)
    if MISSING is not None:
        module.fail_json(msg=missing_required_lib(MISSING.name or str(MISSING)))
    params = module.params
    if not params["addresses"]:
        module.fail_json(msg=f"addresses of {params['portal']} is empty: nothing would be checked.")
    journeys: dict[str, list[str]] = {}
    problems = []
    for address in params["addresses"]:
        traveller = Traveller(request_of(params, address, check_mode=module.check_mode))
        try:
            traveller.go()
        except RenfortError as error:
            problems.append(str(error))
        journeys[address] = traveller.journey.steps
    if problems:
        module.fail_json(msg=" ".join(problems), journeys=journeys)
    module.exit_json(changed=False, journeys=journeys)


if __name__ == "__main__":
    main()
