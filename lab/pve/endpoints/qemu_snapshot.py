# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Snapshots of guests, and moving them to other nodes."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..qemu import guests, migrate, snapshots
from ..registry import endpoint

_GUEST = "/nodes/{node}/qemu/{vmid}"
_SNAPSHOT = f"{_GUEST}/snapshot/{{snapname}}"


def _row(call: Call) -> guests.Row:
    return guests.load(call.cluster, call.params["node"], int(call.params["vmid"]))


@endpoint("GET", f"{_GUEST}/snapshot")
async def list_snapshots(call: Call) -> Any:
    """The guest's snapshots."""
    return snapshots.entries(_row(call))


@endpoint("POST", f"{_GUEST}/snapshot")
async def create_snapshot(call: Call) -> Any:
    """Take a snapshot."""
    return snapshots.create(call)


@endpoint("GET", _SNAPSHOT)
async def index(call: Call) -> Any:
    """The parts of a snapshot."""
    return [{"cmd": "rollback"}, {"cmd": "config"}]


@endpoint("DELETE", _SNAPSHOT)
async def delete_snapshot(call: Call) -> Any:
    """Forget a snapshot."""
    return snapshots.delete(call)


@endpoint("GET", f"{_SNAPSHOT}/config")
async def get_snapshot(call: Call) -> Any:
    """A snapshot's configuration."""
    return snapshots.get(_row(call), call.params["snapname"])


@endpoint("PUT", f"{_SNAPSHOT}/config")
async def describe_snapshot(call: Call) -> Any:
    """Change a snapshot's description."""
    snapshots.describe(call)


@endpoint("POST", f"{_SNAPSHOT}/rollback")
async def rollback(call: Call) -> Any:
    """Bring a snapshot back."""
    return snapshots.rollback(call)


@endpoint("GET", f"{_GUEST}/migrate")
async def precondition(call: Call) -> Any:
    """What stands in the way of moving the guest."""
    return migrate.precondition(call)


@endpoint("POST", f"{_GUEST}/migrate")
async def move_guest(call: Call) -> Any:
    """Move the guest to another node."""
    return migrate.migrate(call)
