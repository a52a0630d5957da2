# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is in the cluster, from the one call that lists all of it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .core.machine import OWNER_TAG
from .proxmox_errors import PrivilegeError

if TYPE_CHECKING:
    # Reading the list from a copy must not cost the import of an HTTP library.
    from .proxmox import Client

SETTLE_S = 20.0
"""How long the names of guests that were just made are waited for, in seconds."""

MIB = 1024 * 1024
"""Bytes in a MiB."""

GIB = 1024 * MIB
"""Bytes in a GiB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypervisor:
    """A node of the cluster; cores and memory are 0 where it is off-line and nobody knows.

    One in ``maintenance`` is on-line and takes no guests.
    """

    name: str
    online: bool
    cores: int
    memory_mib: int
    maintenance: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """A virtual machine as the resource list shows it.

    The list lags: just after its creation, or on a hypervisor that is off-line, a guest has no
    name, no size and the status ``unknown``. Its tags, pool and place are always there.
    ``type`` is ``qemu`` or ``lxc``; ``disk_gib`` is the size of its first disk.
    """

    vmid: int
    type: str
    name: str
    node: str
    status: str
    template: bool
    tags: tuple[str, ...]
    pool: str
    lock: str
    cores: int
    memory_mib: int
    disk_gib: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A storage as one hypervisor sees it; sizes in MiB."""

    name: str
    node: str
    type: str
    shared: bool
    available: bool
    content: tuple[str, ...]
    size_mib: int
    used_mib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """The cluster at one moment, each kind in the order of its names or ids."""

    hypervisors: tuple[Hypervisor, ...]
    guests: tuple[Guest, ...]
    storages: tuple[Storage, ...]

    def guest(self, vmid: int) -> Guest | None:
        """Return the guest of this id, wherever it is."""
        return next((guest for guest in self.guests if guest.vmid == vmid), None)

    def hypervisor(self, name: str) -> Hypervisor | None:
        """Return the hypervisor of this name."""
        return next((node for node in self.hypervisors if node.name == name), None)


def read_cluster(client: Client) -> ClusterView:
    """Return the whole cluster, in one call."""
    rows = client.get("cluster/resources", doing="list the cluster's resources")
    return view_from(rows)


def with_maintenance(client: Client, view: ClusterView) -> tuple[ClusterView, tuple[str, ...]]:
    """Return the view with what the cluster's manager says of maintenance, in one call, and remarks.

    A token that may not ask the manager is worth a remark, not a refusal.
    """
    try:
        status = client.get(
            "cluster/ha/status/manager_status", doing="ask which hypervisors are in maintenance"
        )
    except PrivilegeError as error:
        return view, (f"Whether a hypervisor is in maintenance is not known. {error}",)
    nodes = (status.get("manager_status") or {}).get("node_status") or {}
    hypervisors = tuple(
        replace(it, maintenance=nodes.get(it.name) == "maintenance") for it in view.hypervisors
    )
    return replace(view, hypervisors=hypervisors), ()


def read_settled_cluster(client: Client) -> ClusterView:
    """Return the whole cluster, once the list knows the names of our guests; it lags for some seconds.

    Guests on a hypervisor that is off-line are not waited for, nor is any longer than `SETTLE_S`.
    """
    deadline = time.monotonic() + SETTLE_S
    while True:
        view = read_cluster(client)
        if not _unnamed(view) or time.monotonic() >= deadline:
            return view
        client.sleep(1.0)


def read_guests(client: Client) -> tuple[Guest, ...]:
    """Return the guests, in one call."""
    return guests_from(guest_rows(client))


def guest_rows(client: Client) -> list[dict[str, Any]]:
    """Return the resource list's rows of guests as the server sends them, in one call."""
    return list(client.get("cluster/resources", doing="list the cluster's guests", type="vm"))


def view_from(rows: Iterable[Mapping[str, Any]]) -> ClusterView:
    """Return the view that the rows of the resource list give."""
    rows = list(rows)
    nodes = [_hypervisor(row) for row in rows if row.get("type") == "node"]
    storages = [_storage(row) for row in rows if row.get("type") == "storage"]
    return ClusterView(
        hypervisors=tuple(sorted(nodes, key=lambda node: node.name)),
        guests=guests_from(rows),
        storages=tuple(sorted(storages, key=lambda storage: (storage.name, storage.node))),
    )


def guests_from(rows: Iterable[Mapping[str, Any]]) -> tuple[Guest, ...]:
    """Return the guests among the rows of the resource list, by id."""
    guests = [_guest(row) for row in rows if row.get("type") in ("qemu", "lxc")]
    return tuple(sorted(guests, key=lambda guest: guest.vmid))


def split_tags(text: object) -> tuple[str, ...]:
    """Return the tags of any form of list that Proxmox VE shows: sorted, small letters, each once."""
    return tuple(sorted({tag.lower() for tag in re.split(r"[,;\s]+", str(text or "")) if tag}))


def _unnamed(view: ClusterView) -> bool:
    online = {node.name for node in view.hypervisors if node.online}
    return any(not guest.name and OWNER_TAG in guest.tags and guest.node in online for guest in view.guests)


def _hypervisor(row: Mapping[str, Any]) -> Hypervisor:
    return Hypervisor(
        name=str(row["node"]),
        online=row.get("status") == "online",
        cores=int(row.get("maxcpu") or 0),
        memory_mib=int(row.get("maxmem") or 0) // MIB,
    )


def _guest(row: Mapping[str, Any]) -> Guest:
    return Guest(
        vmid=int(row["vmid"]),
        type=str(row["type"]),
        name=str(row.get("name") or ""),
        node=str(row.get("node") or ""),
        status=str(row.get("status") or "unknown"),
        template=bool(int(row.get("template") or 0)),
        tags=split_tags(row.get("tags")),
        pool=str(row.get("pool") or ""),
        lock=str(row.get("lock") or ""),
        cores=int(row.get("maxcpu") or 0),
        memory_mib=int(row.get("maxmem") or 0) // MIB,
        disk_gib=-(-int(row.get("maxdisk") or 0) // GIB),
    )


def _storage(row: Mapping[str, Any]) -> Storage:
    return Storage(
        name=str(row["storage"]),
        node=str(row.get("node") or ""),
        type=str(row.get("plugintype") or ""),
        shared=bool(int(row.get("shared") or 0)),
        available=row.get("status") == "available",
        content=tuple(sorted(part for part in str(row.get("content") or "").split(",") if part)),
        size_mib=int(row.get("maxdisk") or 0) // MIB,
        used_mib=int(row.get("disk") or 0) // MIB,
    )
