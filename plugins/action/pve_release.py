# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the release: an action plugin, so that its progress is shown while it happens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import env_fallback

from ..module_utils.proxmox import Client
from ..module_utils.proxmox_options import argument_spec, settings_from
from ..module_utils.release import Releaser, Request
from ..module_utils.release_act import Limits
from ..module_utils.release_decide import Wanted
from ..module_utils.release_report import as_result, failure_message
from ..plugin_utils.told_action import ToldAction, with_verdict

OPTIONS: dict[str, dict[str, Any]] = {
    "names": {"type": "list", "elements": "str", "default": []},
    "tenant": {"type": "str", "default": ""},
    "unplanned": {"type": "bool", "default": False},
    "surplus": {"type": "bool", "default": False},
    "inputs_dir": {"type": "path", "required": True},
    "plan_file": {"type": "path", "required": True},
    "known_hosts_file": {"type": "path", "required": True},
    "drained_tiers": {"type": "list", "elements": "str", "default": []},
    "allow_undrained": {"type": "bool", "default": False},
    "confirm": {"type": "str", "default": ""},
    "force_stop": {"type": "bool", "default": False},
    "shutdown_timeout": {"type": "int", "default": 180},
}
"""The options beside those of the API."""


class ActionModule(ToldAction):
    """Release machines."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return {**OPTIONS, **argument_spec(env_fallback)}

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        client = Client(settings_from(options), read_only=dry_run)
        outcome = Releaser(client, self._request(options, dry_run), self.tell).run()
        result = as_result(
            outcome, plan_file=options["plan_file"], confirm=options["confirm"], dry_run=dry_run
        )
        return with_verdict(result, failure_message(outcome))

    def _request(self, options: dict[str, Any], dry_run: bool) -> Request:
        return Request(
            wanted=Wanted(
                names=tuple(options["names"]),
                tenant=options["tenant"],
                unplanned=options["unplanned"],
                surplus=options["surplus"],
                drained=frozenset(options["drained_tiers"]),
                undrained=options["allow_undrained"],
            ),
            inputs_dir=options["inputs_dir"],
            plan_file=Path(options["plan_file"]),
            known_hosts_file=options["known_hosts_file"],
            confirm=options["confirm"],
            force_stop=options["force_stop"],
            dry_run=dry_run,
            limits=Limits(shutdown_s=options["shutdown_timeout"]),
        )
