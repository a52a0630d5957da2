# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that switches planned servers on: an action plugin, so that its progress is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import env_fallback

from ..plugin_utils.told_action import ToldAction, with_verdict

try:
    from ..module_utils.plan_states import as_result, failure_message
    from ..module_utils.redfish_options import argument_spec, settings_from
    from ..module_utils.server_power import Request, ServerPower
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "accept_running": {"type": "list", "elements": "str", "default": []},
    "allow_restart": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 8},
    "wait": {"type": "int", "default": 120},
}
"""The options beside those of the BMCs."""


class ActionModule(ToldAction):
    """Switch the planned servers on, from the network."""

    missing = MISSING

    def spec(self) -> dict[str, dict[str, Any]]:
        return {**OPTIONS, **argument_spec(env_fallback)}

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        path = Path(options["plan_file"])
        request = self._request(path, options, dry_run)
        outcome = ServerPower(lambda: settings_from(options), request, self.tell).run()
        return with_verdict(as_result(outcome, path), failure_message(outcome.failures, doing="switched on"))

    def _request(self, path: Path, options: dict[str, Any], dry_run: bool) -> Any:
        return Request(
            plan_file=path,
            names=options["servers"],
            accept_running=options["accept_running"],
            allow_restart=options["allow_restart"],
            workers=max(1, options["parallel"]),
            wait_s=float(options["wait"]),
            dry_run=dry_run,
        )
