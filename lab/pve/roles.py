# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The privileges of release 8.4 and the roles that are built in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The privileges on one kind of thing, by who needs them."""

    root: tuple[str, ...] = ()
    admin: tuple[str, ...] = ()
    user: tuple[str, ...] = ()
    audit: tuple[str, ...] = ()


_VM_CONFIG = tuple(f"VM.Config.{part}" for part in ("CPU", "Disk", "HWType", "Memory", "Network", "Options"))

_GROUPS: Mapping[str, Group] = {
    "VM": Group(
        admin=(
            *_VM_CONFIG,
            "VM.Allocate",
            "VM.Clone",
            "VM.Migrate",
            "VM.Monitor",
            "VM.Snapshot",
            "VM.Snapshot.Rollback",
        ),
        user=("VM.Backup", "VM.Config.CDROM", "VM.Config.Cloudinit", "VM.Console", "VM.PowerMgmt"),
        audit=("VM.Audit",),
    ),
    "Sys": Group(
        root=("Sys.AccessNetwork", "Sys.Incoming", "Sys.Modify", "Sys.PowerMgmt", "Permissions.Modify"),
        admin=("Sys.Console", "Sys.Syslog"),
        audit=("Sys.Audit",),
    ),
    "Datastore": Group(
        admin=("Datastore.Allocate", "Datastore.AllocateTemplate"),
        user=("Datastore.AllocateSpace",),
        audit=("Datastore.Audit",),
    ),
    "SDN": Group(admin=("SDN.Allocate",), user=("SDN.Use",), audit=("SDN.Audit",)),
    "User": Group(root=("Realm.Allocate",), admin=("Group.Allocate", "Realm.AllocateUser", "User.Modify")),
    "Pool": Group(admin=("Pool.Allocate",), user=("Pool.Audit",), audit=("Pool.Audit",)),
    "Mapping": Group(root=("Mapping.Modify",), user=("Mapping.Use",), audit=("Mapping.Audit",)),
}

_DATACENTRE = ("Sys.Audit", "Sys.Modify", "SDN.Allocate", "SDN.Audit", "SDN.Use")


def _all_privileges() -> frozenset[str]:
    return frozenset().union(*(_everything(group) for group in _GROUPS.values()))


def _everything(group: Group) -> frozenset[str]:
    return frozenset((*group.root, *group.admin, *group.user, *group.audit))


ALL_PRIVILEGES = _all_privileges()
"""Every privilege there is; what the role Administrator holds."""


@cache
def special_roles() -> Mapping[str, frozenset[str]]:
    """The built-in roles, which can neither be changed nor removed."""
    roles: dict[str, frozenset[str]] = {
        "NoAccess": frozenset(),
        "Administrator": ALL_PRIVILEGES,
        "PVEAuditor": frozenset().union(*(group.audit for group in _GROUPS.values())),
        "PVEAdmin": frozenset().union(*(_admin(group) for group in _GROUPS.values())),
        "PVETemplateUser": frozenset({"VM.Audit", "VM.Clone"}),
    }
    for name, group in _GROUPS.items():
        # Modifying mappings is root's in PVEAdmin, but belongs to the role made for mappings.
        roles[f"PVE{name}Admin"] = _everything(group) if name == "Mapping" else _admin(group)
        if group.user:
            roles[f"PVE{name}User"] = frozenset((*group.user, *group.audit))
    return roles


def _admin(group: Group) -> frozenset[str]:
    return frozenset((*group.admin, *group.user, *group.audit))


def capability_privileges() -> Mapping[str, frozenset[str]]:
    """Which privileges the ``cap`` member of a login's answer speaks of, by area."""
    permissions = frozenset({"Permissions.Modify"})
    return {
        "vms": permissions | _everything(_GROUPS["VM"]),
        "storage": permissions | _everything(_GROUPS["Datastore"]),
        "access": permissions | {"Group.Allocate", "User.Modify"},
        "nodes": permissions | {priv for priv in ALL_PRIVILEGES if priv.startswith("Sys.")},
        "sdn": permissions | _everything(_GROUPS["SDN"]),
        "dc": frozenset(_DATACENTRE),
        "mapping": permissions | _everything(_GROUPS["Mapping"]),
    }
