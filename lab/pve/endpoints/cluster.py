# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/cluster``: its index, status, options and the next free id."""

from __future__ import annotations

import re
from typing import Any

from ..call import Call, Identity
from ..cluster import Cluster
from ..errors import ParameterError, ServerError
from ..formats import split_list
from ..registry import endpoint
from ..store import Row

_INDEX = (
    "acme",
    "backup",
    "backup-info",
    "ceph",
    "config",
    "firewall",
    "ha",
    "jobs",
    "log",
    "mapping",
    "metrics",
    "notifications",
    "nextid",
    "options",
    "replication",
    "resources",
    "status",
    "tasks",
    "sdn",
)
_LOWER, _UPPER = 100, 1_000_000
_PUBLIC = ("console", "tag-style")
_PARSED = ("migration", "ha", "notify", "next-id", "u2f", "webauthn", "tag-style", "crs", "user-tag-access")
_TAG_LISTS = ("registered-tags",)
_TRUE_OR_FALSE = re.compile("^[01]$")


@endpoint("GET", "/cluster")
async def index(call: Call) -> list[dict[str, str]]:
    """The areas below."""
    return [{"name": name} for name in _INDEX]


@endpoint("GET", "/cluster/status")
async def status(call: Call) -> list[dict[str, Any]]:
    """The cluster, if it is one, and its nodes."""
    cluster = call.cluster
    nodes = [
        {
            "id": f"node/{name}",
            "type": "node",
            "name": name,
            "nodeid": row["nodeid"] if cluster.name else 0,
            "ip": row["address"],
            "online": int(row["online"]),
            "local": int(name == cluster.local),
            "level": "",
        }
        for name, row in cluster.nodes.items()
    ]
    if not cluster.name:
        return nodes
    online = sum(entry["online"] for entry in nodes)
    whole = {
        "id": "cluster",
        "type": "cluster",
        "name": cluster.name,
        "nodes": len(nodes),
        "quorate": int(online > len(nodes) // 2),
        "version": len(nodes),
    }
    return [whole, *nodes]


@endpoint("GET", "/cluster/nextid")
async def next_id(call: Call) -> str:
    """A free vmid, which nothing reserves."""
    guests = call.cluster.guests
    wanted = call.params.get("vmid")
    if wanted is not None:
        if str(wanted) in guests:
            raise ParameterError({"vmid": f"VM {wanted} already exists"})
        return str(wanted)
    bounds = _members(str(_options(call.cluster).get("next-id", "")))
    lower, upper = int(bounds.get("lower", _LOWER)), int(bounds.get("upper", _UPPER))
    for vmid in range(lower, upper):
        if str(vmid) not in guests:
            return str(vmid)
    raise ServerError(f"unable to get any free VMID in range [{lower}, {upper}]")


@endpoint("GET", "/cluster/options")
async def options(call: Call) -> dict[str, Any]:
    """The datacentre's options; little of them for those who may not look around."""
    stored = {"mac_prefix": "BC:24:11", "description": "", **_options(call.cluster)}
    if stored["description"]:
        stored["description"] = stored["description"].rstrip("\n") + "\n"
    if not call.cluster.access.has(call.identity, "/", ["Sys.Audit"]):
        stored = {key: value for key, value in stored.items() if key in _PUBLIC}
    shown = {key: _shown(key, value) for key, value in stored.items()}
    return shown | {"allowed-tags": sorted(_allowed_tags(call.cluster, call.identity))}


@endpoint("PUT", "/cluster/options")
async def set_options(call: Call) -> None:
    """Set and remove options of the datacentre."""
    params = dict(call.params)
    row = dict(_options(call.cluster))
    for name in split_list(str(params.pop("delete", ""))):
        row.pop(name, None)
    row.update(params)
    call.cluster.store.table("options")["datacenter"] = row


def _options(cluster: Cluster) -> Row:
    return cluster.store.table("options").get("datacenter", {})


def _members(text: str) -> dict[str, str]:
    return {key: value for key, _, value in (part.partition("=") for part in text.split(",")) if value}


def _shown(key: str, value: Any) -> Any:
    if key in _TAG_LISTS:
        return split_list(str(value))
    if key not in _PARSED:
        return value
    shown: dict[str, Any] = dict(_members(str(value)))
    for member, text in shown.items():
        if member == "user-allow-list":
            shown[member] = split_list(text)
        elif member in ("case-sensitive", "ha-rebalance-on-start", "allow-subdomains"):
            shown[member] = int(text) if _TRUE_OR_FALSE.match(text) else text
    return shown


def _allowed_tags(cluster: Cluster, identity: Identity) -> set[str]:
    """The tags that the caller may put on guests."""
    stored = _options(cluster)
    rules = _members(str(stored.get("user-tag-access", "")))
    mode = rules.get("user-allow", "free")
    tags: set[str] = set()
    if mode in ("list", "existing", "free"):
        tags |= set(split_list(rules.get("user-allow-list", "")))
    if mode in ("existing", "free"):
        for vmid, row in cluster.guests.items():
            text = row["config"].get("tags")
            if text and cluster.access.has(identity, f"/vms/{vmid}", ["VM.Audit"]):
                tags |= set(split_list(str(text)))
    if cluster.access.has(identity, "/", ["Sys.Modify"]):
        tags |= set(split_list(str(stored.get("registered-tags", ""))))
    return tags
