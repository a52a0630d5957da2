# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/cluster/ha/status``: the quorum, and which nodes are in maintenance. No guest is under its care."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..cluster import Cluster
from ..registry import endpoint


@endpoint("GET", "/cluster/ha/status/current")
async def current(call: Call) -> list[dict[str, Any]]:
    """The quorum's entry, all that there is without guests under care."""
    entry = {"id": "quorum", "node": call.cluster.local, "type": "quorum", "status": "OK", "quorate": 1}
    return [entry]


@endpoint("GET", "/cluster/ha/status/manager_status")
async def manager_status(call: Call) -> dict[str, Any]:
    """What the manager in charge knows of every node."""
    cluster = call.cluster
    return {
        "manager_status": {
            "master_node": cluster.local,
            "node_status": {name: _state(cluster, name) for name in cluster.nodes},
            "service_status": {},
            "timestamp": int(cluster.clock.now()),
        },
        "quorum": {"node": cluster.local, "quorate": 1},
        "lrm_status": {},
    }


def _state(cluster: Cluster, name: str) -> str:
    row = cluster.nodes[name]
    if not row["online"]:
        return "unknown"
    return "maintenance" if row.get("maintenance") else "online"
