# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Storages as a node sees them, and the volumes on them."""

from __future__ import annotations

import re
import secrets
from pathlib import PurePosixPath
from typing import Any

from lab.images import cloud

from ..call import Call
from ..errors import ApiError, ForbiddenError, ServerError
from ..qemu.properties import parse_size
from ..qemu.values import split_list
from ..registry import endpoint
from ..storage import config, seeds, volumes
from ..storage.download import fetch
from ..tasks import TaskError, TaskLog

_NODE = "/nodes/{node}/storage"
_STORAGE = f"{_NODE}/{{storage}}"
_VOLUME = f"{_STORAGE}/content/{{volume}}"
_AUDIT = ("Datastore.Audit", "Datastore.AllocateSpace")
_SUFFIXES = {
    "iso": (".iso", ".img"),
    "vztmpl": (".tar.gz", ".tar.xz", ".tar.zst"),
    "import": (".ova", ".qcow2", ".raw", ".vmdk"),
}


def _state(call: Call, row: config.Row) -> dict[str, Any]:
    enabled = not row.get("disable")
    total = int(row.get("total") or config.DEFAULT_TOTAL) if enabled else 0
    used = config.used_bytes(call.cluster, row, call.params["node"]) if enabled else 0
    return {
        "type": row["type"],
        "content": ",".join(config.contents(row)),
        "shared": int(config.is_shared(row)),
        "enabled": int(enabled),
        "active": int(enabled),
        "total": total,
        "used": used,
        "avail": total - used,
    }


def _wanted(call: Call, name: str, row: config.Row) -> bool:
    params, node = call.params, call.params["node"]
    if params.get("storage", name) != name or not config.available_on(row, node):
        return False
    if params.get("target") and not config.available_on(row, params["target"]):
        return False
    if params.get("target") not in (None, node) and not config.is_shared(row):
        return False
    if params.get("enabled") and row.get("disable"):
        return False
    kinds = split_list(str(params.get("content", "")))
    return not kinds or bool(set(kinds) & set(config.contents(row)))


@endpoint("GET", _NODE)
async def list_storages(call: Call) -> Any:
    """The storages of the node that the caller may see, with their room."""
    found = []
    for name, row in call.cluster.store.table("storages").items():
        path = f"/storage/{name}"
        if not _wanted(call, name, row) or not call.cluster.access.has(call.identity, path, _AUDIT, any=True):
            continue
        entry = {"storage": name} | _state(call, row)
        if entry["total"]:
            entry["used_fraction"] = entry["used"] / entry["total"]
        found.append(entry)
    return found


@endpoint("GET", _STORAGE)
async def index(call: Call) -> Any:
    """The parts of a storage."""
    names = "content download-url file-restore import-metadata prunebackups rrd rrddata status upload"
    return [{"subdir": name} for name in names.split()]


@endpoint("GET", f"{_STORAGE}/status")
async def status(call: Call) -> Any:
    """A storage's room."""
    row = call.cluster.store.table("storages").get(call.params["storage"])
    if row is None or not config.available_on(row, call.params["node"]):
        raise ApiError(400, "Parameter verification failed.\n", {"storage": "No such storage."})
    return _state(call, row)


@endpoint("GET", f"{_STORAGE}/content")
async def list_content(call: Call) -> Any:
    """The volumes of a storage."""
    cluster, params = call.cluster, call.params
    config.check_enabled(cluster, params["storage"], params["node"])
    found = []
    for volume in volumes.on_storage(cluster, params["node"], params["storage"]):
        if params.get("content") and volume["content"] != params["content"]:
            continue
        if "vmid" in params and volume["vmid"] != params["vmid"]:
            continue
        try:
            volumes.check_access(cluster, call.identity, volume["vmid"], volume["volid"])
        except ForbiddenError:
            continue
        found.append(_entry(volume))
    return found


def _entry(volume: volumes.Row) -> dict[str, Any]:
    keys = ("volid", "content", "format", "size", "ctime")
    entry = {key: volume[key] for key in keys}
    if volume["content"] == "images":
        entry |= {"vmid": volume["vmid"], "used": volume["used"], "parent": volume["parent"]}
    for key in ("notes", "protected"):
        if volume.get(key):
            entry[key] = volume[key]
    return entry


@endpoint("POST", f"{_STORAGE}/content")
async def allocate(call: Call) -> Any:
    """Make a volume."""
    params, storage = call.params, call.params["storage"]
    row, filename = config.check_enabled(call.cluster, storage, params["node"]), params["filename"]
    fmt = params.get("format") or (filename.rpartition(".")[2] if "." in filename else "raw")
    name = f"{params['vmid']}/{filename}" if config.is_file_based(row) else filename
    if volumes.owner(name) != int(params["vmid"]):
        raise ServerError(f"illegal name '{filename}' - should be 'vm-{params['vmid']}-*'")
    size = parse_size(str(params["size"])) * (1 if str(params["size"])[-1] in "MG" else 1024)
    return await volumes.alloc(
        call.cluster, params["node"], storage, int(params["vmid"]), size, fmt=fmt, name=name
    )


def _volid(call: Call) -> str:
    """The volume of the path, which may leave the storage out; the two must agree."""
    volume, storage = call.params["volume"], call.params.get("storage")
    if ":" not in volume:
        return f"{storage}:{volume}"
    named = volume.partition(":")[0]
    if storage and named != storage:
        text = f"storage ID missmatch ({named} != {storage})"
        raise ApiError(400, "Parameter verification failed.\n", {"storage": text})
    return str(volume)


@endpoint("GET", _VOLUME)
async def get_volume(call: Call) -> Any:
    """A volume's size and place."""
    volid, node = _volid(call), call.params["node"]
    volumes.check_access(call.cluster, call.identity, 0, volid)
    volume = volumes.find(call.cluster, node, volid)
    if volume is None:
        raise ServerError(f"volume_size_info on '{volid}' failed - no format")
    keys = ("format", "size", "used", "notes", "protected")
    entry = {key: volume[key] for key in keys if volume.get(key) is not None}
    return entry | {"path": volumes.path(call.cluster, volid)}


@endpoint("PUT", _VOLUME)
async def update_volume(call: Call) -> Any:
    """Change a volume's notes or protection."""
    volid, node = _volid(call), call.params["node"]
    storage = volumes.split(volid)[0]
    call.cluster.access.check(call.identity, f"/storage/{storage}", ["Datastore.Allocate"])
    volume = volumes.find(call.cluster, node, volid)
    if volume is None:
        raise ServerError(f"volume '{volid}' does not exist")
    changes = {key: call.params[key] for key in ("notes", "protected") if key in call.params}
    volumes.put(call.cluster, node, volume | changes)


@endpoint("DELETE", _VOLUME)
async def delete_volume(call: Call) -> Any:
    """Remove a volume."""
    cluster, volid, node = call.cluster, _volid(call), call.params["node"]
    storage, name = volumes.split(volid)
    config.check_enabled(cluster, storage, node)
    _check_deletion(call, storage, name)
    volume = volumes.find(cluster, node, volid)
    if volume is not None and volume.get("protected"):
        raise ServerError(f"can't remove volume '{volid}' - protected")

    async def work(log: TaskLog) -> None:
        await volumes.free(cluster, node, volid, log)
        log(f"Removed volume '{volid}'")

    owner = volumes.owner(name)
    ident = f"{owner}@{storage}" if owner else storage
    upid = cluster.tasks.spawn(node, "imgdel", ident, call.identity, work)
    left = float(call.params.get("delay", 0))
    while left > 0 and cluster.tasks.running(upid):
        await cluster.clock.sleep(0.1)
        left -= 0.1
    return None if call.params.get("delay") and cluster.tasks.status(upid) == "OK" else upid


def _check_deletion(call: Call, storage: str, name: str) -> None:
    path, owner = f"/storage/{storage}", volumes.owner(name)
    if owner and volumes.kind(name) == "backup":
        call.cluster.access.check(call.identity, path, ["Datastore.AllocateSpace"])
    else:
        call.cluster.access.check(call.identity, path, ["Datastore.Allocate"])


@endpoint("POST", f"{_STORAGE}/upload")
async def upload(call: Call) -> Any:
    """Take a file that comes with the call; its size is kept, and of its bytes a seed of cloud-init."""
    cluster, params = call.cluster, call.params
    storage, node, kind = params["storage"], params["node"], params["content"]
    row = config.check_enabled(cluster, storage, node)
    filename = re.sub(r"[^-a-zA-Z0-9_.]", "_", PurePosixPath(params["filename"]).name)
    if not filename.endswith(_SUFFIXES[kind]):
        raise ApiError(400, "Parameter verification failed.\n", {"filename": "wrong file extension"})
    if kind not in config.contents(row):
        raise ServerError(f"storage '{storage}' does not support '{kind}' content")
    size = len(call.upload.content) if call.upload else 0
    volid = f"{storage}:{kind}/{filename}"

    async def work(log: TaskLog) -> None:
        source, target = f"/var/tmp/pveupload-{secrets.token_hex(16)}", volumes.path(cluster, volid)
        log(f"starting file import from: {source}")
        log(f"target node: {node}")
        log(f"target file: {target}")
        log(f"file size is: {size}")
        log(f"command: cp -- {source} {target}")
        _file(call, volid, size, seed=seeds.read(call.upload.content) if call.upload else None)
        log("finished file import successfully")

    return cluster.tasks.spawn(node, "imgcopy", "", call.identity, work)


def _file(call: Call, volid: str, size: int, **content: Any) -> None:
    """Write the row of a file that came from outside, with what is known of its content."""
    volume = {
        "volid": volid,
        "storage": call.params["storage"],
        "vmid": 0,
        "content": call.params["content"],
        "format": _file_format(volid),
        "size": size,
        "used": size,
        "ctime": int(call.cluster.clock.now()),
        "parent": None,
    }
    volumes.insert(call.cluster, call.params["node"], volume | content)


def _file_format(name: str) -> str:
    """The format of a file as listings show it."""
    if name.endswith((".iso", ".img")):
        return "iso"
    tar = re.search(r"\.tar\.(gz|xz|zst)$", name)
    return {"gz": "tgz", "xz": "txz", "zst": "tzst"}[tar[1]] if tar else name.rpartition(".")[2]


@endpoint("POST", f"{_STORAGE}/download-url")
async def download(call: Call) -> Any:
    """Fetch a file into a storage."""
    cluster, params = call.cluster, call.params
    storage, kind, filename = params["storage"], params["content"], params["filename"]
    row = config.check_enabled(cluster, storage, params["node"])
    if kind not in config.contents(row):
        text = f"storage '{storage}' is not configured for content-type '{kind}'"
        raise ServerError(text)
    if not filename.endswith(_SUFFIXES[kind]):
        raise ApiError(400, "Parameter verification failed.\n", {"filename": "wrong file extension"})
    volid, target = f"{storage}:{kind}/{filename}", volumes.path(cluster, f"{storage}:{kind}/{filename}")

    async def work(log: TaskLog) -> None:
        log(f"downloading {params['url']} to {target}")
        if volumes.find(cluster, params["node"], volid) is not None:
            raise TaskError(f"refusing to override existing file '{target}'")
        await _download(call, volid, log)
        log(f"download of '{params['url']}' to '{target}' finished")

    return cluster.tasks.spawn(params["node"], "download", filename, call.identity, work)


async def _download(call: Call, volid: str, log: TaskLog) -> None:
    params, algorithm = call.params, str(call.params.get("checksum-algorithm", ""))
    verify = bool(params.get("verify-certificates", 1))
    fetched = await fetch(params["url"], algorithm=algorithm, verify=verify)
    if algorithm:
        log(f"calculating checksum...got '{fetched.checksum}', expected '{params['checksum']}'")
        if fetched.checksum != str(params["checksum"]).lower():
            raise TaskError(f"checksum mismatch: got '{fetched.checksum}' != expect '{params['checksum']}'")
        log("OK, checksum verified")
    image = cloud.recognise(fetched.head)
    known = {} if image is None else {"machine": image.machine, "disk": image.disk_bytes}
    _file(call, volid, fetched.size, **known)
