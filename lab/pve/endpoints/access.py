# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access``: logins, passwords, and what the caller may do."""

from __future__ import annotations

import re
from typing import Any

from ..auth import AuthError, refused
from ..call import Call, Identity
from ..cluster import Cluster
from ..errors import ParameterError, ServerError
from ..permcheck import normalise
from ..permissions import denied
from ..registry import endpoint
from .access_users import existing

_INDEX = ("users", "groups", "roles", "acl", "domains", "openid", "tfa", "ticket", "password")
_TOP_PATHS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")
_LOGIN_PATHS = ("/", "/nodes", "/access/groups", "/vms", "/storage", "/sdn", "/mapping")
_AREAS = {
    "vms": re.compile(r"VM\.|Permissions\.Modify"),
    "access": re.compile(r"(?:User|Group)\.|Permissions\.Modify"),
    "storage": re.compile(r"Datastore\.|Permissions\.Modify"),
    "nodes": re.compile(r"Sys\.|Permissions\.Modify"),
    "sdn": re.compile(r"SDN\.|Permissions\.Modify"),
    "dc": re.compile(r"Sys\.Audit|Sys\.Modify|SDN\."),
    "mapping": re.compile(r"Mapping\.|Permissions\.Modify"),
}


@endpoint("GET", "/access")
async def index(call: Call) -> list[dict[str, str]]:
    """The areas below."""
    return [{"subdir": name} for name in _INDEX]


@endpoint("GET", "/access/ticket")
async def ticket_page(call: Call) -> None:
    """Nothing: there for browsers that look."""


@endpoint("POST", "/access/ticket")
async def log_in(call: Call) -> dict[str, Any]:
    """A ticket for whoever knows the password, or has root's ticket."""
    cluster, params = call.cluster, call.params
    user = params["username"]
    if params.get("realm"):
        user = f"{user}@{params['realm']}"
    cluster.auth.log_in(user, params["password"])
    identity = Identity(user=user)
    if params.get("path") and params.get("privs"):
        privs = [priv for priv in re.split(r"[,;\s]+", params["privs"]) if priv]
        if not cluster.access.has(identity, normalise(params["path"]) or "/", privs):
            raise refused()
        return {"username": user, "cap": _capabilities(cluster, identity)}
    answer: dict[str, Any] = {"username": user, "cap": _capabilities(cluster, identity)}
    answer["ticket"] = cluster.auth.ticket(user)
    answer["CSRFPreventionToken"] = cluster.auth.csrf_token(user)
    if cluster.name and cluster.access.has(identity, "/", ["Sys.Audit"]):
        answer["clustername"] = cluster.name
    return answer


def _capabilities(cluster: Cluster, identity: Identity) -> dict[str, dict[str, int]]:
    """What a user interface may offer the caller, by area."""
    areas: dict[str, dict[str, int]] = {area: {} for area in _AREAS}
    for path in dict.fromkeys((*_LOGIN_PATHS, *cluster.store.table("acl"))):
        privs = cluster.access.granted(identity, path)
        top = path.split("/")[1] or "dc"
        targets = ("vms", "storage") if top == "pool" else (top,)
        for area in targets:
            pattern = _AREAS.get(area)
            areas.get(area, {}).update({priv: 1 for priv in privs if pattern and pattern.match(priv)})
    return areas


@endpoint("PUT", "/access/password")
async def set_password(call: Call) -> None:
    """A new password: one's own, or that of a user one may change."""
    user, auth = call.params["userid"], call.cluster.auth
    try:
        auth.check_enabled(user)
    except AuthError as error:
        raise ServerError(str(error)) from error
    if user == "root@pam" and call.identity.authid != "root@pam":
        raise denied()
    auth.set_password(user, call.params["password"])


@endpoint("GET", "/access/permissions")
async def permissions(call: Call) -> dict[str, dict[str, int]]:
    """The effective privileges of the caller or of somebody else, by path."""
    cluster, identity = call.cluster, call.identity
    wanted = call.params.get("userid")
    if wanted is not None and wanted != identity.authid:
        cluster.access.check(identity, "/access", ["Sys.Audit"])
        user, _, token = wanted.partition("!")
        identity = Identity(user=user, token=token)
    if "path" in call.params:
        path = normalise(call.params["path"])
        if path is None:
            raise ParameterError({"path": f"invalid ACL path '{call.params['path']}'"})
        paths = {path}
    else:
        paths = {*_TOP_PATHS, *cluster.store.table("acl")}
        for row in cluster.store.table("pools").values():
            paths |= {f"/vms/{vmid}" for vmid in row.get("vms", ())}
            paths |= {f"/storage/{storage}" for storage in row.get("storages", ())}
    found = {path: cluster.access.granted(identity, path) for path in paths}
    return {
        path: {priv: int(propagate) for priv, propagate in privs.items()}
        for path, privs in found.items()
        if privs or "path" in call.params
    }


@endpoint("GET", "/access/openid")
async def openid(call: Call) -> list[dict[str, str]]:
    """The areas below."""
    return [{"subdir": "auth-url"}, {"subdir": "login"}]


@endpoint("GET", "/access/tfa")
async def second_factors(call: Call) -> list[dict[str, Any]]:
    """Nobody has a second factor here."""
    return []


@endpoint("GET", "/access/tfa/{userid}")
async def users_second_factors(call: Call) -> list[dict[str, Any]]:
    """The user's second factors: none."""
    existing(call.cluster, call.params["userid"])
    return []


@endpoint("PUT", "/access/users/{userid}/unlock-tfa")
async def unlock_second_factors(call: Call) -> int:
    """Whether anything was locked: nothing ever is."""
    existing(call.cluster, call.params["userid"])
    return 0
