# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: their names, their life and what a worker's log says about it.

A row of the table ``volumes`` (key: node and volid) holds volid, storage, node (empty where the storage
is shared), vmid (0 for none), content, format, size, used (bytes), ctime, parent.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import ServerError
from . import config

if TYPE_CHECKING:
    from ..cluster import Cluster

Row = dict[str, Any]
Log = Callable[[str], None]

_IMAGE = re.compile(r"^(?:\d+/)?(?:vm|base|subvol|basevol)-(\d+)-")
_FOLDERS = {"iso": "template/iso", "vztmpl": "template/cache", "snippets": "snippets", "backup": "dump"}


def no_log(_: str) -> None:
    """Where nobody listens."""


def split(volid: str) -> tuple[str, str]:
    """Storage and name; the complaint about what is neither a path nor a volume."""
    storage, colon, name = volid.partition(":")
    if not colon or not storage or not name:
        raise ServerError(f"unable to parse volume ID '{volid}'")
    return storage, name


def owner(name: str) -> int:
    """The vmid that a volume's name carries, 0 for none."""
    match = _IMAGE.match(name.rpartition("/")[2]) or _IMAGE.match(name)
    return int(match[1]) if match else 0


def is_base(name: str) -> bool:
    """Whether the volume is a template's disk, which linked clones may stand on."""
    return name.rpartition("/")[2].startswith("base-")


def kind(name: str) -> str:
    """The content type which a volume's name stands for."""
    head = name.partition("/")[0]
    return head if head in {"iso", "vztmpl", "snippets", "backup", "import", "rootdir"} else "images"


def _key(cluster: Cluster, node: str, volid: str) -> str:
    row = config.get(cluster, split(volid)[0])
    return f"{'' if config.is_shared(row) else node}/{volid}"


def find(cluster: Cluster, node: str, volid: str) -> Row | None:
    """A volume's row as the node sees it."""
    found: Row | None = cluster.store.table("volumes").get(_key(cluster, node, volid))
    return found


def put(cluster: Cluster, node: str, volume: Row) -> None:
    """Write a volume's row."""
    cluster.store.table("volumes")[_key(cluster, node, volume["volid"])] = volume


def fill(cluster: Cluster, node: str, volid: str, used: int) -> None:
    """Say how much of a volume holds data."""
    volume = find(cluster, node, volid)
    if volume is not None:
        put(cluster, node, volume | {"used": used})


def on_storage(cluster: Cluster, node: str, storage: str) -> list[Row]:
    """The volumes of a storage that the node sees, by name."""
    home = "" if config.is_shared(config.get(cluster, storage)) else node
    found = [
        volume
        for volume in cluster.store.table("volumes").values()
        if volume["storage"] == storage and volume["node"] == home
    ]
    return sorted(found, key=lambda volume: str(volume["volid"]))


def path(cluster: Cluster, volid: str) -> str:
    """The file or device of a volume."""
    storage, name = split(volid)
    row = config.get(cluster, storage)
    if not config.is_file_based(row):
        return f"/dev/{row.get('vgname', row.get('pool', storage))}/{name.rpartition('/')[2]}"
    content = kind(name)
    if content == "images":
        parts = name.split("/")
        return f"{config.folder(row)}/images/{'/'.join(parts[-2:])}"
    return f"{config.folder(row)}/{_FOLDERS.get(content, content)}/{name.partition('/')[2]}"


def default_format(cluster: Cluster, storage: str) -> str:
    """The format of a disk for which none was asked."""
    return str(config.get(cluster, storage).get("format", "raw"))


def free_name(cluster: Cluster, node: str, storage: str, vmid: int, fmt: str, stem: str = "vm") -> str:
    """The first free name for a guest's disk."""
    row = config.get(cluster, storage)
    taken = {
        volume["volid"].rpartition("/")[2].split(".")[0].rpartition(":")[2]
        for volume in on_storage(cluster, node, storage)
    }
    number = 0
    while {f"{prefix}-{vmid}-disk-{number}" for prefix in ("vm", "base")} & taken:
        number += 1
    name = f"{stem}-{vmid}-disk-{number}"
    return f"{vmid}/{name}.{fmt}" if config.is_file_based(row) else name


def formatting(file: str, fmt: str, size: int, backing: str = "") -> str:
    """The line with which a disk's making is logged."""
    if fmt != "qcow2":
        return f"Formatting '{file}', fmt={fmt} size={size} preallocation=off"
    if backing:
        middle = f"compression_type=zlib size={size} backing_file={backing} backing_fmt={_suffix(backing)}"
    else:
        middle = f"preallocation=metadata compression_type=zlib size={size}"
    return (
        f"Formatting '{file}', fmt=qcow2 cluster_size=65536 extended_l2=off {middle} "
        "lazy_refcounts=off refcount_bits=16"
    )


def _suffix(name: str) -> str:
    return name.rpartition(".")[2] if "." in name.rpartition("/")[2] else "raw"


def insert(cluster: Cluster, node: str, volume: Row) -> str:
    """Write a new volume's row, with the node where the storage is the node's own."""
    row = config.get(cluster, volume["storage"])
    put(cluster, node, volume | {"node": "" if config.is_shared(row) else node})
    return str(volume["volid"])


async def alloc(
    cluster: Cluster,
    node: str,
    storage: str,
    vmid: int,
    size: int,
    *,
    fmt: str = "",
    name: str = "",
    log: Log = no_log,
) -> str:
    """Make an empty volume and return its volid."""
    row = config.check_enabled(cluster, storage, node)
    fmt = fmt or default_format(cluster, storage)
    async with cluster.locks.storage(storage, node=node, shared=config.is_shared(row), log=log):
        name = name or free_name(cluster, node, storage, vmid, fmt)
        volid = f"{storage}:{name}"
        if find(cluster, node, volid) is not None:
            raise ServerError(f"disk image '{path(cluster, volid)}' already exists")
        check_room(cluster, node, storage, size)
        await cluster.clock.sleep(config.lock_s(row))
        if config.is_file_based(row):
            log(formatting(path(cluster, volid), fmt, size))
        else:
            log(f'  Logical volume "{name}" created.')
        volume = {
            "volid": volid,
            "storage": storage,
            "vmid": vmid,
            "content": "images",
            "format": fmt,
            "used": 4096,
            "ctime": int(cluster.clock.now()),
            "parent": None,
        }
        return insert(cluster, node, of_size(cluster, volume, size))


def of_size(cluster: Cluster, volume: Row, size: int) -> Row:
    """The row of a volume once it is so large: only a volume group gives away all that it promises."""
    whole = {"used": size} if config.get(cluster, volume["storage"])["type"] == "lvm" else {}
    return volume | {"size": size} | whole


def check_room(cluster: Cluster, node: str, storage: str, size: int) -> None:
    """Refuse what a volume group has no room for; files and thin volumes take what they need when they do."""
    row = config.get(cluster, storage)
    free = int(row.get("total") or config.DEFAULT_TOTAL) - config.used_bytes(cluster, row, node)
    if row["type"] == "lvm" and size > free:
        raise ServerError(f"not enough free space ({free} < {size})")


async def link(cluster: Cluster, node: str, base: str, vmid: int, log: Log = no_log) -> str:
    """Make a volume that stands on a template's disk and return its volid."""
    storage, base_name = split(base)
    row = config.check_enabled(cluster, storage, node)
    source = find(cluster, node, base)
    if source is None:
        raise ServerError(f"volume '{base}' does not exist")
    async with cluster.locks.storage(storage, node=node, shared=config.is_shared(row), log=log):
        await cluster.clock.sleep(config.lock_s(row))
        if config.is_file_based(row):
            name = free_name(cluster, node, storage, vmid, "qcow2")
            short, parent = name.rpartition("/")[2], f"../{base_name}"
            volid = f"{storage}:{base_name}/{name}"
            log(f"clone {base_name}: images, {short}, {vmid} to {short} (base={parent})")
            log(formatting(path(cluster, volid), "qcow2", source["size"], parent))
            fmt = "qcow2"
        else:
            name = free_name(cluster, node, storage, vmid, "raw")
            volid, parent, fmt = f"{storage}:{base_name}/{name}", base_name, "raw"
            log(f'  Logical volume "{name}" created.')
        volume = {
            "volid": volid,
            "storage": storage,
            "vmid": vmid,
            "content": "images",
            "format": fmt,
            "size": source["size"],
            "used": 200704,
            "ctime": int(cluster.clock.now()),
            "parent": parent,
        }
        return insert(cluster, node, volume)


async def free(cluster: Cluster, node: str, volid: str, log: Log = no_log) -> None:
    """Remove a volume; a missing file is worth a line in the log and nothing more."""
    storage, name = split(volid)
    row = config.get(cluster, storage)
    if is_base(name) and linked_clones(cluster, node, volid):
        raise ServerError(f"base volume '{name}' is still in use by linked clones")
    async with cluster.locks.storage(storage, node=node, shared=config.is_shared(row), log=log):
        if find(cluster, node, volid) is None:
            log(f"disk image '{path(cluster, volid)}' does not exist")
            return
        del cluster.store.table("volumes")[_key(cluster, node, volid)]


def linked_clones(cluster: Cluster, node: str, base: str) -> list[str]:
    """The volumes that stand on a template's disk."""
    storage = split(base)[0]
    return [v["volid"] for v in on_storage(cluster, node, storage) if v["volid"].startswith(f"{base}/")]


def rename(cluster: Cluster, node: str, volid: str, new: str) -> None:
    """Give a volume another name."""
    volume = find(cluster, node, volid)
    if volume is None:
        raise ServerError(f"volume '{volid}' does not exist")
    del cluster.store.table("volumes")[_key(cluster, node, volid)]
    put(cluster, node, volume | {"volid": new, "vmid": owner(split(new)[1])})


def check_access(cluster: Cluster, identity: Any, vmid: int, volid: str) -> None:
    """Refuse a volume that the caller may not attach to this guest."""
    if volid.startswith("/"):
        if identity.authid != "root@pam":
            raise ServerError(
                "Only root can pass arbitrary filesystem paths. at /usr/share/perl5/PVE/Storage.pm line 569."
            )
        return
    storage, name = split(volid)
    config.get(cluster, storage)
    if kind(name) in {"iso", "vztmpl", "snippets"}:
        cluster.access.check(
            identity, f"/storage/{storage}", ["Datastore.AllocateSpace", "Datastore.Audit"], any=True
        )
    elif owner(name) != vmid:
        cluster.access.check(identity, f"/storage/{storage}", ["Datastore.Allocate"])
