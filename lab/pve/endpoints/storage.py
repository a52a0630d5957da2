# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The definitions of storages."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from ..call import Call
from ..errors import ServerError
from ..qemu.values import split_list
from ..registry import endpoint
from ..storage import config

_REQUIRED = {
    "dir": ("path",),
    "nfs": ("server", "export"),
    "cifs": ("server", "share"),
    "glusterfs": ("volume",),
    "lvm": ("vgname",),
    "lvmthin": ("vgname", "thinpool"),
    "zfspool": ("pool",),
    "btrfs": ("path",),
    "iscsi": ("portal", "target"),
    "iscsidirect": ("portal", "target"),
    "pbs": ("server", "datastore"),
    "zfs": ("pool", "portal", "target", "iscsiprovider"),
    "esxi": ("server", "username", "password"),
}


def _table(call: Call) -> Any:
    return call.cluster.store.table("storages")


def _digest(call: Call) -> str:
    rows = {name: config.public(row) for name, row in _table(call).items()}
    text = json.dumps(rows, sort_keys=True)
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _public(call: Call, row: config.Row) -> config.Row:
    return config.public(row) | {"digest": _digest(call), "content": ",".join(config.contents(row)) or "none"}


@endpoint("GET", "/storage")
async def list_storages(call: Call) -> Any:
    """The storages that the caller may see."""
    wanted = call.params.get("type")
    privileges = ["Datastore.Audit", "Datastore.AllocateSpace"]
    return [
        _public(call, row)
        for name, row in _table(call).items()
        if wanted in (None, row["type"])
        and call.cluster.access.has(call.identity, f"/storage/{name}", privileges, any=True)
    ]


@endpoint("POST", "/storage")
async def create_storage(call: Call) -> Any:
    """Define a storage."""
    params = dict(call.params)
    name, kind = params["storage"], params["type"]
    for option in _REQUIRED.get(kind, ()):
        if option not in params:
            raise ServerError(f"missing value for required option '{option}'")
    if name in _table(call):
        raise ServerError(f"create storage failed: storage ID '{name}' already defined")
    params.pop("digest", None)
    _normalise_nodes(params)
    _table(call)[name] = params | {"content": ",".join(config.contents(params))}
    return {"storage": name, "type": kind}


def _normalise_nodes(params: dict[str, Any]) -> None:
    if params.get("nodes"):
        params["nodes"] = ",".join(split_list(str(params["nodes"])))


@endpoint("GET", "/storage/{storage}")
async def get_storage(call: Call) -> Any:
    """One storage's definition."""
    return _public(call, config.get(call.cluster, call.params["storage"]))


@endpoint("PUT", "/storage/{storage}")
async def update_storage(call: Call) -> Any:
    """Change a storage's definition."""
    params = dict(call.params)
    name, digest = params.pop("storage"), params.pop("digest", None)
    delete = split_list(str(params.pop("delete", "")))
    try:
        row = config.get(call.cluster, name)
    except ServerError as error:
        raise ServerError(f"update storage failed: {error.message.strip()}") from error
    if digest and digest != _digest(call):
        changed = "detected modified configuration - file changed by other user? Try again."
        raise ServerError(f"update storage failed: {changed}")
    _normalise_nodes(params)
    kept = {key: value for key, value in row.items() if key not in delete}
    _table(call)[name] = {key: value for key, value in (kept | params).items() if key != "disable" or value}
    return {"storage": name, "type": row["type"]}


@endpoint("DELETE", "/storage/{storage}")
async def delete_storage(call: Call) -> Any:
    """Forget a storage; its volumes stay where they are."""
    name = call.params["storage"]
    if name not in _table(call):
        raise ServerError(f"delete storage failed: storage '{name}' does not exist")
    del _table(call)[name]
