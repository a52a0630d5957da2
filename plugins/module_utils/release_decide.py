# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which machines are released, and refuse what must not be: nothing is touched here. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .core.errors import RenfortError
from .core.machine import OWNER_TAG, Machine
from .core.names import order_key
from .core.plan import Plan
from .core.server_use import ServerState, ServerUse
from .proxmox_cluster import ClusterView, Guest
from .release_minimum import Group, Left, left_over

DIGEST_LENGTH = 10
"""How many characters of a digest are typed to confirm."""


class ReleaseError(RenfortError):
    """What was asked for is not released; nothing was touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be released: names, all machines of a tenant that leaves, and machines nobody asks for.

    ``unplanned`` are guests of ours that the plan does not hold, ``surplus`` those beyond the demand.
    ``drained`` are the tiers that the caller takes out of service before; with ``undrained`` the others
    are stopped as they are.
    """

    names: tuple[str, ...] = ()
    tenant: str = ""
    unplanned: bool = False
    surplus: bool = False
    drained: frozenset[str] = frozenset()
    undrained: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A machine that is released: what is still there of it, in the cluster and in the plan."""

    name: str
    tier: str
    tenant: str
    ip: str
    guest: Guest | None = None
    planned: Machine | None = None
    server: ServerUse | None = None

    @property
    def group(self) -> Group:
        """Tier and tenant."""
        return self.tier, self.tenant

    @property
    def is_there(self) -> bool:
        """Whether more of it is left than its entry in the plan."""
        return self.guest is not None or self.server is not None

    @property
    def serves(self) -> bool:
        """Whether it may still serve users: a guest that is not stopped, a server in service for a tier.

        One that an interrupted release had stopped already is no further loss to its group.
        """
        if self.server is not None:
            return bool(self.server.machine) and self.server.state is ServerState.IN_SERVICE
        return self.guest is not None and self.guest.status != "stopped"

    @property
    def described(self) -> str:
        """What it is, for people."""
        if self.server is not None:
            what = self.server.machine or "a hypervisor"
            return f"the server {self.server.name}, {what}, back to the shelf"
        if self.guest is not None:
            return f"guest {self.guest.vmid} on {self.guest.node}, {self.ip}, {self.guest.status}"
        return f"no guest any more, still in the plan with its id and {self.ip}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """The machines to release in the order of the plan, what is left of each group, and notes."""

    targets: tuple[Target, ...]
    left: tuple[Left, ...]
    notes: tuple[str, ...]
    confirmed_by: tuple[str, ...]

    @property
    def digest(self) -> str:
        """What confirms the removal of just these names."""
        return hashlib.sha256("\n".join(self.confirmed_by).encode()).hexdigest()[:DIGEST_LENGTH]

    def is_confirmed(self, text: str) -> bool:
        """Tell whether a text is the digest, or holds the names of all that is removed."""
        words = text.replace(",", " ").split()
        return words == [self.digest] or {target.name for target in self.targets} <= set(words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """What is decided on: the cluster, the plan, and per group of machines what must be left.

    ``carriers`` are the servers which the stock says are in service, each with the group that it serves.
    """

    view: ClusterView
    plan: Plan
    groups: Mapping[Group, Left]
    carriers: Mapping[str, Group] = field(default_factory=dict)

    def owned(self) -> tuple[Guest, ...]:
        """Return the guests of ours."""
        return tuple(
            guest
            for guest in self.view.guests
            if OWNER_TAG in guest.tags and guest.type == "qemu" and not guest.template
        )


def decide_release(fleet: Fleet, wanted: Wanted, *, is_name: Callable[[str], bool]) -> Release:
    """Return what is released.

    Args:
        fleet: the cluster and the plan.
        wanted: what is asked for.
        is_name: whether a text has the form of a machine's name; a name of that form that nothing
            bears is taken for one that was released before.

    Raises:
        ReleaseError: with every reason why not.
    """
    if not (wanted.names or wanted.tenant or wanted.unplanned or wanted.surplus):
        raise ReleaseError(
            "Nothing was asked for.",
            hint="Set renfort_release to names, or one of renfort_release_surplus, renfort_release_unplanned "
            "and renfort_release_tenant.",
        )
    found, gone = _named(fleet, wanted, is_name)
    targets = sorted(
        {target.name: target for target in (*found, *_others(fleet, wanted))}.values(),
        key=lambda it: order_key(tier=it.tier, tenant=it.tenant, name=it.name),
    )
    problems = [problem for target in targets for problem in _problems(fleet, target)]
    problems += _undrained(targets, wanted)
    left = left_over(fleet.groups, _running(fleet), [it for it in targets if it.serves])
    problems += [item.refusal for item in left if item.is_broken and item.tenant != (wanted.tenant or None)]
    if problems:
        raise ReleaseError(
            f"Nothing is released: {' | '.join(problems)}",
            hint="Correct what is asked for and run again; nothing was touched.",
        )
    return Release(
        targets=tuple(targets),
        left=left,
        notes=(*gone, *(item.note for item in left if item.note)),
        confirmed_by=tuple(sorted({*wanted.names, *(target.name for target in targets)})),
    )


def _named(
    fleet: Fleet, wanted: Wanted, is_name: Callable[[str], bool]
) -> tuple[list[Target], tuple[str, ...]]:
    """Return the targets that names mean, and a note for each name that nothing bears any more."""
    targets: list[Target] = []
    gone: list[str] = []
    unknown: list[str] = []
    for name in sorted(set(wanted.names)):
        target = _target(fleet, name)
        if target is not None:
            targets.append(target)
        elif is_name(name):
            gone.append(f"{name} is neither in the cluster nor in the plan: released before, or misspelt")
        else:
            unknown.append(name)
    stated = sorted(
        set(wanted.names) & (set(fleet.carriers) | {node.name for node in fleet.view.hypervisors})
    )
    stated = [name for name in stated if name not in {target.name for target in targets}]
    if stated:
        raise ReleaseError(
            f"Nothing is released: {', '.join(stated)}: in service by what stock.yml states.",
            hint="Take them out of service, then out of stock.yml, and plan again; nothing was touched.",
        )
    if unknown:
        raise ReleaseError(
            f"Nothing is released: {', '.join(unknown)}: neither in the cluster nor in the plan, and no name "
            "that Renfort gives.",
            hint="Write names as the plan does, such as eure-web-04; nothing was touched.",
        )
    return targets, tuple(gone)


def _others(fleet: Fleet, wanted: Wanted) -> list[Target]:
    """Return the targets that are asked for by what they are."""
    names: set[str] = set()
    planned = {machine.name for machine in fleet.plan.machines}
    owned = fleet.owned()
    if wanted.tenant:
        names |= {guest.name for guest in owned if _tag(guest, "tenant-") == wanted.tenant}
        names |= {machine.name for machine in fleet.plan.machines if machine.tenant == wanted.tenant}
        names |= {use.machine for use in fleet.plan.servers if use.machine and use.tenant == wanted.tenant}
    if wanted.unplanned:
        names |= {guest.name for guest in owned} - planned
    if wanted.surplus:
        names |= _surplus(fleet, owned)
    return [target for name in sorted(names) if (target := _target(fleet, name)) is not None]


def _surplus(fleet: Fleet, owned: Sequence[Guest]) -> set[str]:
    """Return the guests beyond what demand and minimum ask for, of each group the highest numbers."""
    names: set[str] = set()
    for group in sorted({_group(guest) for guest in owned}):
        here = [guest.name for guest in owned if _group(guest) == group]
        here.sort(key=lambda name: order_key(tier=group[0], tenant=group[1], name=name))
        bounds = fleet.groups.get(group)
        elsewhere = sum((use.tier, use.tenant) == group for use in fleet.plan.servers if use.machine)
        keep = max(bounds.minimum, bounds.asked) - elsewhere if bounds else 0
        names |= set(here[max(keep, 0) :])
    return names


def _target(fleet: Fleet, name: str) -> Target | None:
    """Return what a name means; None when nothing bears it."""
    planned = next((machine for machine in fleet.plan.machines if machine.name == name), None)
    server = next((use for use in fleet.plan.servers if name in (use.machine, use.name)), None)
    guest = next((item for item in fleet.view.guests if item.name == name), None)
    if guest is None and planned is not None:
        # A guest on a hypervisor that is off-line, or one that was just made, has no name in the list.
        guest = fleet.view.guest(planned.vmid)
    if guest is None and planned is None and server is None:
        return None
    if server is not None:
        return Target(
            name=name, tier=server.tier, tenant=server.tenant, ip=server.ip, guest=guest, server=server
        )
    tier, tenant = (planned.tier, planned.tenant) if planned else _group(guest)
    ip = planned.ip if planned else _tag(guest, "ip-")
    return Target(name=name, tier=tier, tenant=tenant, ip=ip, guest=guest, planned=planned)


def _problems(fleet: Fleet, target: Target) -> list[str]:
    """Return why a target must not be touched, each reason one sentence."""
    if target.server is not None:
        return _server_problems(fleet, target.name, target.server)
    guest = target.guest
    if guest is None:
        return []
    where = f"the guest {guest.vmid} ({guest.name or 'without a name'}) on {guest.node}"
    if guest.type != "qemu" or guest.template:
        return [f"{target.name}: {where} is a {'template' if guest.template else 'container'}."]
    if OWNER_TAG not in guest.tags:
        return [f"{target.name}: {where} lacks the tag {OWNER_TAG}: it is somebody else's."]
    twins = [str(item.vmid) for item in fleet.view.guests if item.name == target.name]
    if len(twins) > 1:
        return [f"{target.name}: the guests {', '.join(twins)} all bear this name."]
    node = fleet.view.hypervisor(guest.node)
    if node is None or not node.online:
        return [f"{target.name}: its hypervisor {guest.node} is off-line."]
    return _disagreements(target, guest, where)


def _disagreements(target: Target, guest: Guest, where: str) -> list[str]:
    """Return in what a guest is not the machine that the plan means."""
    planned = target.planned
    if planned is None:
        return []
    pairs = [
        ("id", str(planned.vmid), str(guest.vmid)),
        ("name", planned.name, guest.name),
        ("tier", planned.tier, _tag(guest, "tier-")),
        ("tenant", planned.tenant, _tag(guest, "tenant-")),
        ("address", planned.ip, _tag(guest, "ip-")),
    ]
    return [
        f"{target.name}: {where} has the {what} {there or 'none'}, the plan says {plan or 'none'}."
        for what, plan, there in pairs
        if plan != there
    ]


def _server_problems(fleet: Fleet, name: str, use: ServerUse) -> list[str]:
    if use.machine and name != use.machine:
        return [f"{name}: it carries {use.machine}: release it by that name."]
    if use.machine:
        return []
    guests = [guest.name or str(guest.vmid) for guest in fleet.view.guests if guest.node == use.name]
    if guests:
        return [f"{name}: {len(guests)} guests are on this hypervisor: {', '.join(guests[:5])}."]
    if fleet.view.hypervisor(use.name) is not None:
        return [f"{name}: the cluster still counts it: take it out there first (pvecm delnode {use.name})."]
    return []


def _undrained(targets: Iterable[Target], wanted: Wanted) -> list[str]:
    tiers = sorted({it.tier for it in targets if it.serves} - wanted.drained)
    if not tiers or wanted.undrained:
        return []
    return [
        f"nothing takes machines of {', '.join(tiers)} out of service before they stop: do so by hand, then "
        "set renfort_release_undrained."
    ]


def _running(fleet: Fleet) -> Counter[Group]:
    """Return how many machines of each group can serve now; one on a hypervisor off-line cannot."""
    online = {node.name for node in fleet.view.hypervisors if node.online}
    up = [guest for guest in fleet.owned() if guest.status != "stopped" and guest.node in online]
    found = Counter(_group(guest) for guest in up)
    found.update(
        (use.tier, use.tenant)
        for use in fleet.plan.servers
        if use.machine and use.state is ServerState.IN_SERVICE
    )
    found.update(fleet.carriers.values())
    return found


def _group(guest: Guest | None) -> Group:
    return _tag(guest, "tier-"), _tag(guest, "tenant-")


def _tag(guest: Guest | None, prefix: str) -> str:
    tags = guest.tags if guest else ()
    return next((tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)), "")
