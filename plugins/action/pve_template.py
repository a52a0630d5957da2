# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the making of templates: an action plugin, so that each step is shown as it begins."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import env_fallback, missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.core.errors import RenfortError
from ..module_utils.core.template import Template
from ..module_utils.proxmox import Client
from ..module_utils.proxmox_options import argument_spec, settings_from

try:
    from ..module_utils.template_make import Request, TemplateMaker
    from ..module_utils.template_seed import FirstBoot, make_seed
except ModuleNotFoundError as error:
    MISSING: ModuleNotFoundError | None = error
else:
    MISSING = None

display = Display()

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


class ActionModule(ActionBase):
    """Make a golden template."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the action."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _, options = self.validate_argument_spec(argument_spec={**OPTIONS, **argument_spec(env_fallback)})
        if MISSING is not None:
            return result | {"failed": True, "msg": missing_required_lib(MISSING.name or str(MISSING))}
        try:
            outcome = self._make(options)
        except RenfortError as error:
            return result | {"failed": True, "changed": False, "msg": str(error)}
        return result | {
            "changed": bool(outcome.steps),
            "steps": [str(step) for step in outcome.steps],
            "diff": {"before": outcome.before, "after": outcome.after},
            "reads": outcome.reads,
            "writes": outcome.writes,
        }

    def _make(self, options: dict[str, Any]) -> Any:
        dry_run = bool(self._task.check_mode)
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
        return TemplateMaker(client, request, display.display).run()
