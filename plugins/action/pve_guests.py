# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the provisioning: an action plugin, so that its progress is shown while it happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ansible.module_utils.basic import env_fallback

from ..module_utils.core.errors import RenfortError
from ..module_utils.inputs import load_plan
from ..module_utils.plan_reassign import PlanFile
from ..module_utils.provision import Provisioner, Request
from ..module_utils.provision_changes import Access
from ..module_utils.provision_limits import Limits
from ..module_utils.provision_report import as_result, failure_message, warnings_of
from ..module_utils.proxmox import Client
from ..module_utils.proxmox_options import argument_spec, settings_from
from ..plugin_utils.told_action import ToldAction, with_verdict

DEFAULTS = Limits()

BOUNDS = ("clones_per_storage", "clones_per_hypervisor", "starts_per_hypervisor")
"""The options that bound what happens at once, as in `Limits`."""

OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "ssh_public_keys": {"type": "list", "elements": "str", "required": True, "no_log": False},
    "ci_user": {"type": "str", "default": "ops"},
    "known_hosts_file": {"type": "path", "required": True},
    "allow_restart": {"type": "bool", "default": False},
    "reassign": {"type": "bool", "default": True},
    "probe_addresses": {"type": "bool", "default": True},
    **{name: {"type": "int", "default": getattr(DEFAULTS, name)} for name in BOUNDS},
}
"""The options beside those of the API."""


class ActionModule(ToldAction):
    """Make the guests what the plan says."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return {**OPTIONS, **argument_spec(env_fallback)}

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        outcome = self._provision(options, dry_run)
        result = as_result(outcome, diff=bool(self._task.diff))
        if warnings := warnings_of(outcome):
            result["warnings"] = warnings
        return with_verdict(result, failure_message(outcome))

    def _provision(self, options: dict[str, Any], dry_run: bool) -> Any:
        limits = _limits(options)
        client = Client(settings_from(options), read_only=dry_run)
        plan = load_plan(options["plan_file"])
        keeper = PlanFile(options["plan_file"], dry_run=dry_run)
        request = Request(
            machines=plan.machines,
            awaited=frozenset(server.name for server in plan.servers if not server.machine),
            access=Access(user=options["ci_user"], ssh_keys=tuple(options["ssh_public_keys"])),
            known_hosts_file=options["known_hosts_file"],
            allow_restart=options["allow_restart"],
            dry_run=dry_run,
            probe=options["probe_addresses"],
            reassign=keeper.reassign if options["reassign"] else None,
            limits=limits,
        )
        return Provisioner(client, request, self.tell).run()


def _limits(options: dict[str, Any]) -> Limits:
    for name in BOUNDS:
        if options[name] < 1:
            raise RenfortError(
                f"pve_guests: {name}: {options[name]} is too small.", hint="Expected 1 or more."
            )
    return replace(DEFAULTS, **{name: options[name] for name in BOUNDS})
