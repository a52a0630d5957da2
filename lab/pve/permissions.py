# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what: roles on paths, inherited downwards, and through pools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .call import Identity
from .errors import ForbiddenError
from .roles import ALL_PRIVILEGES, special_roles
from .store import Row, Store, Table

ROOT = "root@pam"
NO_ACCESS = "NoAccess"

Granted = Mapping[str, bool]
"""Privilege (or role) to whether it reaches the paths below as well."""


def denied(what: str = "") -> ForbiddenError:
    """The refusal for a missing privilege."""
    return ForbiddenError(f"Permission check failed ({what})" if what else "Permission check failed")


class Access:
    """The access lists of a cluster.

    Rows of table ``acl``, by path: ``{"users"|"groups"|"tokens": {name: {role: propagate}}}``.
    Rows of ``roles``: ``{"privs": [name, …]}``, of ``groups``: ``{"users": [userid, …], …}``, of
    ``tokens`` (by ``user!token``): ``{"privsep": 0|1, …}``.
    """

    def __init__(self, store: Store) -> None:
        self._acl = store.table("acl")
        self._roles = store.table("roles")
        self._groups = store.table("groups")
        self._users = store.table("users")
        self._tokens = store.table("tokens")
        self._pools = store.table("pools")
        self._guests = store.table("guests")
        self._cache: dict[tuple[str, str], Granted] = {}
        self._members: dict[str, list[str]] = {}
        self._seen: tuple[int, ...] = ()

    def check(self, identity: Identity, path: str, privs: Iterable[str], any: bool = False) -> None:
        """Raise `ForbiddenError` unless the caller holds all (or any) of the privileges on the path."""
        wanted = list(privs)
        granted = self.granted(identity, path)
        if any:
            if not [priv for priv in wanted if priv in granted]:
                raise denied(f"{path}, {'|'.join(wanted)}")
            return
        for priv in wanted:
            if priv not in granted:
                raise denied(f"{path}, {priv}")

    def has(self, identity: Identity, path: str, privs: Iterable[str], any: bool = False) -> bool:
        """Whether `check` would let the caller pass."""
        try:
            self.check(identity, path, privs, any)
        except ForbiddenError:
            return False
        return True

    def check_vm(
        self, identity: Identity, vmid: int, pool: str | None, privs: Iterable[str], any: bool = False
    ) -> None:
        """Like `check` on the guest's path, but a privilege on ``pool`` is as good."""
        wanted = list(privs)
        if pool and self.has(identity, f"/pool/{pool}", wanted, any):
            return
        self.check(identity, f"/vms/{vmid}", wanted, any)

    def granted(self, identity: Identity, path: str) -> Granted:
        """The privileges of the caller on a path."""
        if identity.authid == ROOT:
            return dict.fromkeys(ALL_PRIVILEGES, True)
        if identity.user == ROOT and not self._separated(identity):
            return dict.fromkeys(ALL_PRIVILEGES, True)
        self._forget_when_changed()
        key = (identity.authid, path)
        if key not in self._cache:
            self._cache[key] = self._compile(identity, path)
        return self._cache[key]

    def role(self, name: str) -> frozenset[str] | None:
        """The privileges of a role, or None when there is none of that name."""
        special = special_roles().get(name)
        if special is not None:
            return special
        row = self._roles.get(name)
        return None if row is None else frozenset(row["privs"])

    def _forget_when_changed(self) -> None:
        tables: tuple[Table, ...] = (
            self._acl,
            self._roles,
            self._groups,
            self._users,
            self._tokens,
            self._pools,
        )
        versions = tuple(table.version for table in tables)
        if versions != self._seen:
            self._cache.clear()
            self._members.clear()
            self._seen = versions

    def _separated(self, identity: Identity) -> bool:
        """Whether the caller is a token with privileges of its own."""
        row: Row = self._tokens.get(identity.authid, {})
        return bool(identity.token and row.get("privsep", 1))

    def _compile(self, identity: Identity, path: str) -> Granted:
        owner = Identity(user=identity.user)
        if identity.token:
            if identity.authid not in self._tokens:
                return {}
            if not self._separated(identity):
                return self.granted(owner, path)
        privs: dict[str, bool] = {}
        for role, propagate in self._roles_with_pools(identity, path).items():
            for priv in self.role(role) or ():
                privs[priv] = privs.get(priv, False) or propagate
        if not identity.token:
            return privs
        of_user = self.granted(owner, path)
        return {priv: of_user[priv] and flag for priv, flag in privs.items() if priv in of_user}

    def _roles_with_pools(self, identity: Identity, path: str) -> Granted:
        roles = dict(self._roles_on(identity, path))
        if NO_ACCESS in roles:
            return roles
        through: dict[str, bool] = {}
        for pool in self._pools_of(path):
            through |= dict.fromkeys(self._roles_on(identity, f"/pool/{pool}"), False)
        if NO_ACCESS in through:
            return {NO_ACCESS: False}
        return through | roles

    def _pools_of(self, path: str) -> list[str]:
        if not self._members:
            for name, row in self._pools.items():
                for vmid in row.get("vms", ()):
                    self._members.setdefault(f"/vms/{vmid}", []).append(name)
                for storage in row.get("storages", ()):
                    self._members.setdefault(f"/storage/{storage}", []).append(name)
        return self._members.get(path, [])

    def _roles_on(self, identity: Identity, path: str) -> Granted:
        """The roles on a path, the nearest statement above it overriding those further up."""
        found: Granted = {}
        for step in _steps(path):
            entry = self._acl.get(step)
            if entry is not None:
                found = self._roles_at(identity, entry, final=step == path) or found
        if NO_ACCESS in found:
            return {NO_ACCESS: found[NO_ACCESS]}
        return found

    def _roles_at(self, identity: Identity, entry: Row, *, final: bool) -> Granted:
        kind = "tokens" if identity.token else "users"
        own = _reaching(entry.get(kind, {}).get(identity.authid, {}), final)
        if own or identity.token:
            return own
        roles: dict[str, bool] = {}
        for group, given in entry.get("groups", {}).items():
            if identity.user in self._groups.get(group, {}).get("users", ()):
                roles |= _reaching(given, final)
        return roles


def _reaching(given: Mapping[str, int], final: bool) -> dict[str, bool]:
    return {role: bool(propagate) for role, propagate in given.items() if final or propagate}


def _steps(path: str) -> list[str]:
    """``/a/b`` to ``["/", "/a", "/a/b"]``."""
    steps = ["/"]
    for part in path.strip("/").split("/") if path != "/" else []:
        steps.append(f"{steps[-1].rstrip('/')}/{part}")
    return steps
