# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access/acl``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ..call import Call
from ..errors import ParameterError, ServerError
from ..formats import split_list
from ..permcheck import normalise
from ..registry import endpoint

_NAME = r"[A-Za-z0-9.\-_]+"
_PATH = re.compile(
    rf"^(?:/|/access|/access/groups(?:/{_NAME})?|/access/realm(?:/{_NAME})?|/nodes(?:/{_NAME})?"
    rf"|/pool(?:/{_NAME}){{0,3}}|/sdn|/sdn/(?:controllers|dns|ipams)(?:/{_NAME})?"
    rf"|/sdn/zones(?:/{_NAME}){{0,2}}|/sdn/zones/{_NAME}/{_NAME}/[1-9][0-9]{{0,3}}"
    rf"|/storage(?:/{_NAME})?|/vms|/vms/[1-9][0-9]{{2,}}|/mapping(?:/{_NAME}){{0,2}})$"
)
_KINDS = {"users": "user", "groups": "group", "tokens": "token"}
_SUPERSET = "requires 'Permissions.Modify' or superset of privileges."


@endpoint("GET", "/access/acl")
async def acl(call: Call) -> list[dict[str, Any]]:
    """The access lists, as far as the caller may change or look through them."""
    access, identity = call.cluster.access, call.identity
    every = access.has(identity, "/access", ["Sys.Audit"])
    return [
        {"path": path, "type": kind, "ugid": name, "roleid": role, "propagate": propagate}
        for path, entry in call.cluster.store.table("acl").items()
        if every or access.has(identity, path, ["Permissions.Modify"])
        for group, kind in _KINDS.items()
        for name, given in entry.get(group, {}).items()
        for role, propagate in given.items()
    ]


@endpoint("PUT", "/access/acl")
async def update(call: Call) -> None:
    """Give roles on a path, or take them away."""
    params = call.params
    if not any(params.get(kind) for kind in _KINDS):
        text = "either 'users', 'groups' or 'tokens' is required."
        raise ParameterError(dict.fromkeys(_KINDS, text))
    path = normalise(params["path"])
    if path is None or (not params.get("delete") and not _PATH.match(path)):
        raise ParameterError({"path": f"invalid ACL path '{params['path']}'"})
    table = call.cluster.store.table("acl")
    entry = {kind: dict(table.get(path, {}).get(kind, {})) for kind in _KINDS}
    for role in split_list(params["roles"]):
        _check_role(call, path, role)
        for kind, name in _subjects(call):
            given = dict(entry[kind].get(name, {}))
            if params.get("delete"):
                given.pop(role, None)
            else:
                given[role] = params.get("propagate", 1)
            entry[kind][name] = given
    kept = {kind: {name: given for name, given in names.items() if given} for kind, names in entry.items()}
    if any(kept.values()):
        table[path] = kept
    else:
        table.pop(path, None)


def _check_role(call: Call, path: str, role: str) -> None:
    """The role exists, and does not give more than the caller has where they may not give all."""
    privs = call.cluster.access.role(role)
    if privs is None:
        raise ServerError(f"ACL update failed: role '{role}' does not exist")
    granted = call.cluster.access.granted(call.identity, path)
    if "Permissions.Modify" in granted:
        return
    verb = "remove" if call.params.get("delete") else "add"
    if role == "NoAccess" or any(priv not in granted for priv in privs):
        raise ParameterError({"role": f"Cannot {verb} role '{role}' - {_SUPERSET}"})
    if verb == "add" and call.params.get("propagate", 1) and not all(granted[priv] for priv in privs):
        text = "requires 'Permissions.Modify' or propagated superset of privileges."
        raise ParameterError({"role": f"Cannot add role '{role}' with propagation - {text}"})


def _subjects(call: Call) -> Iterator[tuple[str, str]]:
    """(kind, name) of everybody the call names; each must exist."""
    store = call.cluster.store
    for name in split_list(call.params.get("groups", "")):
        if name not in store.table("groups"):
            raise ServerError(f"ACL update failed: group '{name}' does not exist")
        yield "groups", name
    for name in split_list(call.params.get("users", "")):
        if name not in store.table("users"):
            raise ServerError(f"ACL update failed: user '{name}' does not exist")
        yield "users", name
    for name in split_list(call.params.get("tokens", "")):
        if name not in store.table("tokens"):
            user, _, token = name.partition("!")
            raise ServerError(f"ACL update failed: no such token '{token}' for user '{user}'")
        yield "tokens", name
