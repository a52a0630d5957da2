# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that notes which servers are in service, and tells how far each is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.core.errors import RenfortError
from .fleet_plan import plain

try:
    from ..module_utils.plan_states import as_result, failure_message
    from ..module_utils.server_service import Request, lines_of, note_services, online_of
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

display = Display()

OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "hypervisors": {"type": "list", "elements": "dict"},
    "serving": {"type": "list", "elements": "str", "default": []},
}
"""The options."""


class ActionModule(ActionBase):
    """Note what is in service."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if MISSING is not None:
            return result | {"failed": True, "msg": missing_required_lib(MISSING.name or str(MISSING))}
        _, options = self.validate_argument_spec(argument_spec=OPTIONS)
        options = plain(options)
        path = Path(options["plan_file"])
        try:
            request = Request(
                plan_file=path,
                names=options["servers"],
                hypervisors=online_of(options["hypervisors"]),
                serving=options["serving"],
                dry_run=bool(self._task.check_mode),
            )
            outcome = note_services(request, display.display)
        except RenfortError as error:
            return result | {"failed": True, "changed": False, "msg": str(error)}
        result |= as_result(outcome, path) | {"lines": lines_of(outcome)}
        message = failure_message(outcome.failures, doing="noted")
        return result | ({"failed": True, "msg": message} if message else {})
