# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the planner: an action plugin, so that its progress is shown while it happens."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from ..module_utils.core.errors import RenfortError
from ..plugin_utils.told_action import ToldAction

try:
    from ..module_utils.inputs import Overlay
    from ..module_utils.planning import Request, as_result, plan_fleet, result_of_failure, warnings_of
except ModuleNotFoundError as error:
    MISSING: ModuleNotFoundError | None = error
else:
    MISSING = None

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


class ActionModule(ToldAction):
    """Write the plan of the fleet."""

    missing = MISSING

    def spec(self) -> dict[str, dict[str, Any]]:
        return OPTIONS

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        planned = plan_fleet(self._request(options, dry_run), self.tell)
        return as_result(planned) | {"warnings": warnings_of(planned)}

    def failed(self, error: RenfortError) -> dict[str, Any]:
        return dict(result_of_failure(error))

    def _request(self, options: dict[str, Any], dry_run: bool) -> Any:
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
            dry_run=dry_run,
        )
