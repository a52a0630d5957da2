# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that notes which servers are in service, and tells how far each is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..plugin_utils.told_action import ToldAction, with_verdict

try:
    from ..module_utils.plan_states import as_result, failure_message
    from ..module_utils.server_service import Request, lines_of, note_services, online_of
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "hypervisors": {"type": "list", "elements": "dict"},
    "serving": {"type": "list", "elements": "str", "default": []},
}
"""The options."""


class ActionModule(ToldAction):
    """Note what is in service."""

    missing = MISSING

    def spec(self) -> dict[str, dict[str, Any]]:
        return OPTIONS

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        path = Path(options["plan_file"])
        request = Request(
            plan_file=path,
            names=options["servers"],
            hypervisors=online_of(options["hypervisors"]),
            serving=options["serving"],
            dry_run=dry_run,
        )
        outcome = note_services(request, self.tell)
        result = as_result(outcome, path) | {"lines": lines_of(outcome)}
        return with_verdict(result, failure_message(outcome.failures, doing="noted"))
