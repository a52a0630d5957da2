# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that switches planned servers on: an action plugin, so that its progress is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.core.errors import RenfortError
from .fleet_plan import plain

try:
    from ..module_utils.plan_states import as_result, failure_message
    from ..module_utils.redfish_options import argument_spec, settings_from
    from ..module_utils.server_power import Request, ServerPower
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

display = Display()

OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "accept_running": {"type": "list", "elements": "str", "default": []},
    "allow_restart": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": 8},
    "wait": {"type": "int", "default": 120},
}
"""The options beside those of the BMCs."""


class ActionModule(ActionBase):
    """Switch the planned servers on, from the network."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if MISSING is not None:
            return result | {"failed": True, "msg": missing_required_lib(MISSING.name or str(MISSING))}
        _, options = self.validate_argument_spec(argument_spec={**OPTIONS, **argument_spec(env_fallback)})
        options = plain(options)
        path = Path(options["plan_file"])
        try:
            request = self._request(path, options)
            outcome = ServerPower(lambda: settings_from(options), request, display.display).run()
        except RenfortError as error:
            return result | {"failed": True, "changed": False, "msg": str(error)}
        result |= as_result(outcome, path)
        message = failure_message(outcome.failures, doing="switched on")
        return result | ({"failed": True, "msg": message} if message else {})

    def _request(self, path: Path, options: dict[str, Any]) -> Any:
        return Request(
            plan_file=path,
            names=options["servers"],
            accept_running=options["accept_running"],
            allow_restart=options["allow_restart"],
            workers=max(1, options["parallel"]),
            wait_s=float(options["wait"]),
            dry_run=bool(self._task.check_mode),
        )
