# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of the scenario, and a hundred thousand accounts."""

from __future__ import annotations

import json
from typing import Any

import testinfra

ADDRESSES = {"a": "10.84.0.42", "b": "10.84.0.43", "c": "10.84.0.44"}
FRONT = "10.84.0.41"
ACCOUNTS = 100_000
PASSWORD = "correct horse 1"

LOAD = """
set -e
hash=$(printf '%s\\n' '{password}' | cas-manage cas_hash_password)
python3 /usr/local/lib/accounts.py {accounts} "$hash" | cas-manage cas_import_accounts -
"""


def machine(name: str) -> Any:
    """A machine of the scenario, to run commands in."""
    return testinfra.get_host(f"podman://cas-{name}")


def import_accounts() -> dict[str, int]:
    """Import the accounts once; what the command says of it."""
    found: dict[str, int] = json.loads(
        machine("a").check_output(LOAD.format(password=PASSWORD, accounts=ACCOUNTS)).splitlines()[-1]
    )
    return found
