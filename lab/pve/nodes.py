# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hypervisor says of itself."""

from __future__ import annotations

from typing import Any

from .call import Identity
from .cluster import Cluster
from .store import Row

GIB = 1024**3
VERSION = {"version": "8.4.1", "release": "8.4", "repoid": "2a5fa54a8503f96d"}
KERNEL = "6.8.12-10-pve"
ROOT_DISK = 252 * GIB
ROOT_USED = 27 * GIB
OWN_MEMORY = 1 * GIB
"""What a hypervisor uses for itself."""


def used_memory(cluster: Cluster, name: str) -> int:
    """Bytes in use: the hypervisor's own and all that its running guests were given."""
    total = OWN_MEMORY
    for row in cluster.guests.values():
        if row["node"] == name and row.get("status") == "running":
            total += int(str(row["config"].get("memory", 512)).removeprefix("current=")) * 1024 * 1024
    return min(total, int(cluster.nodes[name]["memory"]))


def uptime(cluster: Cluster, row: Row) -> int:
    """Seconds since the node booted."""
    return max(0, int(cluster.clock.now() - row["started"]))


def entry(cluster: Cluster, name: str, identity: Identity) -> dict[str, Any]:
    """The node's entry in lists; figures only for those who may see them."""
    row = cluster.nodes[name]
    found: dict[str, Any] = {
        "id": f"node/{name}",
        "node": name,
        "type": "node",
        "level": "",
        "status": "online" if row["online"] else "offline",
    }
    if row["online"] and cluster.access.has(identity, f"/nodes/{name}", ["Sys.Audit"]):
        found |= {
            "cpu": 0.0125,
            "maxcpu": row["cores"],
            "mem": used_memory(cluster, name),
            "maxmem": row["memory"],
            "disk": ROOT_USED,
            "maxdisk": ROOT_DISK,
            "uptime": uptime(cluster, row),
        }
    return found
