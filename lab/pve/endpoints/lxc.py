# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers of a node: there are none, and clients that list all guests ask for them."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..registry import endpoint


@endpoint("GET", "/nodes/{node}/lxc")
async def list_containers(call: Call) -> list[dict[str, Any]]:
    """No container."""
    return []
