# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The resources of the whole cluster in one list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .. import nodes
from ..call import Call
from ..errors import ServerError
from ..qemu import status
from ..registry import endpoint
from ..storage import config as storages


@endpoint("GET", "/cluster/resources")
async def resources(call: Call) -> Any:
    """Guests, nodes, storages and zones that the caller may see; ``type`` asks for one kind."""
    wanted = call.params.get("type")
    found: list[dict[str, Any]] = []
    if wanted in (None, "vm"):
        found += await _guests(call)
    if wanted in (None, "node"):
        found += _nodes(call)
    if wanted in (None, "storage"):
        found += _storages(call)
    if wanted in (None, "sdn"):
        found += _zones(call)
    return found


async def guest_entries(call: Call, rows: list[dict[str, Any]], pools: dict[int, str]) -> list[Any]:
    """The entries of guests, each with its pool."""
    return [await status.resource(call.cluster, row, pools.get(row["vmid"], "")) for row in rows]


async def _guests(call: Call) -> list[Any]:
    cluster, identity = call.cluster, call.identity
    pools = {
        int(vmid): name for name, row in cluster.store.table("pools").items() for vmid in row.get("vms", [])
    }
    rows = [
        row
        for row in cluster.store.table("guests").values()
        if cluster.access.has(identity, f"/vms/{row['vmid']}", ["VM.Audit"])
    ]
    return await guest_entries(call, rows, pools)


def _nodes(call: Call) -> list[dict[str, Any]]:
    names = list(call.cluster.nodes)
    return [nodes.entry(call.cluster, name, call.identity) | {"cgroup-mode": 2} for name in names]


def storage_entry(
    call: Call, name: str, node: str, used: Counter[tuple[str, str]] | None = None
) -> dict[str, Any]:
    """A storage's entry for one node; ``used`` saves counting again for each."""
    row = storages.get(call.cluster, name)
    used = storages.usage(call.cluster) if used is None else used
    return {
        "id": f"storage/{node}/{name}",
        "type": "storage",
        "storage": name,
        "node": node,
        "status": "available",
        "plugintype": row["type"],
        "content": ",".join(storages.contents(row)),
        "shared": 1 if storages.is_shared(row) else 0,
        "maxdisk": int(row.get("total") or storages.DEFAULT_TOTAL),
        "disk": used[name, "" if storages.is_shared(row) else node],
    }


def visible_storages(call: Call, node: str) -> Iterator[str]:
    """The storages in use on a node that the caller may see."""
    for name, row in call.cluster.store.table("storages").items():
        if row.get("disable") or not storages.available_on(row, node):
            continue
        privileges = ["Datastore.Audit", "Datastore.AllocateSpace"]
        if call.cluster.access.has(call.identity, f"/storage/{name}", privileges, any=True):
            yield name


def _storages(call: Call) -> list[dict[str, Any]]:
    entries = []
    used = storages.usage(call.cluster)
    for node, row in call.cluster.store.table("nodes").items():
        for name in visible_storages(call, node):
            entry = storage_entry(call, name, node, used)
            if not row.get("online", True):
                entry = {key: entry[key] for key in ("id", "type", "storage", "node", "shared")}
                entry |= {"status": "unknown", "plugintype": "", "content": ""}
            entries.append(entry)
    return entries


def _zones(call: Call) -> list[dict[str, Any]]:
    path, privileges = "/sdn/zones/localnetwork", ["SDN.Audit", "SDN.Use"]
    if not call.cluster.access.has(call.identity, path, privileges, any=True):
        return []
    return [
        {"id": f"sdn/{node}/localnetwork", "type": "sdn", "sdn": "localnetwork", "node": node, "status": "ok"}
        for node, row in call.cluster.store.table("nodes").items()
        if row.get("online", True)
    ]


def require_pool(call: Call, name: str) -> dict[str, Any]:
    """A pool's row, or the complaint."""
    row: dict[str, Any] | None = call.cluster.store.table("pools").get(name)
    if row is None:
        raise ServerError(f"pool '{name}' does not exist")
    return row
