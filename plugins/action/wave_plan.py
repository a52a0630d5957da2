# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the planning of waves: an action plugin, since it only looks at the inventory."""

from __future__ import annotations

from typing import Any

from ..module_utils.core.waves import DEFAULT_SHARES, parse_shares, plan_waves
from ..plugin_utils.told_action import ToldAction

OPTIONS: dict[str, dict[str, Any]] = {
    "machines": {"type": "dict", "required": True},
    "tiers": {"type": "dict", "required": True},
    "waves": {"type": "list", "elements": "raw", "default": list(DEFAULT_SHARES)},
    "waves_of": {"type": "dict", "default": {}},
    "follows": {"type": "dict", "default": {}},
}
"""The options."""


class ActionModule(ToldAction):
    """Deal the machines of each tier out to waves."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return OPTIONS

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:  # noqa: ARG002 - nothing is written
        machines: dict[str, str] = {name: str(of or "") for name, of in options["machines"].items()}
        usual = parse_shares(options["waves"], name="renfort_waves")
        shares = {
            tier: parse_shares(of, name=f"renfort_waves_of.{tier}")
            for tier, of in options["waves_of"].items()
        }
        waves = {
            tier: plan_waves(
                {name: machines[name] for name in members if name in machines}, shares.get(tier, usual)
            )
            for tier, members in options["tiers"].items()
        }
        return {
            "changed": False,
            "follows": options["follows"],
            "waves": {tier: [list(wave) for wave in planned] for tier, planned in waves.items()},
            "hosts": {tier: [name for wave in planned for name in wave] for tier, planned in waves.items()},
            "sizes": {tier: [len(wave) for wave in planned] for tier, planned in waves.items()},
        }
