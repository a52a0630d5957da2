# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/version`` and the indexes whose content is their children."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..nodes import VERSION
from ..registry import endpoint

_TOP = ("version", "cluster", "nodes", "storage", "access", "pools")


@endpoint("GET", "/")
async def top(call: Call) -> list[dict[str, str]]:
    """The areas of the API."""
    return [{"subdir": name} for name in _TOP]


@endpoint("GET", "/version")
async def version(call: Call) -> dict[str, Any]:
    """The release."""
    return dict(VERSION)


@endpoint("GET", "/nodes/{node}/version")
async def node_version(call: Call) -> dict[str, Any]:
    """The release of one node."""
    return dict(VERSION)
