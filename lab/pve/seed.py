# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The first state of a cluster, from the datacentre's description."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any

from .cluster import Cluster
from .interfaces import put_in_force

MIB = 1024**2
GIB = 1024**3
NODE_PORT = "eno1"

_REALMS = {
    "pam": {"type": "pam", "comment": "Linux PAM standard authentication"},
    "pve": {"type": "pve", "comment": "Proxmox VE authentication server"},
}


class SeedError(ValueError):
    """The description lacks something; the text names the key."""


def seed(cluster: Cluster, datacentre: Mapping[str, Any], *, root_password: str = "") -> None:
    """Fill an empty cluster; one that has nodes already is left as it is."""
    if cluster.nodes:
        return
    store = cluster.store
    store.table("options")["cluster"] = {"name": str(datacentre.get("cluster", ""))}
    for name, row in _REALMS.items():
        store.table("realms")[name] = dict(row)
    store.table("users")["root@pam"] = {"enable": 1, "expire": 0}
    if root_password:
        cluster.auth.set_password("root@pam", root_password)
    for number, (name, node) in enumerate(_required(datacentre, "nodes").items(), start=1):
        _node(cluster, name, number, node, datacentre)
    for name, storage in _required(datacentre, "storages").items():
        store.table("storages")[name] = _storage(name, storage)
    for name in datacentre.get("pools", ()):
        store.table("pools")[name] = {"comment": "", "vms": [], "storages": []}


def _required(datacentre: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = datacentre.get(key)
    if not isinstance(value, Mapping) or not value:
        raise SeedError(f"'{key}' must be a mapping with at least one entry")
    return value


def _node(
    cluster: Cluster, name: str, number: int, node: Mapping[str, Any], datacentre: Mapping[str, Any]
) -> None:
    bridges = datacentre.get("bridges", {})
    first: Mapping[str, Any] = next(iter(bridges.values()), {})
    subnet = ipaddress.ip_network(first.get("subnet", "192.0.2.0/24"))
    address = str(node.get("address") or subnet[number + 1])
    cluster.nodes[name] = {
        "nodeid": number,
        "cores": int(node["cores"]),
        "memory": int(node["memory_mib"]) * MIB,
        "address": address,
        "rack": node.get("rack", ""),
        "online": True,
        "started": cluster.clock.now(),
        "dns": dict(node.get("dns") or _name_servers(first)),
    }
    found: dict[str, dict[str, Any]] = {NODE_PORT: {"type": "eth"}}
    if "ports" in node:
        found = {port: {"type": kind} for port, kind in node["ports"].items()}
    for bridge, settings in bridges.items():
        found[bridge] = _bridge(settings, address if bridge == next(iter(bridges)) else "", next(iter(found)))
    put_in_force(cluster, name, found)


def _name_servers(bridge: Mapping[str, Any]) -> dict[str, str]:
    servers = bridge.get("nameservers") or [bridge.get("gateway", "192.0.2.1")]
    return {f"dns{number}": server for number, server in enumerate(servers[:3], start=1)}


def _bridge(settings: Mapping[str, Any], address: str, port: str) -> dict[str, Any]:
    """A bridge's interface; the first one carries the node's own address."""
    row: dict[str, Any] = {"type": "bridge", "autostart": 1, "bridge_ports": port if address else ""}
    if address:
        prefix = ipaddress.ip_network(settings["subnet"]).prefixlen
        row |= {"cidr": f"{address}/{prefix}", "gateway": settings["gateway"]}
    elif settings.get("address"):
        row["cidr"] = settings["address"]
    if settings.get("comment"):
        row["comments"] = f"{settings['comment']}\n"
    return row


def _storage(name: str, storage: Mapping[str, Any]) -> dict[str, Any]:
    row: dict[str, Any] = {
        "storage": name,
        "type": storage["type"],
        "content": ",".join(storage["content"]),
        "total": int(storage.get("size_gib", 256)) * GIB,
    }
    if storage["type"] == "nfs":
        row |= {"server": "192.0.2.9", "export": f"/srv/{name}", "path": f"/mnt/pve/{name}", "shared": 1}
    else:
        row["path"] = storage.get("path") or ("/var/lib/vz" if name == "local" else f"/srv/{name}")
        if storage.get("shared"):
            row["shared"] = 1
    if "lock_s" in storage:
        row["lock_s"] = float(storage["lock_s"])
    if storage.get("disable"):
        row["disable"] = 1
    return row
