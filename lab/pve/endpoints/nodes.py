# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/nodes``: the hypervisors, their state, time and name servers."""

from __future__ import annotations

import hashlib
from typing import Any

from ..call import Call
from ..nodes import KERNEL, ROOT_DISK, ROOT_USED, VERSION, entry, uptime, used_memory
from ..registry import endpoint

_INDEX = (
    "aplinfo",
    "apt",
    "capabilities",
    "ceph",
    "certificates",
    "config",
    "disks",
    "dns",
    "firewall",
    "hardware",
    "hosts",
    "journal",
    "lxc",
    "migrateall",
    "netstat",
    "network",
    "qemu",
    "query-url-metadata",
    "replication",
    "report",
    "rrd",
    "rrddata",
    "scan",
    "services",
    "spiceshell",
    "startall",
    "status",
    "stopall",
    "storage",
    "subscription",
    "suspendall",
    "syslog",
    "tasks",
    "termproxy",
    "time",
    "version",
    "vncshell",
    "vzdump",
    "wakeonlan",
    "sdn",
)
_FLAGS = "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat sse sse2 ht syscall nx lm svm aes"


@endpoint("GET", "/nodes")
async def nodes(call: Call) -> list[dict[str, Any]]:
    """All nodes, figures only where the caller may see them."""
    cluster = call.cluster
    return [
        entry(cluster, name, call.identity) | {"ssl_fingerprint": fingerprint(name, row)}
        for name, row in cluster.nodes.items()
    ]


def fingerprint(name: str, row: dict[str, Any]) -> str:
    """The node's certificate fingerprint: the real one where it is known."""
    digest = str(row.get("fingerprint") or hashlib.sha256(name.encode()).hexdigest().upper())
    return digest if ":" in digest else ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))


@endpoint("GET", "/nodes/{node}")
async def index(call: Call) -> list[dict[str, str]]:
    """The areas below a node."""
    return [{"name": name} for name in _INDEX]


@endpoint("GET", "/nodes/{node}/status")
async def status(call: Call) -> dict[str, Any]:
    """The node's load and build."""
    cluster, name = call.cluster, call.params["node"]
    row = cluster.node(name)
    total, used = row["memory"], used_memory(cluster, name)
    build = f"Linux {KERNEL} #1 SMP PREEMPT_DYNAMIC PMX {KERNEL}"
    return {
        "boot-info": {"mode": "legacy-bios"},
        "cpu": 0.0125,
        "cpuinfo": {
            "cores": row["cores"],
            "cpus": row["cores"],
            "flags": _FLAGS,
            "hvm": "1",
            "mhz": "2600.000",
            "model": "AMD EPYC 7302 16-Core Processor",
            "sockets": 1,
            "user_hz": 100,
        },
        "current-kernel": {
            "machine": "x86_64",
            "release": KERNEL,
            "sysname": "Linux",
            "version": build.partition(f"{KERNEL} ")[2],
        },
        "idle": 0,
        "ksm": {"shared": 0},
        "kversion": build,
        "loadavg": ["0.12", "0.10", "0.08"],
        "memory": {"free": total - used, "total": total, "used": used},
        "pveversion": f"pve-manager/{VERSION['version']}/{VERSION['repoid']}",
        "rootfs": {
            "avail": ROOT_DISK - ROOT_USED,
            "free": ROOT_DISK - ROOT_USED,
            "total": ROOT_DISK,
            "used": ROOT_USED,
        },
        "swap": {"free": 0, "total": 0, "used": 0},
        "uptime": uptime(cluster, row),
        "wait": 0,
    }


@endpoint("POST", "/nodes/{node}/status")
async def command(call: Call) -> None:
    """Reboot or power off the node: its guests stop, and after a power-off nothing answers there."""
    cluster, name = call.cluster, call.params["node"]
    for key, row in list(cluster.guests.items()):
        if row["node"] == name and row.get("status") == "running":
            await cluster.backend.stop(row["vmid"])
            cluster.guests[key] = row | {"status": "stopped"}
    online = call.params["command"] == "reboot"
    cluster.nodes[name] = cluster.nodes[name] | {"online": online, "started": cluster.clock.now()}


@endpoint("GET", "/nodes/{node}/time")
async def time(call: Call) -> dict[str, Any]:
    """The node's clock."""
    now = int(call.cluster.clock.now())
    return {"time": now, "localtime": now, "timezone": "UTC"}


@endpoint("GET", "/nodes/{node}/dns")
async def dns(call: Call) -> dict[str, Any]:
    """The node's name servers."""
    return dict(call.cluster.node(call.params["node"]).get("dns", {}))


@endpoint("PUT", "/nodes/{node}/dns")
async def set_dns(call: Call) -> None:
    """Set the node's name servers; those that are not named stay."""
    params = {key: value for key, value in call.params.items() if key != "node"}
    row = call.cluster.node(call.params["node"])
    call.cluster.nodes[call.params["node"]] = row | {"dns": {**row.get("dns", {}), **params}}
