# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the planner: an action plugin, so that its progress is shown while it happens."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.core.errors import RenfortError

try:
    from ..module_utils.inputs import Overlay
    from ..module_utils.planning import Request, as_result, plan_fleet, result_of_failure, warnings_of
except ModuleNotFoundError as error:
    MISSING: ModuleNotFoundError | None = error
else:
    MISSING = None

display = Display()

OPTIONS: dict[str, dict[str, Any]] = {
    "inputs_dir": {"type": "path", "required": True},
    "path": {"type": "path", "required": True},
    "hypervisors": {"type": "list", "elements": "dict", "required": True},
    "guests": {"type": "list", "elements": "dict", "required": True},
    "today": {"type": "str"},
    "date": {"type": "str"},
    "what_if": {"type": "path"},
    "stock": {"type": "dict"},
    "networks": {"type": "dict"},
    "source": {"type": "str", "default": "another source"},
    "minimum_served_percent": {"type": "float", "default": 0.0},
    "report_dir": {"type": "path"},
}
"""The options of the module."""


def plain(value: Any) -> Any:
    """Return a value of a playbook without the marks of Ansible, which are types of their own."""
    if isinstance(value, Mapping):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    kinds = [of for of in (str, float, int) if isinstance(value, of) and not isinstance(value, bool)]
    return kinds[0](value) if kinds else value


class ActionModule(ActionBase):
    """Write the plan of the fleet."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(argument_spec=OPTIONS)
        if MISSING is not None:
            return result | {"failed": True, "msg": missing_required_lib(MISSING.name or str(MISSING))}
        try:
            planned = plan_fleet(self._request(options), display.display)
        except RenfortError as error:
            return result | result_of_failure(error)
        return result | as_result(planned) | {"warnings": warnings_of(planned)}

    def _request(self, options: dict[str, Any]) -> Any:
        options = plain(options)
        overlaid = {name: options[name] for name in ("stock", "networks") if options[name]}
        return Request(
            inputs_dir=options["inputs_dir"],
            path=Path(options["path"]),
            hypervisors=options["hypervisors"],
            guests=options["guests"],
            today=options["today"] or date.today().isoformat(),
            date=options["date"] or "",
            what_if=options["what_if"] or "",
            overlay=Overlay(source=options["source"], values=overlaid) if overlaid else None,
            minimum_served_percent=options["minimum_served_percent"],
            report_dir=Path(options["report_dir"]) if options["report_dir"] else None,
            dry_run=bool(self._task.check_mode),
        )
