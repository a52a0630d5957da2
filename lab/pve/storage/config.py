# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The storages that are defined, where they are usable and what they may hold.

A row of the table ``storages`` holds the section of storage.cfg as the API shows it, and ``total``,
the bytes it has room for, and ``lock_s``, for how many seconds the making of a volume keeps its lock.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from ..errors import ServerError

if TYPE_CHECKING:
    from ..cluster import Cluster

Row = dict[str, Any]

FILE_TYPES = frozenset({"dir", "nfs", "cifs", "glusterfs", "cephfs", "btrfs"})
SHARED_TYPES = frozenset(
    {"nfs", "cifs", "glusterfs", "cephfs", "rbd", "iscsi", "iscsidirect", "pbs", "esxi", "zfs"}
)
PRIVATE_KEYS = frozenset({"total", "lock_s"})
DEFAULT_CONTENT = {"dir": "images,rootdir,vztmpl,iso,backup,snippets,import"}
DEFAULT_LOCK_S = 0.07
"""Five linked clones of a template with its cloud-init drive took 0.8 s on a real storage of files."""
DEFAULT_TOTAL = 256 * 1024**3


def get(cluster: Cluster, name: str) -> Row:
    """A storage's row, or the server's complaint."""
    row: Row | None = cluster.store.table("storages").get(name)
    if row is None:
        raise ServerError(f"storage '{name}' does not exist")
    return row


def contents(row: Row) -> list[str]:
    """What the storage may hold."""
    text = row.get("content") or DEFAULT_CONTENT.get(row["type"], "images,rootdir")
    return [part for part in text.split(",") if part and part != "none"]


def is_shared(row: Row) -> bool:
    """Whether every node sees the same volumes."""
    return bool(row.get("shared")) or row["type"] in SHARED_TYPES


def is_file_based(row: Row) -> bool:
    """Whether volumes are files in folders."""
    return row["type"] in FILE_TYPES


def available_on(row: Row, node: str) -> bool:
    """Whether the storage is meant for the node."""
    return not row.get("nodes") or node in str(row["nodes"]).split(",")


def check_enabled(cluster: Cluster, name: str, node: str) -> Row:
    """The row of a storage that the node can use now."""
    row = get(cluster, name)
    if row.get("disable"):
        raise ServerError(f"storage '{name}' is disabled")
    if not available_on(row, node):
        raise ServerError(f"storage '{name}' is not available on node '{node}'")
    return row


def folder(row: Row) -> str:
    """Where a file storage is mounted."""
    return str(row.get("path") or f"/mnt/pve/{row['storage']}")


def lock_s(row: Row) -> float:
    """The seconds for which the making of a volume keeps the storage's lock."""
    return float(row.get("lock_s", DEFAULT_LOCK_S))


def used_bytes(cluster: Cluster, row: Row, node: str) -> int:
    """The bytes taken by the storage's volumes that the node sees."""
    return usage(cluster)[row["storage"], "" if is_shared(row) else node]


def usage(cluster: Cluster) -> Counter[tuple[str, str]]:
    """The bytes taken by volumes, by storage and node (empty where the storage is shared)."""
    used: Counter[tuple[str, str]] = Counter()
    for volume in cluster.store.table("volumes").values():
        used[volume["storage"], volume["node"]] += volume["used"]
    return used


def public(row: Row) -> Row:
    """The row as the API shows it."""
    return {key: value for key, value in row.items() if key not in PRIVATE_KEYS}
