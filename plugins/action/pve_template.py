# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the making of templates: an action plugin, so that each step is shown as it begins."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback

from ..module_utils.core.template import Template
from ..module_utils.proxmox import Client
from ..module_utils.proxmox_options import argument_spec, settings_from
from ..plugin_utils.told_action import ToldAction

try:
    from ..module_utils.template_make import Request, TemplateMaker
    from ..module_utils.template_seed import FirstBoot, make_seed
except ModuleNotFoundError as error:
    MISSING: ModuleNotFoundError | None = error
else:
    MISSING = None

OPTIONS: dict[str, dict[str, Any]] = {
    "vmid": {"type": "int", "required": True},
    "name": {"type": "str", "required": True},
    "node": {"type": "str", "required": True},
    "storage": {"type": "str", "required": True},
    "images": {"type": "str", "required": True},
    "bridge": {"type": "str", "required": True},
    "image": {"type": "str", "required": True},
    "checksum": {"type": "str", "required": True},
    "cores": {"type": "int", "default": 2},
    "memory": {"type": "int", "default": 2048},
    "disk": {"type": "int", "default": 8},
    "address": {"type": "str"},
    "gateway": {"type": "str"},
    "nameservers": {"type": "list", "elements": "str", "default": []},
    "apt_mirror": {"type": "str"},
    "wait": {"type": "int", "default": 1800},
}
"""The options beside those of the API."""


class ActionModule(ToldAction):
    """Make a golden template."""

    missing = MISSING

    def spec(self) -> dict[str, dict[str, Any]]:
        return {**OPTIONS, **argument_spec(env_fallback)}

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        outcome = self._make(options, dry_run)
        return {
            "changed": bool(outcome.steps),
            "steps": [str(step) for step in outcome.steps],
            "diff": {"before": outcome.before, "after": outcome.after},
            "reads": outcome.reads,
            "writes": outcome.writes,
        }

    def _make(self, options: dict[str, Any], dry_run: bool) -> Any:
        seed = make_seed(
            options["vmid"],
            FirstBoot(
                address=str(options["address"] or ""),
                gateway=str(options["gateway"] or ""),
                nameservers=tuple(map(str, options["nameservers"])),
                apt_mirror=str(options["apt_mirror"] or ""),
            ),
        )
        names = ("vmid", "name", "node", "storage", "images", "bridge", "image", "checksum", "cores")
        template = Template(
            **{name: options[name] for name in names},
            seed=seed.name,
            memory_mib=options["memory"],
            disk_gib=options["disk"],
        )
        request = Request(template=template, seed=seed, patience_s=float(options["wait"]), dry_run=dry_run)
        client = Client(settings_from(options), read_only=dry_run)
        return TemplateMaker(client, request, self.tell).run()
