# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of a database cluster as Patroni lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
"""One member: ``name``, ``role``, ``state``, ``timeline``, ``lag`` in bytes where there is one."""

FOLLOWING = "streaming"
"""The state of a replica that receives what the leader writes."""


def lines(members: Sequence[Row]) -> list[str]:
    """One line for each member, the leader first, for people to read."""
    ordered = sorted(members, key=lambda row: (row.get("role") != "leader", str(row.get("name"))))
    return [_line(row) for row in ordered]


def _line(row: Row) -> str:
    text = f"{row.get('name')}: {row.get('role')}, {row.get('state')}, timeline {row.get('timeline', '?')}"
    if "lag" in row:
        text += f", {row['lag']} bytes behind"
    if row.get("pending_restart"):
        text += ", waits for a restart"
    return text


def settled(members: Sequence[Row], leader: str) -> bool:
    """Whether a machine leads and every other member follows it, on one timeline and not behind."""
    leading = [row for row in members if row.get("role") == "leader"]
    if [row.get("name") for row in leading] != [leader] or leading[0].get("state") != "running":
        return False
    return all(
        row.get("state") == FOLLOWING
        and row.get("timeline") == leading[0].get("timeline")
        and row.get("lag") == 0
        for row in members
        if row is not leading[0]
    )
