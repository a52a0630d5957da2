# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's configuration."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ServerError
from ..qemu import guests, status, update
from ..registry import endpoint


def _row(call: Call) -> guests.Row:
    return guests.load(call.cluster, call.params["node"], int(call.params["vmid"]))


@endpoint("GET", "/nodes/{node}/qemu/{vmid}/config")
async def get_config(call: Call) -> Any:
    """The configuration, a snapshot's or the present one on demand."""
    row, name = _row(call), call.params.get("snapshot")
    if not name:
        return status.visible_config(row, current=bool(call.params.get("current")))
    if name not in row["snapshots"]:
        raise ServerError(f"snapshot '{name}' does not exist")
    frozen = row | {"config": row["snapshots"][name], "pending": {}, "pending_delete": []}
    return status.visible_config(frozen) | {"digest": guests.digest(row)}


@endpoint("GET", "/nodes/{node}/qemu/{vmid}/pending")
async def get_pending(call: Call) -> Any:
    """The configuration with what waits for the next start."""
    return status.pending_list(_row(call))


@endpoint("PUT", "/nodes/{node}/qemu/{vmid}/config")
async def put_config(call: Call) -> Any:
    """Change the configuration at once."""
    return await update.update(call, asynchronous=False)


@endpoint("POST", "/nodes/{node}/qemu/{vmid}/config")
async def post_config(call: Call) -> Any:
    """Change the configuration in a task."""
    return await update.update(call, asynchronous=True)
