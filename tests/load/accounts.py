# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the people of a load go in the lab, and as whom they sign in."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lab.control.people import read_accounts
from lab.control.state import State

ROOT = Path(__file__).resolve().parents[2]
VARIABLES = ROOT / "inventories/lab/group_vars/all"


def environment() -> dict[str, str]:
    """The variables that people.py reads, for the lab that runs."""
    state = State.of_environment()
    tenants = _load("tenants.yml")["renfort_tenants"]
    portals = {name: tenant["portals"][0] for name, tenant in tenants.items()}
    return {
        "RENFORT_LOAD_PORTALS": ",".join(sorted(portals.values())),
        "RENFORT_LOAD_ADDRESSES": ",".join(_load("platform.yml")["renfort_vips"]),
        "RENFORT_LOAD_CA": str(state.ca),
        "RENFORT_LOAD_ACCOUNTS": json.dumps(
            in_turns(
                {portals[name]: read_accounts(state.accounts(name)) for name in sorted(portals)},
            )
        ),
    }


def in_turns(people: Mapping[str, Sequence[Mapping[str, str]]]) -> list[dict[str, str]]:
    """The people of all portals, one of each portal and profile in turns.

    Args:
        people: portal to its accounts, with ``username``, ``password`` and ``profile``.
    """
    groups = [
        [
            {"portal": portal, "username": row["username"], "password": row["password"]}
            for row in accounts
            if row["profile"] == profile
        ]
        for portal, accounts in people.items()
        for profile in dict.fromkeys(row["profile"] for row in accounts)
    ]
    return [row for rows in itertools.zip_longest(*groups) for row in rows if row]


def _load(name: str) -> Any:
    return yaml.safe_load((VARIABLES / name).read_text(encoding="utf-8"))
