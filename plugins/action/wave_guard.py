# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the guard before a wave: an action plugin, since it only looks at the run's tally."""

from __future__ import annotations

import os
from typing import Any

from ..module_utils.core.waves import parse_amount
from ..module_utils.tally_file import read_tally
from ..plugin_utils.told_action import ToldAction

OPTIONS: dict[str, dict[str, Any]] = {
    "tier": {"type": "str", "required": True},
    "machines": {"type": "list", "elements": "str", "required": True},
    "max_failures": {"type": "raw", "default": "2%"},
}
"""The options."""


class ActionModule(ToldAction):
    """Let a wave begin, or end the run."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return OPTIONS

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:  # noqa: ARG002 - nothing is written
        limit = parse_amount(options["max_failures"], name="renfort_max_failures", minimum=0)
        tally = read_tally(os.environ)
        told = {
            "changed": False,
            "tier": options["tier"],
            "machines": options["machines"],
            "failed_machines": sorted(tally.failed),
        }
        reason = tally.verdict(limit)
        if not reason:
            return told
        return told | {
            "failed": True,
            "msg": f"The run ends before the next wave of {options['tier']}: {reason}",
        }
