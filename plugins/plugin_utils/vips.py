# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the filters about virtual addresses share: from variables and printed text to values."""

from __future__ import annotations

import json
from typing import Any

from ..module_utils.core.vips import Member, Vip
from .plain import plain


def vips_of(value: Any) -> list[Vip]:
    """The virtual addresses of ``keepalived_vips``."""
    return [
        Vip(
            name=row["name"],
            address=str(row["address"]),
            interface=row.get("interface") or "",
            router_id=int(row.get("router_id") or 0),
        )
        for row in plain(value)
    ]


def members_of(value: Any) -> list[Member]:
    """The machines of ``keepalived_members``."""
    return [Member(name=row["name"], address=str(row["address"])) for row in plain(value)]


def addresses_on(printed: str) -> set[tuple[str, str]]:
    """Interface and address of each row that ``ip -json address show`` printed."""
    return {
        (row["ifname"].partition("@")[0], info["local"])
        for row in json.loads(printed or "[]")
        for info in row.get("addr_info", ())
        if "local" in info
    }
