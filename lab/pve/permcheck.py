# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The permission rules which the API's description states, before any parameter is verified."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from . import formats
from .call import Identity
from .cluster import Cluster
from .errors import ForbiddenError, ServerError
from .permissions import ROOT, denied

_PATH = re.compile(r"^[A-Za-z0-9.\-_/]+$")

Params = Mapping[str, Any]


def check_call(
    cluster: Cluster, permissions: Mapping[str, Any] | None, identity: Identity | None, params: Params
) -> None:
    """Raise `ForbiddenError` unless the description lets the caller (None: nobody) pass."""
    user = (permissions or {}).get("user")
    if identity is None:
        if user == "world":
            return
        raise denied("user != null")
    if identity.authid == ROOT:
        return
    if permissions is None:
        raise denied("user != root@pam")
    if user == "all" or user == "world":
        return
    if permissions.get("check"):
        _Checker(cluster, identity, params).check(permissions["check"])
        return
    raise denied()


def normalise(path: str) -> str | None:
    """A path of the access lists in its one spelling; None when it cannot be one."""
    path = "/" + re.sub("/+", "/", path).strip("/")
    return path if _PATH.match(path) else None


class _Checker:
    def __init__(self, cluster: Cluster, identity: Identity, params: Params) -> None:
        self._cluster = cluster
        self._identity = identity
        self._params = params

    def check(self, rule: Sequence[Any]) -> None:
        """Raise `ForbiddenError` unless the rule is met."""
        kind, *rest = rule
        tests: Mapping[str, Callable[..., None]] = {
            "and": self._and,
            "or": self._or,
            "perm": self._perm,
            "perm-modify": self._perm_modify,
            "userid-group": self._userid_group,
            "userid-param": self._userid_param,
        }
        tests[kind](*rest)

    def _and(self, *rules: Sequence[Any]) -> None:
        for rule in rules:
            self.check(rule)

    def _or(self, *rules: Sequence[Any]) -> None:
        for rule in rules:
            try:
                self.check(rule)
            except ForbiddenError:
                continue
            return
        raise denied()

    def _fill(self, template: str) -> str:
        return re.sub(r"\{(\w+)\}", lambda match: str(self._params.get(match[1], "")), template)

    def _perm(self, template: str, privs: Sequence[str], *options: Any) -> None:
        wanted = dict(zip(options[::2], options[1::2], strict=True))
        needed = wanted.get("require_param")
        if needed and self._params.get(needed) is None:
            raise denied()
        path = normalise(self._fill(template))
        any_of = bool(wanted.get("any"))
        if path is None:
            raise denied(f", {'|'.join(privs) if any_of else privs[0]}")
        self._cluster.access.check(self._identity, path, privs, any=any_of)

    def _perm_modify(self, template: str) -> None:
        """Whoever may allocate things below a path may also hand out privileges on them."""
        access, identity = self._cluster.access, self._identity
        path = normalise(self._fill(template)) or "/"
        kind = path.split("/")[1]
        also = {"storage": "Datastore.Allocate", "vms": "VM.Allocate", "pool": "Pool.Allocate"}.get(kind)
        privs = ["Permissions.Modify", *([also] if also else [])]
        access.check(identity, path, privs, any=True)

    def _userid_param(self, subject: str) -> None:
        userid = str(self._params.get("userid", ""))
        try:
            formats.user(userid)
        except formats.FormatError as error:
            raise ServerError(str(error).rstrip("\n")) from error
        if subject == "self":
            self._known(userid)
            if self._identity.authid != userid:
                raise denied()
            return
        self._cluster.access.check(self._identity, f"/access/realm/{userid.rpartition('@')[2]}", [subject])

    def _known(self, userid: str) -> None:
        if userid not in self._cluster.store.table("users"):
            raise ServerError(f"no such user ('{userid}')")

    def _userid_group(self, privs: Sequence[str], *options: Any) -> None:
        wanted = dict(zip(options[::2], options[1::2], strict=True))
        purpose = wanted.get("groups_param")
        userid = str(self._params.get("userid", ""))
        if purpose != "create":
            self._known(userid)
        access = self._cluster.access
        if access.has(self._identity, "/access/groups", privs, any=True):
            return
        groups = self._cluster.store.table("groups")
        mine = [g for g in groups if access.has(self._identity, f"/access/groups/{g}", privs, any=True)]
        if purpose:
            self._groups_named(privs, mine)
        if purpose != "create" and not any(userid in groups[group]["users"] for group in mine):
            raise denied()

    def _groups_named(self, privs: Sequence[str], mine: Sequence[str]) -> None:
        named = formats.split_list(str(self._params.get("groups", "")))
        if not named:
            raise denied(f"/access/groups, {'|'.join(privs)}")
        for group in named:
            if group not in mine:
                raise denied(f"/access/groups/{group}, {'|'.join(privs)}")
