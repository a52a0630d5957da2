# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pools of guests and storages."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ApiError, ServerError
from ..qemu.values import split_list
from ..registry import endpoint
from .resources import guest_entries, require_pool, storage_entry


def _table(call: Call) -> Any:
    return call.cluster.store.table("pools")


async def _members(call: Call, name: str) -> list[Any]:
    row, wanted = require_pool(call, name), call.params.get("type")
    guests = call.cluster.store.table("guests")
    found: list[Any] = []
    if wanted != "storage":
        rows = [guests[str(vmid)] for vmid in row.get("vms", []) if str(vmid) in guests]
        found += [
            {key: value for key, value in entry.items() if key != "pool"}
            for entry in await guest_entries(call, rows, {})
        ]
    if wanted in (None, "storage"):
        for storage in row.get("storages", []):
            if storage in call.cluster.store.table("storages"):
                nodes = call.cluster.store.table("nodes")
                found += [storage_entry(call, storage, node) for node in nodes]
    return found


def _brief(name: str, row: dict[str, Any]) -> dict[str, Any]:
    return {"poolid": name} | ({"comment": row["comment"]} if row.get("comment") else {})


@endpoint("GET", "/pools")
async def list_pools(call: Call) -> Any:
    """The pools which the caller may see, or one with its members."""
    name = call.params.get("poolid")
    if name is not None:
        call.cluster.access.check(call.identity, f"/pool/{name}", ["Pool.Audit"])
        return [_brief(name, require_pool(call, name)) | {"members": await _members(call, name)}]
    return [
        _brief(pool, row)
        for pool, row in sorted(_table(call).items())
        if call.cluster.access.has(call.identity, f"/pool/{pool}", ["Pool.Audit"])
    ]


@endpoint("POST", "/pools")
async def create_pool(call: Call) -> Any:
    """Make a pool."""
    name, table = call.params["poolid"], _table(call)
    if name in table:
        raise ServerError(f"create pool failed: pool '{name}' already exists")
    parent = name.rpartition("/")[0]
    if parent and parent not in table:
        raise ServerError(f"create pool failed: parent '{parent}' of pool '{name}' does not exist")
    table[name] = {"comment": call.params.get("comment", ""), "vms": [], "storages": []}


@endpoint("GET", "/pools/{poolid}")
async def get_pool(call: Call) -> Any:
    """One pool with its members."""
    name = call.params["poolid"]
    row = require_pool(call, name)
    return _brief(name, row) | {"members": await _members(call, name)}


@endpoint("PUT", "/pools/{poolid}")
async def update_pool_by_path(call: Call) -> Any:
    """Change a pool's comment or members."""
    _update(call)


@endpoint("PUT", "/pools")
async def update_pool(call: Call) -> Any:
    """Change a pool's comment or members."""
    _update(call)


def _update(call: Call) -> None:
    name, params = call.params["poolid"], call.params
    try:
        row = dict(require_pool(call, name))
        if "comment" in params:
            row["comment"] = params["comment"]
        for vmid in map(int, split_list(str(params.get("vms", "")))):
            _change_guest(call, name, row, vmid)
        for storage in split_list(str(params.get("storage", ""))):
            _change_storage(call, row, storage)
    except ServerError as error:
        raise ServerError(f"update pools failed: {error.message.strip()}") from error
    _table(call)[name] = row


def _change_guest(call: Call, name: str, row: dict[str, Any], vmid: int) -> None:
    call.cluster.access.check_vm(call.identity, vmid, name, ["VM.Allocate"])
    members = list(row.get("vms", []))
    if call.params.get("delete"):
        if vmid not in members:
            raise ServerError(f"VM {vmid} is not a pool member")
        members.remove(vmid)
    else:
        if vmid in members:
            raise ServerError(f"VM {vmid} is already a pool member")
        _leave_other_pool(call, vmid)
        members.append(vmid)
    row["vms"] = members


def _leave_other_pool(call: Call, vmid: int) -> None:
    table = _table(call)
    for other, row in list(table.items()):
        if vmid not in row.get("vms", []):
            continue
        if not call.params.get("allow-move"):
            raise ServerError(f"VM {vmid} belongs already to pool '{other}' and 'allow-move' is not set")
        call.cluster.access.check(call.identity, f"/pool/{other}", ["Pool.Allocate"])
        table[other] = row | {"vms": [member for member in row["vms"] if member != vmid]}


def _change_storage(call: Call, row: dict[str, Any], storage: str) -> None:
    call.cluster.access.check(call.identity, f"/storage/{storage}", ["Datastore.Allocate"])
    members = list(row.get("storages", []))
    if call.params.get("delete"):
        if storage not in members:
            raise ServerError(f"Storage '{storage}' is not a pool member")
        members.remove(storage)
    else:
        if storage in members:
            raise ServerError(f"Storage '{storage}' is already a pool member")
        members.append(storage)
    row["storages"] = members


@endpoint("DELETE", "/pools/{poolid}")
async def delete_pool_by_path(call: Call) -> Any:
    """Remove an empty pool."""
    _delete(call)


@endpoint("DELETE", "/pools")
async def delete_pool(call: Call) -> Any:
    """Remove an empty pool."""
    _delete(call)


def _delete(call: Call) -> None:
    name, table = call.params["poolid"], _table(call)
    try:
        row = require_pool(call, name)
        inner = [other for other in table if other.startswith(f"{name}/")]
        contents = [("pool", other) for other in inner]
        contents += [("VM", vmid) for vmid in row.get("vms", []) if str(vmid) in call.cluster.guests]
        storages = call.cluster.store.table("storages")
        contents += [("storage", name) for name in row.get("storages", []) if name in storages]
        if contents:
            kind, what = contents[0]
            what = f"'{what}'" if kind != "VM" else what
            raise ServerError(f"pool '{name}' is not empty (contains {kind} {what})")
    except ApiError as error:
        raise ServerError(f"delete pool failed: {error.message.strip()}") from error
    del table[name]
