# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one list of the privileges that Renfort's tokens need, each with what it is for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

ZONE = "localnetwork"
"""The zone of the bridges that nodes have without SDN."""


class Duty(StrEnum):
    """What an account is for: each has a user and a token of its own."""

    GUESTS = "guests"
    TEMPLATES = "templates"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Privileges on a path, as part of a role.

    ``path`` may hold one of ``{pool}``, ``{template}``, ``{storage}``, ``{images}``, ``{node}`` and
    ``{bridge}``: it stands for one path for each value of that name. Without ``below`` the role reaches
    the path itself and nothing under it.
    """

    path: str
    role: str
    privileges: tuple[str, ...]
    purpose: str
    below: bool = True


_POOL = ("/pool/{pool}", "RenfortGuests")
_GOLDEN = ("/vms/{template}", "RenfortTemplateMaker")


def _need(where: tuple[str, str], *privileges: str, purpose: str, below: bool = True) -> Need:
    path, role = where
    return Need(path=path, role=role, privileges=privileges, purpose=purpose, below=below)


NEEDS: Mapping[Duty, tuple[Need, ...]] = {
    Duty.GUESTS: (
        _need(
            ("/", "RenfortView"),
            "Sys.Audit",
            purpose="which hypervisors are in maintenance; `/` itself only",
            below=False,
        ),
        _need(
            ("/nodes", "RenfortView"),
            "Sys.Audit",
            purpose="cores and memory of the hypervisors, without which nothing is placed",
        ),
        _need(
            ("/vms", "RenfortInventory"),
            "VM.Audit",
            purpose="see every guest: the inventory, ids that are taken, memory promised to others",
        ),
        _need(
            _POOL,
            "VM.Allocate",
            purpose="make a guest, as a member of the pool, and remove it at its release",
        ),
        _need(_POOL, "VM.Config.Options", purpose="its name, tags, description and agent option"),
        _need(_POOL, "VM.Config.CPU", "VM.Config.Memory", purpose="its cores and memory"),
        _need(
            _POOL,
            "VM.Config.Network",
            purpose="its bridge, and cloud-init: address, name servers, first user, ssh keys",
        ),
        _need(_POOL, "VM.Config.Disk", purpose="its data disk, and growing its disks"),
        _need(
            _POOL, "VM.PowerMgmt", purpose="start; shut down at its release and where `allow_restart` is set"
        ),
        _need(_POOL, "VM.Monitor", purpose="read its ssh host key through the agent"),
        _need(_POOL, "Pool.Allocate", purpose="move a guest of ours into the pool"),
        _need(
            ("/vms/{template}", "RenfortTemplate"),
            "VM.Audit",
            "VM.Clone",
            purpose="read and clone the template",
        ),
        _need(
            ("/storage/{storage}", "RenfortStorage"),
            "Datastore.AllocateSpace",
            purpose="the clone's disk, its cloud-init drive, its data disk, growing",
        ),
        _need(
            ("/sdn/zones/" + ZONE + "/{bridge}", "RenfortBridges"),
            "SDN.Use",
            purpose="plug guests into the bridge, the template's own included",
        ),
    ),
    Duty.TEMPLATES: (
        _need(_GOLDEN, "VM.Audit", purpose="see whether the template is there, and how far it is"),
        _need(_GOLDEN, "VM.Allocate", purpose="make the guest and turn it into a template"),
        _need(_GOLDEN, "VM.Config.Options", purpose="its name, tags, description, agent and system type"),
        _need(_GOLDEN, "VM.Config.CPU", "VM.Config.Memory", purpose="its cores and memory"),
        _need(_GOLDEN, "VM.Config.HWType", purpose="its disk controller and serial console"),
        _need(_GOLDEN, "VM.Config.Network", purpose="its card"),
        _need(_GOLDEN, "VM.Config.Disk", purpose="growing its disk, the boot order, the cloud-init drive"),
        _need(_GOLDEN, "VM.Config.CDROM", purpose="take the seed of the first boot out again"),
        _need(_GOLDEN, "VM.PowerMgmt", purpose="the first boot, and its end"),
        _need(
            _GOLDEN, "VM.Monitor", purpose="see that the agent answers, and have the guest forget who it was"
        ),
        _need(
            ("/storage/{storage}", "RenfortStorage"),
            "Datastore.AllocateSpace",
            purpose="the template's disk and its cloud-init drive",
        ),
        _need(
            ("/storage/{images}", "RenfortTemplateMakerImages"),
            "Datastore.AllocateTemplate",
            purpose="fetch the image, upload the seed",
        ),
        _need(
            ("/storage/{images}", "RenfortTemplateMakerImages"),
            "Datastore.Audit",
            purpose="see which of the two are there already",
        ),
        _need(
            ("/storage/{images}", "RenfortTemplateMakerImages"),
            "Datastore.Allocate",
            purpose="import the image, and remove both when the template is made",
        ),
        _need(
            ("/nodes/{node}", "RenfortTemplateMakerNode"),
            "Sys.AccessNetwork",
            purpose="let the node fetch the image from its address",
        ),
        _need(
            ("/sdn/zones/" + ZONE + "/{bridge}", "RenfortBridges"),
            "SDN.Use",
            purpose="plug the template into its bridge",
        ),
    ),
}
"""Every need, by duty. Where roles of several duties share a name they hold the same privileges."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The names for which the paths stand; a name without values takes its paths out of the list."""

    pools: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()
    storages: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    nodes: tuple[str, ...] = ()
    bridges: tuple[str, ...] = ()

    def fill(self, path: str) -> Iterator[str]:
        """The paths that a need's path stands for."""
        values = {
            "{pool}": self.pools,
            "{template}": self.templates,
            "{storage}": self.storages,
            "{images}": self.images,
            "{node}": self.nodes,
            "{bridge}": self.bridges,
        }
        name = next((name for name in values if name in path), None)
        yield from (path.replace(name, value) for value in values[name]) if name else (path,)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Grant:
    """A role on a path; ``below`` is whether it reaches the paths under it too."""

    path: str
    role: str
    below: bool = True


OWN_ROLES = frozenset(need.role for needs in NEEDS.values() for need in needs)
"""The names of all roles that are Renfort's: no other role is ever changed, given or taken."""


def roles(duty: Duty) -> dict[str, tuple[str, ...]]:
    """Return the roles of a duty: name to its privileges, sorted."""
    found: dict[str, set[str]] = {}
    for need in NEEDS[duty]:
        found.setdefault(need.role, set()).update(need.privileges)
    return {role: tuple(sorted(privileges)) for role, privileges in sorted(found.items())}


def grants(duty: Duty, places: Places) -> tuple[Grant, ...]:
    """Return which role the duty needs on which path, sorted."""
    found = {
        Grant(path=path, role=need.role, below=need.below)
        for need in NEEDS[duty]
        for path in places.fill(need.path)
    }
    return tuple(sorted(found))


def privileges_by_path(duty: Duty, places: Places) -> dict[str, tuple[str, ...]]:
    """Return all that the duty's account may do: path to privileges, both sorted."""
    known = roles(duty)
    found: dict[str, set[str]] = {}
    for grant in grants(duty, places):
        found.setdefault(grant.path, set()).update(known[grant.role])
    return {path: tuple(sorted(found[path])) for path in sorted(found)}
