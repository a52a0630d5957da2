# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter that enrols servers over ssh: an action plugin, so that its progress is shown."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ..module_utils.core.errors import InputError
from ..plugin_utils.told_action import ToldAction, with_verdict

try:
    from ..module_utils.plan_states import as_result, failure_message
    from ..module_utils.server_enrol import Request, ServerEnrol
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

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


class ActionModule(ToldAction):
    """Enrol the servers that are on."""

    missing = MISSING

    def spec(self) -> dict[str, dict[str, Any]]:
        return OPTIONS

    def act(self, options: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:
        path = Path(options["plan_file"])
        outcome = ServerEnrol(self._request(path, options, dry_run), self.tell).run()
        return with_verdict(as_result(outcome, path), failure_message(outcome.failures, doing="enrolled"))

    def _request(self, path: Path, options: dict[str, Any], dry_run: bool) -> Any:
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
            dry_run=dry_run,
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
