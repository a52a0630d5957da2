# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access/users``."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..cluster import Cluster
from ..errors import ServerError
from ..formats import split_list
from ..registry import endpoint
from ..store import Row

_SHOWN = ("enable", "expire", "firstname", "lastname", "email", "comment", "keys")
_AUDIT = ("User.Modify", "Sys.Audit")


@endpoint("GET", "/access/users")
async def users(call: Call) -> list[dict[str, Any]]:
    """The users whom the caller may see; at least themselves."""
    cluster, identity = call.cluster, call.identity
    every = cluster.access.has(identity, "/access/groups", _AUDIT, any=True)
    groups = cluster.store.table("groups")
    mine = [
        name for name in groups if cluster.access.has(identity, f"/access/groups/{name}", _AUDIT, any=True)
    ]
    visible = {identity.authid}.union(*(groups[name]["users"] for name in mine))
    listed = []
    for name, row in sorted(cluster.store.table("users").items()):
        if not every and name not in visible:
            continue
        if "enabled" in call.params and bool(row.get("enable", 1)) != bool(call.params["enabled"]):
            continue
        entry = _entry(row) | {"userid": name, "realm-type": _realm_type(cluster, name)}
        if call.params.get("full"):
            known = tokens_of(cluster, name)
            listed_tokens = [{"tokenid": token, **data} for token, data in sorted(known.items())]
            entry |= {"groups": ",".join(_groups_of(cluster, name)), "tokens": listed_tokens or None}
        listed.append(entry)
    return listed


def _entry(row: Row) -> dict[str, Any]:
    return {"enable": 1, "expire": 0} | {key: row[key] for key in _SHOWN if key in row}


def _realm_type(cluster: Cluster, user: str) -> str:
    realm = user.rpartition("@")[2]
    return str(cluster.store.table("realms").get(realm, {}).get("type", realm))


def _groups_of(cluster: Cluster, user: str) -> list[str]:
    return [name for name, row in cluster.store.table("groups").items() if user in row["users"]]


def tokens_of(cluster: Cluster, user: str) -> dict[str, dict[str, Any]]:
    """A user's tokens by name, without their secrets."""
    prefix = f"{user}!"
    return {
        key.removeprefix(prefix): token_entry(row)
        for key, row in cluster.store.table("tokens").items()
        if key.startswith(prefix)
    }


def token_entry(row: Row) -> dict[str, Any]:
    """A token as it is shown."""
    entry: dict[str, Any] = {"expire": int(row.get("expire") or 0), "privsep": int(row.get("privsep", 1))}
    if row.get("comment"):
        entry["comment"] = row["comment"]
    return entry


def existing(cluster: Cluster, user: str) -> Row:
    """A user's row."""
    row: Row | None = cluster.store.table("users").get(user)
    if row is None:
        raise ServerError(f"no such user ('{user}')")
    return row


@endpoint("POST", "/access/users")
async def create(call: Call) -> None:
    """Add a user, to groups perhaps."""
    cluster, params = call.cluster, dict(call.params)
    name = params.pop("userid")
    if name in cluster.store.table("users"):
        raise ServerError(f"create user failed: user '{name}' already exists")
    password = params.pop("password", None)
    groups = split_list(params.pop("groups", ""))
    _check_groups(cluster, groups, "create user failed")
    if password is not None:
        if name.rpartition("@")[2] not in cluster.store.table("realms"):
            realm = name.rpartition("@")[2]
            raise ServerError(f"create user failed: auth domain '{realm}' does not exist")
        cluster.auth.set_password(name, password)
    _join(cluster, name, groups)
    row = {"enable": 1, "expire": 0, "email": ""} | params
    cluster.store.table("users")[name] = {
        key: value for key, value in row.items() if value != "" or key == "email"
    }


def _check_groups(cluster: Cluster, groups: list[str], what: str) -> None:
    for group in groups:
        if group not in cluster.store.table("groups"):
            raise ServerError(f"{what}: no such group '{group}'")


def _join(cluster: Cluster, user: str, groups: list[str]) -> None:
    table = cluster.store.table("groups")
    for group in groups:
        table[group] = table[group] | {"users": sorted({*table[group]["users"], user})}


def _leave_all(cluster: Cluster, user: str) -> None:
    table = cluster.store.table("groups")
    for group, row in list(table.items()):
        if user in row["users"]:
            table[group] = row | {"users": [name for name in row["users"] if name != user]}


@endpoint("GET", "/access/users/{userid}")
async def read(call: Call) -> dict[str, Any]:
    """One user."""
    name = call.params["userid"]
    row = existing(call.cluster, name)
    tokens = tokens_of(call.cluster, name) or None
    return _entry(row) | {"groups": _groups_of(call.cluster, name), "tokens": tokens}


@endpoint("PUT", "/access/users/{userid}")
async def update(call: Call) -> None:
    """Change a user; groups replace those there were unless ``append`` is set."""
    cluster, params = call.cluster, dict(call.params)
    name = params.pop("userid")
    row = existing(cluster, name)
    append = params.pop("append", 0)
    if "groups" in params:
        groups = split_list(params.pop("groups"))
        _check_groups(cluster, groups, "update user failed")
        if not append:
            _leave_all(cluster, name)
        _join(cluster, name, groups)
    cluster.store.table("users")[name] = row | params


@endpoint("DELETE", "/access/users/{userid}")
async def delete(call: Call) -> None:
    """Remove a user with their tokens, memberships and privileges."""
    cluster, name = call.cluster, call.params["userid"]
    existing(cluster, name)
    tokens = cluster.store.table("tokens")
    for key in [key for key in tokens if key.startswith(f"{name}!")]:
        del tokens[key]
    acl = cluster.store.table("acl")
    for path, entry in list(acl.items()):
        kept = {
            "users": {user: roles for user, roles in entry.get("users", {}).items() if user != name},
            "tokens": {t: r for t, r in entry.get("tokens", {}).items() if not t.startswith(f"{name}!")},
        }
        acl[path] = entry | kept
    _leave_all(cluster, name)
    cluster.store.table("secrets").pop(name, None)
    del cluster.store.table("users")[name]


@endpoint("GET", "/access/users/{userid}/tfa")
async def second_factor(call: Call) -> dict[str, Any]:
    """The user's second factors: none."""
    existing(call.cluster, call.params["userid"])
    return {"types": []}
