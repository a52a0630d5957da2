# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the table ``guests``: how they are found, changed and locked.

A row: vmid, node, config (what the configuration file says, ``lock`` included), pending (values that
wait for the next start), pending_delete (keys that wait), snapshots (name to configuration with snaptime,
description, parent), status (stopped, running, paused), image (the disk's content), started (epoch
seconds, None while it is stopped), pid.

Rows are replaced, never changed in place: what they were is still wanted by the reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import ApiError, ServerError
from . import values
from .properties import is_drive

if TYPE_CHECKING:
    from ..call import Identity
    from ..cluster import Cluster

Row = dict[str, Any]
Config = dict[str, Any]


def row_of(vmid: int, node: str, config: Config, *, image: str = "") -> Row:
    """A new, stopped guest."""
    return {
        "vmid": vmid,
        "node": node,
        "config": config,
        "pending": {},
        "pending_delete": [],
        "snapshots": {},
        "status": "stopped",
        "image": image,
        "started": None,
        "pid": 0,
    }


def anywhere(cluster: Cluster, vmid: int) -> Row | None:
    """The guest wherever it is in the cluster."""
    row: Row | None = cluster.store.table("guests").get(str(vmid))
    return row


def load(cluster: Cluster, node: str, vmid: int) -> Row:
    """The guest on that node, or the complaint about its missing file."""
    row = anywhere(cluster, vmid)
    if row is None or row["node"] != node:
        raise ServerError(f"Configuration file 'nodes/{node}/qemu-server/{vmid}.conf' does not exist")
    return row


def locate(cluster: Cluster, node: str, vmid: int) -> Row:
    """Like `load`, with the complaint of those calls that first look whether the guest runs."""
    row = anywhere(cluster, vmid)
    if row is None or row["node"] != node:
        raise ServerError(f"unable to find configuration file for VM {vmid} on node '{node}'")
    return row


def save(cluster: Cluster, row: Row) -> Row:
    """Write a guest's new row and return it."""
    table = cluster.store.table("guests")
    cluster.reports.changing(row["vmid"], table.get(str(row["vmid"])))
    table[str(row["vmid"])] = row
    return row


def drop(cluster: Cluster, vmid: int) -> None:
    """Remove a guest's row."""
    table = cluster.store.table("guests")
    if str(vmid) in table:
        cluster.reports.changing(vmid, table[str(vmid)])
        del table[str(vmid)]


def with_config(row: Row, **changes: Any) -> Row:
    """A copy of the row with configuration keys set, or removed where None."""
    config = {key: value for key, value in row["config"].items() if changes.get(key, value) is not None}
    config |= {key: value for key, value in changes.items() if value is not None}
    return row | {"config": config}


def is_running(row: Row) -> bool:
    """Whether the guest has a process; a paused one has."""
    return bool(row["status"] != "stopped")


def is_template(row: Row) -> bool:
    """Whether the guest is a template."""
    return bool(row["config"].get("template"))


def in_snapshot(row: Row, volid: str) -> bool:
    """Whether a snapshot of the guest needs the volume."""
    return any(
        str(value).split(",")[0].removeprefix("file=") == volid
        for snapshot in row["snapshots"].values()
        for key, value in snapshot.items()
        if is_drive(key)
    )


def check_lock(row: Row) -> None:
    """Refuse a guest that an operation has locked."""
    lock = row["config"].get("lock")
    if lock:
        raise ServerError(f"VM is locked ({lock})")


def check_protection(row: Row, message: str) -> None:
    """Refuse to remove what is protected."""
    if row["config"].get("protection"):
        raise ServerError(f"{message} - protection mode enabled")


def check_digest(row: Row, wanted: str | None) -> None:
    """Refuse a change that was decided on another content."""
    if wanted and wanted != digest(row):
        raise ServerError("checksum mismatch (file change by other user?)")


def digest(row: Row) -> str:
    """The hash of the guest's configuration file."""
    pending = row["pending"] | {"delete": ",".join(row["pending_delete"])}
    snapshots = {
        f"{name}.{key}": value for name, snap in row["snapshots"].items() for key, value in snap.items()
    }
    return values.digest(row["config"], pending, snapshots)


def root_only(identity: Identity, params: dict[str, Any], *names: str) -> None:
    """Refuse the options which only a session of root@pam may use."""
    for name in names:
        if params.get(name) and identity.authid != "root@pam":
            raise ApiError(400, "Parameter verification failed.\n", {name: "Only root may use this option."})


def pool_of(cluster: Cluster, vmid: int) -> str:
    """The pool that the guest is a member of, empty for none."""
    for name, pool in cluster.store.table("pools").items():
        if vmid in pool.get("vms", []):
            return name
    return ""
