# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access/roles`` and ``/access/groups``."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ParameterError, ServerError
from ..formats import split_list
from ..registry import endpoint
from ..roles import special_roles
from ..store import Row


@endpoint("GET", "/access/roles")
async def roles(call: Call) -> list[dict[str, Any]]:
    """Every role with its privileges."""
    own = call.cluster.store.table("roles")
    entries = [_role(name, privs, 1) for name, privs in special_roles().items()]
    return [*entries, *(_role(name, frozenset(row["privs"]), 0) for name, row in own.items())]


def _role(name: str, privs: frozenset[str], special: int) -> dict[str, Any]:
    return {"roleid": name, "privs": ",".join(sorted(privs)), "special": special}


@endpoint("POST", "/access/roles")
async def create_role(call: Call) -> None:
    """Add a role."""
    name = call.params["roleid"]
    if name.lower().startswith("pve"):
        text = "cannot use role ID starting with the (case-insensitive) 'PVE' namespace"
        raise ParameterError({"roleid": text})
    if call.cluster.access.role(name) is not None:
        raise ServerError(f"create role failed: role '{name}' already exists")
    privs = sorted(set(split_list(call.params.get("privs", ""))))
    call.cluster.store.table("roles")[name] = {"privs": privs}


def _own(call: Call, verb: str) -> Row:
    name = call.params["roleid"]
    if name in special_roles():
        raise ServerError(
            f"auto-generated role '{name}' cannot be {'modified' if verb == 'update' else 'deleted'}"
        )
    row: Row | None = call.cluster.store.table("roles").get(name)
    if row is None:
        raise ServerError(f"{verb} role failed: role '{name}' does not exist")
    return row


@endpoint("GET", "/access/roles/{roleid}")
async def read_role(call: Call) -> dict[str, int]:
    """The privileges of a role."""
    privs = call.cluster.access.role(call.params["roleid"])
    if privs is None:
        raise ServerError(f"role '{call.params['roleid']}' does not exist")
    return dict.fromkeys(sorted(privs), 1)


@endpoint("PUT", "/access/roles/{roleid}")
async def update_role(call: Call) -> None:
    """Replace the privileges of a role, or add some."""
    row = _own(call, "update")
    privs = set(split_list(call.params.get("privs", "")))
    if call.params.get("append"):
        privs |= set(row["privs"])
    call.cluster.store.table("roles")[call.params["roleid"]] = {"privs": sorted(privs)}


@endpoint("DELETE", "/access/roles/{roleid}")
async def delete_role(call: Call) -> None:
    """Remove a role."""
    _own(call, "delete")
    del call.cluster.store.table("roles")[call.params["roleid"]]


@endpoint("GET", "/access/groups")
async def groups(call: Call) -> list[dict[str, Any]]:
    """The groups that the caller may see."""
    privs = ("User.Modify", "Sys.Audit", "Group.Allocate")
    return [
        {"groupid": name, "users": ",".join(row["users"])} | _comment(row)
        for name, row in call.cluster.store.table("groups").items()
        if call.cluster.access.has(call.identity, f"/access/groups/{name}", privs, any=True)
    ]


def _comment(row: Row) -> dict[str, str]:
    return {"comment": row["comment"]} if row.get("comment") else {}


@endpoint("POST", "/access/groups")
async def create_group(call: Call) -> None:
    """Add a group."""
    name, table = call.params["groupid"], call.cluster.store.table("groups")
    if name in table:
        raise ServerError(f"create group failed: group '{name}' already exists")
    table[name] = {"users": [], "comment": call.params.get("comment", "")}


def _group(call: Call, prefix: str = "") -> Row:
    name = call.params["groupid"]
    row: Row | None = call.cluster.store.table("groups").get(name)
    if row is None:
        raise ServerError(f"{prefix}group '{name}' does not exist")
    return row


@endpoint("GET", "/access/groups/{groupid}")
async def read_group(call: Call) -> dict[str, Any]:
    """A group's members."""
    row = _group(call)
    return {"members": list(row["users"])} | _comment(row)


@endpoint("PUT", "/access/groups/{groupid}")
async def update_group(call: Call) -> None:
    """Change a group's comment."""
    row = _group(call, "update group failed: ")
    if "comment" in call.params:
        comment = {"comment": call.params["comment"]}
        call.cluster.store.table("groups")[call.params["groupid"]] = row | comment


@endpoint("DELETE", "/access/groups/{groupid}")
async def delete_group(call: Call) -> None:
    """Remove a group and its privileges."""
    _group(call, "delete group failed: ")
    name, acl = call.params["groupid"], call.cluster.store.table("acl")
    for path, entry in list(acl.items()):
        if name in entry.get("groups", {}):
            acl[path] = entry | {"groups": {g: r for g, r in entry["groups"].items() if g != name}}
    del call.cluster.store.table("groups")[name]
