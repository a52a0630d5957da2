#!/usr/bin/python
# Copyright: Renfort contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the access that Renfort's accounts need."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pve_access
short_description: Give an account of Renfort exactly the privileges that it needs
version_added: 0.2.0
author:
  - Renfort contributors (@renfort)
description:
  - Makes the roles, the pool, the user, its API token and its grants in a Proxmox VE cluster, as
    docs/reference/privileges.md lists them. Privileges that a role of Renfort has too many are taken away,
    and so are grants of Renfort's roles to this user on paths that are not named any more.
  - Other roles, users and pools are never touched. What the user holds of other roles is told as a warning.
  - An administrator runs this once, and again when templates, storages or bridges change. The token that is
    made cannot do it.
options:
  duty:
    description:
      - What the account is for.
      - V(guests) makes, starts, changes and removes guests, and reads the inventory.
      - V(templates) makes golden templates, see M(ent.renfort.pve_template).
    type: str
    choices: [guests, templates]
    default: guests
  user:
    description: The account, with its realm. It gets no password.
    type: str
    required: true
  token:
    description: Name of the account's API token.
    type: str
    required: true
  token_file:
    description:
      - File on the controller into which the secret of a token that is made is written, for its owner alone.
        The cluster tells it only once.
      - Where the token exists already, the file must hold its secret, which is tried.
    type: path
    required: true
  renew_token:
    description: Whether a token that exists is replaced by one with another secret.
    type: bool
    default: false
  pools:
    description: The pools whose members the guests are. They are made where they do not exist. Required for
      O(duty=guests).
    type: list
    elements: str
  templates:
    description: Ids of the templates.
    type: list
    elements: int
    required: true
  storages:
    description: The storages that hold disks.
    type: list
    elements: str
    required: true
  bridges:
    description: The bridges of the guests and of the templates.
    type: list
    elements: str
    required: true
  images:
    description: For O(duty=templates), the storages to which images are fetched.
    type: list
    elements: str
  nodes:
    description: For O(duty=templates), the hypervisors that fetch them.
    type: list
    elements: str
  api_password:
    description:
      - Password of O(api_user), instead of a token.
      - Without it and O(api_password_file), the environment variable E(RENFORT_PVE_PASSWORD) is used if set.
    type: str
  api_password_file:
    description: File that holds it. C(~) is the home directory.
    type: path
extends_documentation_fragment:
  - ent.renfort.pve
attributes:
  check_mode:
    support: full
    description: Can run in C(check_mode) and return changed status prediction without modifying target.
  diff_mode:
    support: full
    description: Will return details on what has changed when in diff mode.
notes:
  - Runs on the controller, with the controller's Python.
seealso:
  - module: ent.renfort.pve_guests
  - module: ent.renfort.pve_template
"""

EXAMPLES = r"""
- name: Make the operators' token
  ent.renfort.pve_access:
    user: renfort@pve
    token: ops
    token_file: ~/.config/renfort/token
    pools: [renfort]
    templates: [9000]
    storages: [vmdata]
    bridges: [vmbr0, vmbr1]
    api_host: pve1.example.net
    api_user: root@pam
    api_password_file: /run/secrets/root-password
"""

RETURN = r"""
changes:
  description: What was done, or would be in check mode, each with its reason.
  returned: success
  type: list
  elements: dict
  contains:
    step:
      description: What was done.
      type: str
      sample: change role
    subject:
      description: To what.
      type: str
      sample: RenfortGuests
    reason:
      description: Why.
      type: str
      sample: has VM.Console too many
writes:
  description: How many writing calls were sent to the API.
  returned: success
  type: int
  sample: 0
reads:
  description: How many reading calls were sent to the API.
  returned: success
  type: int
  sample: 5
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ..module_utils.access import Request, ensure_access
from ..module_utils.core.access import Account
from ..module_utils.core.errors import RenfortError
from ..module_utils.core.privileges import Duty, Places
from ..module_utils.proxmox import Client
from ..module_utils.proxmox_options import argument_spec, password_options, settings_from

OPTIONS: dict[str, dict[str, Any]] = {
    "duty": {"type": "str", "choices": ["guests", "templates"], "default": "guests"},
    "user": {"type": "str", "required": True},
    "token": {"type": "str", "required": True, "no_log": False},
    "token_file": {"type": "path", "required": True, "no_log": False},
    "renew_token": {"type": "bool", "default": False, "no_log": False},
    "pools": {"type": "list", "elements": "str"},
    "templates": {"type": "list", "elements": "int", "required": True},
    "storages": {"type": "list", "elements": "str", "required": True},
    "bridges": {"type": "list", "elements": "str", "required": True},
    "images": {"type": "list", "elements": "str"},
    "nodes": {"type": "list", "elements": "str"},
    **password_options(env_fallback),
}
"""The options beside those of the API."""


def _account(options: Mapping[str, Any]) -> Account:
    names = ("pools", "templates", "storages", "images", "nodes", "bridges")
    return Account(
        duty=Duty(options["duty"]),
        user=options["user"],
        token=options["token"],
        places=Places(**{name: tuple(dict.fromkeys(map(str, options[name] or ()))) for name in names}),
    )


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**OPTIONS, **argument_spec(env_fallback)},
        required_if=[("duty", "guests", ["pools"]), ("duty", "templates", ["images", "nodes"])],
        supports_check_mode=True,
    )
    options = module.params
    if not any(options[name] for name in ("api_password", "api_password_file", "api_token_id")):
        module.fail_json(
            msg=f"How {options['api_user'] or 'the administrator'} proves who it is, is not said. Set "
            "api_password_file (renfort_admin_password_file), RENFORT_PVE_PASSWORD, or the token of one."
        )
    request = Request(
        account=_account(options),
        token_file=Path(options["token_file"]),
        renew=options["renew_token"],
        dry_run=module.check_mode,
    )
    try:
        client = Client(settings_from(options), read_only=module.check_mode)
        outcome = ensure_access(client, request)
    except RenfortError as error:
        module.fail_json(msg=str(error))
    for remark in outcome.remarks:
        module.warn(remark)
    module.exit_json(
        changed=bool(outcome.changes),
        changes=[{"step": it.step, "subject": it.subject, "reason": it.reason} for it in outcome.changes],
        diff={"before": outcome.before, "after": outcome.after},
        reads=outcome.reads,
        writes=outcome.writes,
    )


if __name__ == "__main__":
    main()
