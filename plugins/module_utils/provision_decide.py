# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a planned machine and the guest as it is to the list of actions, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .core.errors import RenfortError
from .core.machine import OWNER_TAG, Machine
from .provision_changes import CLAIM, Access, Change, config_changes, is_claimed, reason_of, waiting_changes
from .provision_disks import disk_notes, growing_disks, missing_disk, refuse_taken_slot
from .provision_values import DATA_DISK, boot_disk, storage_of
from .proxmox_cluster import split_tags


class StrangerError(RenfortError):
    """The guest that bears the planned id is not the planned machine's: nothing is touched."""


class Kind(StrEnum):
    """What an action does."""

    CLONE = "clone"
    STOP = "stop"
    CONFIGURE = "configure"
    ADD_DISK = "add_disk"
    GROW = "grow"
    POOL = "pool"
    START = "start"
    HOST_KEY = "host_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step towards the planned state, with the reason for it."""

    kind: Kind
    reason: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestState:
    """A guest as it is: its place, whether it runs, its pool, and its configuration.

    ``config`` is the configuration that it will have after its next start, ``live`` the values still in
    force of those keys that wait for it.
    """

    node: str
    running: bool
    pool: str
    config: Mapping[str, object] = field(default_factory=dict)
    live: Mapping[str, object] = field(default_factory=dict)


def guest_state(rows: Iterable[Mapping[str, object]], *, node: str, running: bool, pool: str) -> GuestState:
    """Return the state that the rows of the API's ``pending`` show: keys with their values, old and new."""
    config: dict[str, object] = {}
    live: dict[str, object] = {}
    for row in rows:
        key, value = str(row["key"]), row.get("value")
        if "pending" in row or row.get("delete"):
            live[key] = value
        if "pending" in row:
            config[key] = row["pending"]
        elif not row.get("delete"):
            config[key] = value
    return GuestState(node=node, running=running, pool=pool, config=config, live=live if running else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The actions in their order, those withheld since they need ``allow_restart``, and remarks."""

    machine: Machine
    actions: tuple[Action, ...]
    withheld: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()


def decide(
    machine: Machine,
    guest: GuestState | None,
    *,
    template: Mapping[str, object],
    access: Access,
    host_key_known: bool,
    allow_restart: bool,
) -> Decision:
    """Return what makes the guest the planned machine.

    ``guest`` is what bears the machine's id now, None when nothing does; a missing guest is foretold
    from the configuration of its ``template``. ``host_key_known`` says whether the known-hosts file has
    a key for the machine's address, ``allow_restart`` whether a running guest may be shut down.

    Raises:
        StrangerError: the guest that bears the id is somebody else's.
        SlotTakenError: there is no place for its data disk.
    """
    if guest is None:
        return _decide_missing(machine, template, access)
    refuse_stranger(machine, guest)
    refuse_taken_slot(machine, guest.config)
    changes = (*config_changes(machine, guest.config, access), *missing_disk(machine, guest.config))
    restarting = _restarting(changes, guest)
    withheld = () if allow_restart else restarting
    wanted = tuple(change for change in changes if change not in withheld)
    restart = bool(restarting) and allow_restart
    actions: list[Action] = []
    if restart:
        actions.append(Action(kind=Kind.STOP, reason=f"{_keys(restarting)} change only while it is off"))
    actions += _configure(wanted)
    for change in growing_disks(machine, guest.config, guest.live):
        actions.append(Action(kind=Kind.GROW, reason=reason_of((change,)), changes=(change,)))
    actions += _join_pool(machine, guest)
    if restart or not guest.running:
        actions.append(Action(kind=Kind.START, reason="it was shut down" if restart else "it is stopped"))
    if not host_key_known:
        actions.append(Action(kind=Kind.HOST_KEY, reason=f"no known key for {machine.ip}"))
    return Decision(machine=machine, actions=tuple(actions), withheld=withheld, notes=_notes(machine, guest))


def _restarting(changes: tuple[Change, ...], guest: GuestState) -> tuple[Change, ...]:
    """Return the changes, those that were made before included, that a running guest takes by a restart."""
    new = tuple(change for change in changes if change.restarts and guest.running)
    known = {change.key for change in changes}
    waiting = waiting_changes(guest.config, guest.live)
    return (*new, *(change for change in waiting if change.key not in known))


def refuse_stranger(machine: Machine, guest: GuestState) -> None:
    """Raise `StrangerError` unless the guest is the planned machine's."""
    problem = _strangeness(machine, guest)
    if problem:
        raise StrangerError(
            f"The plan gives id {machine.vmid} to {machine.name}, but the guest "
            f"{guest.config.get('name') or 'without a name'} on {guest.node} bears it and {problem}: "
            "it was not touched.",
            hint="Plan again to get another id, or tag the guest if it is Renfort's.",
        )


def is_own(machine: Machine, guest: GuestState) -> bool:
    """Tell whether the guest is the planned machine's, tagged already or still being made."""
    return not _strangeness(machine, guest)


def _strangeness(machine: Machine, guest: GuestState) -> str:
    """Return why a guest is not the planned machine's; empty when it is.

    It may bear another name or have another address, not both: then it is another machine of ours.
    """
    tags = set(split_tags(guest.config.get("tags")))
    if OWNER_TAG not in tags:
        return "" if is_claimed(machine, guest.config) else f"has no tag {OWNER_TAG}"
    for prefix, wanted in (("tier-", machine.tier), ("tenant-", machine.tenant)):
        live = sorted(tag for tag in tags if tag.startswith(prefix))
        if live and live != [f"{prefix}{wanted}".lower()]:
            return f"is tagged {', '.join(live)}"
    address = sorted(tag for tag in tags if tag.startswith("ip-"))
    renamed = str(guest.config.get("name") or "") != machine.name
    if renamed and address and address != [f"ip-{machine.ip}"]:
        return f"is tagged {', '.join(address)}"
    return ""


def linked(machine: Machine, template: Mapping[str, object]) -> bool:
    """Tell whether the clone can share the template's disk: only on the template's own storage."""
    return storage_of(boot_disk(template)[1]) == machine.storage


def _decide_missing(machine: Machine, template: Mapping[str, object], access: Access) -> Decision:
    how = "linked" if linked(machine, template) else f"full, to storage {machine.storage}"
    clone = Action(kind=Kind.CLONE, reason=f"{machine.reason} ({how} clone of {machine.template})")
    foretold = GuestState(
        node=machine.hypervisor,
        running=False,
        pool=machine.pool,
        config={**template, "name": machine.name, "description": f"{CLAIM}{machine.name}"},
    )
    rest = decide(
        machine, foretold, template=template, access=access, host_key_known=False, allow_restart=False
    )
    return replace(rest, actions=(clone, *rest.actions))


def _configure(wanted: tuple[Change, ...]) -> list[Action]:
    """A disk is added apart from the rest: of what is sent twice it alone would be there twice."""
    options = tuple(change for change in wanted if change.key != DATA_DISK)
    disks = tuple(change for change in wanted if change.key == DATA_DISK)
    kinds = ((Kind.CONFIGURE, options), (Kind.ADD_DISK, disks))
    return [Action(kind=kind, reason=reason_of(it), changes=it) for kind, it in kinds if it]


def _join_pool(machine: Machine, guest: GuestState) -> list[Action]:
    if not machine.pool or guest.pool == machine.pool:
        return []
    return [Action(kind=Kind.POOL, reason=f"pool: {guest.pool or 'none'} -> {machine.pool}")]


def _notes(machine: Machine, guest: GuestState) -> tuple[str, ...]:
    notes: list[str] = []
    if guest.node != machine.hypervisor:
        notes.append(f"it runs on {guest.node}, the plan says {machine.hypervisor}: left where it is")
    return (*notes, *disk_notes(machine, guest.config))


def _keys(changes: tuple[Change, ...]) -> str:
    return ", ".join(change.key for change in changes)
