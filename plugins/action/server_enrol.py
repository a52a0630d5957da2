# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that enrols servers over ssh: an action plugin, so that its progress is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ..module_utils.core.errors import InputError, RenfortError
from .fleet_plan import plain

try:
    from ..module_utils.plan_states import as_result, failure_message
    from ..module_utils.server_enrol import Request, ServerEnrol
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

display = Display()

OPTIONS: dict[str, dict[str, Any]] = {
    "plan_file": {"type": "path", "required": True},
    "known_hosts_file": {"type": "path", "required": True},
    "servers": {"type": "list", "elements": "str", "default": []},
    "accept_host_keys": {"type": "dict", "default": {}},
    "user": {"type": "str", "default": "ops"},
    "private_key_file": {"type": "path", "no_log": False},
    "port": {"type": "int", "default": 22},
    "parallel": {"type": "int", "default": 16},
    "wait": {"type": "int", "default": 1800},
}
"""The options."""

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")


class ActionModule(ActionBase):
    """Enrol the servers that are on."""

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
            outcome = ServerEnrol(self._request(path, options), display.display).run()
        except RenfortError as error:
            return result | {"failed": True, "changed": False, "msg": str(error)}
        result |= as_result(outcome, path)
        message = failure_message(outcome.failures, doing="enrolled")
        return result | ({"failed": True, "msg": message} if message else {})

    def _request(self, path: Path, options: dict[str, Any]) -> Any:
        return Request(
            plan_file=path,
            known_hosts_file=Path(options["known_hosts_file"]),
            names=options["servers"],
            accepted=_accepted(options["accept_host_keys"]),
            user=options["user"],
            private_key_file=options["private_key_file"] or "",
            port=options["port"],
            workers=max(1, options["parallel"]),
            wait_s=float(options["wait"]),
            dry_run=bool(self._task.check_mode),
        )


def _accepted(given: dict[str, Any]) -> dict[str, str]:
    for name, value in given.items():
        if not isinstance(value, str) or not _FINGERPRINT.fullmatch(value):
            raise InputError(
                file="ent.renfort.server_enrol",
                key=f"accept_host_keys.{name}",
                problem=f'"{value}" is no fingerprint',
                expected="SHA256: and 43 characters, as ssh-keygen -l shows it on the server's console",
            )
    return given
