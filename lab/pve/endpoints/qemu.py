# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests of a node: list, make, remove, clone, turn into a template, move to another node."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call
from ..qemu import clone, create, destroy, guests, status
from ..registry import endpoint

_INDEX = (
    "config cloudinit pending status unlink vncproxy termproxy migrate resize move rrd rrddata monitor "
    "agent snapshot spiceproxy sendkey firewall mtunnel remote_migrate"
)

_STEPS = {"hour": 60, "day": 1800, "week": 10800, "month": 43200, "year": 604800}
_POINTS = 70


@endpoint("GET", "/nodes/{node}/qemu")
async def list_guests(call: Call) -> Any:
    """The guests of the node which the caller may see."""
    cluster, node = call.cluster, call.params["node"]
    show = status.detailed if call.params.get("full") else status.brief
    return [
        show(cluster, row, await status.usage(cluster, row))
        for row in list(cluster.store.table("guests").values())
        if row["node"] == node and cluster.access.has(call.identity, f"/vms/{row['vmid']}", ["VM.Audit"])
    ]


@endpoint("POST", "/nodes/{node}/qemu")
async def create_guest(call: Call) -> Any:
    """Make a guest."""
    return await create.create(call)


@endpoint("GET", "/nodes/{node}/qemu/{vmid}")
async def index(call: Call) -> Any:
    """The parts of a guest."""
    return [{"subdir": name} for name in _INDEX.split()]


@endpoint("DELETE", "/nodes/{node}/qemu/{vmid}")
async def destroy_guest(call: Call) -> Any:
    """Remove a guest."""
    return destroy.destroy(call)


@endpoint("POST", "/nodes/{node}/qemu/{vmid}/clone")
async def clone_guest(call: Call) -> Any:
    """Clone a guest."""
    return await clone.clone(call)


@endpoint("GET", "/nodes/{node}/qemu/{vmid}/status/current")
async def current(call: Call) -> Any:
    """A guest's present status."""
    row = guests.load(call.cluster, call.params["node"], int(call.params["vmid"]))
    return status.current(call.cluster, row, await status.usage(call.cluster, row))


@endpoint("GET", "/nodes/{node}/qemu/{vmid}/rrddata")
async def history(call: Call) -> Any:
    """What a guest had at points in time since it was made; the lab keeps no other figures."""
    step = _STEPS[call.params["timeframe"]]
    row = guests.load(call.cluster, call.params["node"], int(call.params["vmid"]))
    last = int(call.cluster.clock.now()) // step * step
    born = re.search(r"ctime=(\d+)", str(row["config"].get("meta", "")))
    given = status.brief(call.cluster, row, status.NOT_RUNNING)
    figures = {"maxcpu": given["cpus"], "maxmem": given["maxmem"], "maxdisk": given["maxdisk"], "disk": 0}
    times = [last - step * back for back in range(_POINTS - 1, -1, -1)]
    return [{"time": at} | (figures if born and at >= int(born[1]) else {}) for at in times]
