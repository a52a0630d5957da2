# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API tells about a guest: lists, its present status, its entry among the resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.guests.base import BackendError, Usage

from . import guests, values
from .properties import Drive

if TYPE_CHECKING:
    from ..cluster import Cluster

_COUNTERS = frozenset(
    f"{kind}_{what}"
    for kind in ("rd", "wr", "unmap")
    for what in ("bytes", "merged", "operations", "total_time_ns")
) | {
    "failed_flush_operations",
    "failed_rd_operations",
    "failed_unmap_operations",
    "failed_wr_operations",
    "flush_operations",
    "flush_total_time_ns",
    "idle_time_ns",
    "invalid_flush_operations",
    "invalid_rd_operations",
    "invalid_unmap_operations",
    "invalid_wr_operations",
    "wr_highest_offset",
}

NOT_RUNNING = Usage()


async def usage(cluster: Cluster, row: guests.Row) -> Usage:
    """What the guest uses now; nothing when it is off or the back end cannot tell."""
    if not guests.is_running(row):
        return NOT_RUNNING
    try:
        return await cluster.backend.usage(row["vmid"])
    except BackendError:
        return NOT_RUNNING


def uptime(cluster: Cluster, row: guests.Row) -> int:
    """Seconds since the guest started."""
    return int(cluster.clock.now() - row["started"]) if row["started"] else 0


def brief(cluster: Cluster, row: guests.Row, used: Usage) -> dict[str, Any]:
    """A guest's entry in the list of a node's guests."""
    config = row["config"]
    running = guests.is_running(row)
    entry: dict[str, Any] = {
        "vmid": row["vmid"],
        "name": config.get("name") or f"VM {row['vmid']}",
        "status": "running" if running else "stopped",
        "cpus": values.cpu_count(config),
        "cpu": used.cpu,
        "mem": used.memory,
        "maxmem": values.memory_mib(config) * 1024**2,
        "disk": 0,
        "maxdisk": values.first_disk_size(config),
        "uptime": uptime(cluster, row),
        "netin": used.netin,
        "netout": used.netout,
        "diskread": 0,
        "diskwrite": 0,
    }
    if running:
        entry["pid"] = row["pid"]
    if guests.is_template(row):
        entry["template"] = 1
    for key in ("lock", "tags"):
        if config.get(key):
            entry[key] = config[key]
    if any(key.startswith("serial") for key in config):
        entry["serial"] = 1
    return entry


def detailed(cluster: Cluster, row: guests.Row, used: Usage) -> dict[str, Any]:
    """The list's entry with what only the running process tells."""
    entry = brief(cluster, row, used) | {"qmpstatus": row["status"]}
    if not guests.is_running(row):
        return entry
    drives = values.drive_keys(row["config"])
    cards = sorted(key for key in row["config"] if key.startswith("net") and key[3:].isdigit())
    return entry | {
        "running-machine": values.MACHINE,
        "running-qemu": values.QEMU_VERSION,
        "proxmox-support": {},
        "blockstat": {key: _block_statistics() for key in drives if _is_plugged(row, key)},
        "nics": {
            f"tap{row['vmid']}i{key[3:]}": {"netin": used.netin, "netout": used.netout} for key in cards
        },
    }


def _is_plugged(row: guests.Row, key: str) -> bool:
    return Drive.parse(str(row["config"][key])).file not in {"", "none"}


def _block_statistics() -> dict[str, Any]:
    return dict.fromkeys(_COUNTERS, 0) | {"account_failed": True, "account_invalid": True, "timed_stats": []}


def current(cluster: Cluster, row: guests.Row, used: Usage) -> dict[str, Any]:
    """A guest's present status."""
    entry = detailed(cluster, row, used) | {"ha": {"managed": 0}}
    if values.agent_enabled(row["config"]):
        entry["agent"] = 1
    vga = str(row["config"].get("vga", ""))
    if vga:
        options = dict(part.partition("=")[::2] for part in vga.split(","))
        entry["clipboard"] = options.get("clipboard")
        if vga.startswith("qxl"):
            entry["spice"] = 1
    return entry


async def resource(cluster: Cluster, row: guests.Row, pool: str) -> dict[str, Any]:
    """A guest's entry among the cluster's resources, as late as the node's report."""
    vmid, config = row["vmid"], row["config"]
    entry: dict[str, Any] = {
        "id": f"qemu/{vmid}",
        "vmid": vmid,
        "type": "qemu",
        "node": row["node"],
        "status": "unknown",
    }
    for key in ("lock", "tags"):
        if config.get(key):
            entry[key] = config[key]
    if pool:
        entry["pool"] = pool
    seen = cluster.reports.last(row)
    if seen is None or not cluster.store.table("nodes").get(row["node"], {}).get("online", False):
        return entry
    return entry | _reported(cluster, seen, await usage(cluster, seen))


def _reported(cluster: Cluster, row: guests.Row, used: Usage) -> dict[str, Any]:
    config = row["config"]
    return {
        "name": config.get("name") or f"VM {row['vmid']}",
        "status": "running" if guests.is_running(row) else "stopped",
        "template": 1 if guests.is_template(row) else 0,
        "maxcpu": values.cpu_count(config),
        "cpu": used.cpu,
        "maxmem": values.memory_mib(config) * 1024**2,
        "mem": used.memory,
        "maxdisk": values.first_disk_size(config),
        "disk": 0,
        "uptime": uptime(cluster, row),
        "netin": used.netin,
        "netout": used.netout,
        "diskread": 0,
        "diskwrite": 0,
    }


def visible_config(row: guests.Row, *, current: bool = False) -> dict[str, Any]:
    """The configuration as a GET shows it: pending values unless the present ones are asked for."""
    config = dict(row["config"])
    if not current:
        config |= row["pending"]
        for key in row["pending_delete"]:
            config.pop(key, None)
    if "cipassword" in config:
        config["cipassword"] = "**********"
    return config | {"digest": guests.digest(row)}


def pending_list(row: guests.Row) -> list[dict[str, Any]]:
    """The configuration with what waits for the next start, one entry a key."""
    entries = []
    config = row["config"] | {"digest": guests.digest(row)}
    for key in [*config, *(key for key in row["pending"] if key not in config)]:
        entry: dict[str, Any] = {"key": key}
        if key in config:
            entry["value"] = _masked(key, config[key])
        if key in row["pending"]:
            entry["pending"] = _masked(key, row["pending"][key])
        if key in row["pending_delete"]:
            entry["delete"] = 2 if key in row.get("forced_delete", []) else 1
        entries.append(entry)
    return entries


def _masked(key: str, value: Any) -> Any:
    return "**********" if key == "cipassword" else value
