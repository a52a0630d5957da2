# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a planned machine and the guest as it is to the list of actions, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from .core.errors import RenfortError
from .core.machine import OWNER_TAG, Machine
from .provision_values import (
    GIB,
    agent_is_on,
    boot_disk,
    bridge_of,
    bytes_of,
    cores_of,
    distinct_keys,
    encode_ssh_keys,
    memory_mib_of,
    merged_tags,
    net_with_bridge,
    options_of,
    servers_of,
    ssh_keys_of,
    storage_of,
)
from .proxmox_cluster import split_tags

CLAIM = "Renfort: being made as "
"""Start of the description that a fresh clone bears until it is configured: ours, though not tagged yet."""


class StrangerError(RenfortError):
    """The guest that bears the planned id is not the planned machine's: nothing is touched."""


class Kind(StrEnum):
    """What an action does."""

    CLONE = "clone"
    STOP = "stop"
    CONFIGURE = "configure"
    GROW = "grow"
    POOL = "pool"
    START = "start"
    HOST_KEY = "host_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A difference in one key: ``before`` and ``after`` for people, ``value`` as sent (None deletes)."""

    key: str
    before: str
    after: str
    value: str | None
    restarts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One step towards the planned state, with the reason for it."""

    kind: Kind
    reason: str
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestState:
    """A guest as it is: its place, whether it runs, its pool, and its configuration as the API shows it."""

    node: str
    running: bool
    pool: str
    config: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How people and Ansible get in: cloud-init's user and the public keys it accepts."""

    user: str
    ssh_keys: tuple[str, ...]


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
    """
    if guest is None:
        return _decide_missing(machine, template, access)
    refuse_stranger(machine, guest)
    changes = config_changes(machine, guest.config, access)
    restarting = tuple(change for change in changes if change.restarts and guest.running)
    withheld = () if allow_restart else restarting
    wanted = tuple(change for change in changes if change not in withheld)
    restart = bool(restarting) and allow_restart
    actions: list[Action] = []
    if restart:
        actions.append(Action(kind=Kind.STOP, reason=f"{_keys(restarting)} change only while it is off"))
    if wanted:
        actions.append(Action(kind=Kind.CONFIGURE, reason=_reason(wanted), changes=wanted))
    actions += _grow(machine, guest.config)
    actions += _join_pool(machine, guest)
    if restart or not guest.running:
        actions.append(Action(kind=Kind.START, reason="it was shut down" if restart else "it is stopped"))
    if not host_key_known:
        actions.append(Action(kind=Kind.HOST_KEY, reason=f"no known key for {machine.ip}"))
    return Decision(machine=machine, actions=tuple(actions), withheld=withheld, notes=_notes(machine, guest))


def refuse_stranger(machine: Machine, guest: GuestState) -> None:
    """Raise `StrangerError` unless the guest is Renfort's and of the machine's tier and tenant."""
    tags = set(split_tags(guest.config.get("tags")))
    name = str(guest.config.get("name") or "")
    if OWNER_TAG not in tags:
        if is_claimed(machine, guest.config):
            return
        raise StrangerError(
            f"The plan gives id {machine.vmid} to {machine.name}, but the guest "
            f"{name or 'without a name'} on {guest.node} bears it and has no tag {OWNER_TAG}: "
            "it was not touched.",
            hint="Plan again to get another id, or tag the guest if it is Renfort's.",
        )
    for prefix, wanted in (("tier-", machine.tier), ("tenant-", machine.tenant)):
        live = sorted(tag for tag in tags if tag.startswith(prefix))
        if live and live != [f"{prefix}{wanted}".lower()]:
            raise StrangerError(
                f"The plan gives id {machine.vmid} to {machine.name}, but the guest {name} on {guest.node} "
                f"bears it and is tagged {', '.join(live)}: it was not touched.",
                hint="The plan and the cluster disagree about this machine: plan again.",
            )


def is_claimed(machine: Machine, config: Mapping[str, object]) -> bool:
    """Tell whether a guest is an interrupted run's clone for this very machine."""
    return str(config.get("description") or "").strip() == f"{CLAIM}{machine.name}"


def config_changes(machine: Machine, config: Mapping[str, object], access: Access) -> tuple[Change, ...]:
    """Return the differences between a guest's configuration and its machine's, by key."""
    found = [
        _simple("name", config.get("name"), machine.name),
        _cores(machine, config),
        *_sockets(machine, config),
        _memory(machine, config),
        _agent(config),
        _listed("tags", split_tags(config.get("tags")), merged_tags(config.get("tags"), machine), ";"),
        _net(machine, config),
        _restarting(_simple("ciuser", config.get("ciuser"), access.user)),
        _ssh_keys(config, access),
        _address(machine, config),
        _restarting(_listed("nameserver", servers_of(config.get("nameserver")), machine.nameservers, " ")),
    ]
    if is_claimed(machine, config):
        claim = str(config["description"])
        found.append(Change(key="description", before=claim, after="", value=None))
    return tuple(sorted((change for change in found if change is not None), key=lambda change: change.key))


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


def _simple(key: str, before: object, after: str) -> Change | None:
    text = str(before or "")
    return None if text == after else Change(key=key, before=text, after=after, value=after)


def _restarting(change: Change | None) -> Change | None:
    return None if change is None else replace(change, restarts=True)


def _listed(key: str, before: tuple[str, ...], after: tuple[str, ...], joint: str) -> Change | None:
    if before == after:
        return None
    value = joint.join(after)
    return Change(key=key, before=joint.join(before), after=value, value=value or None)


def _cores(machine: Machine, config: Mapping[str, object]) -> Change | None:
    live = cores_of(config)
    return None if live == machine.cores else _restarting(_simple("cores", live, str(machine.cores)))


def _sockets(machine: Machine, config: Mapping[str, object]) -> list[Change | None]:
    """One socket, where the number of processors is wrong and several sockets would multiply it."""
    if cores_of(config) == machine.cores:
        return []
    return [_restarting(_simple("sockets", config.get("sockets") or "1", "1"))]


def _memory(machine: Machine, config: Mapping[str, object]) -> Change | None:
    return _restarting(_simple("memory", memory_mib_of(config.get("memory")), str(machine.memory_mib)))


def _agent(config: Mapping[str, object]) -> Change | None:
    if agent_is_on(config.get("agent")):
        return None
    return Change(
        key="agent",
        before=str(config.get("agent") or ""),
        after="enabled=1",
        value="enabled=1",
        restarts=True,
    )


def _net(machine: Machine, config: Mapping[str, object]) -> Change | None:
    if bridge_of(config.get("net0")) == machine.bridge:
        return None
    after = net_with_bridge(config.get("net0"), machine.bridge)
    return _restarting(_simple("net0", config.get("net0"), after))


def _ssh_keys(config: Mapping[str, object], access: Access) -> Change | None:
    before, after = ssh_keys_of(config.get("sshkeys")), distinct_keys(access.ssh_keys)
    if before == after:
        return None
    return Change(
        key="sshkeys",
        before="\n".join(before),
        after="\n".join(after),
        value=encode_ssh_keys(after) if after else None,
        restarts=True,
    )


def _address(machine: Machine, config: Mapping[str, object]) -> Change | None:
    after = f"ip={machine.address},gw={machine.gateway}"
    if options_of(config.get("ipconfig0")) == options_of(after):
        return None
    return _restarting(_simple("ipconfig0", config.get("ipconfig0"), after))


def _join_pool(machine: Machine, guest: GuestState) -> list[Action]:
    if not machine.pool or guest.pool == machine.pool:
        return []
    return [Action(kind=Kind.POOL, reason=f"pool: {guest.pool or 'none'} -> {machine.pool}")]


def _grow(machine: Machine, config: Mapping[str, object]) -> list[Action]:
    key, disk = boot_disk(config)
    live = bytes_of(disk.get("size", ""))
    if not key or not live or live >= machine.disk_gib * GIB:
        return []
    change = Change(key=key, before=disk["size"], after=f"{machine.disk_gib}G", value=f"{machine.disk_gib}G")
    return [Action(kind=Kind.GROW, reason=_reason((change,)), changes=(change,))]


def _notes(machine: Machine, guest: GuestState) -> tuple[str, ...]:
    notes: list[str] = []
    if guest.node != machine.hypervisor:
        notes.append(f"it runs on {guest.node}, the plan says {machine.hypervisor}: left where it is")
    _, disk = boot_disk(guest.config)
    if bytes_of(disk.get("size", "")) > machine.disk_gib * GIB:
        notes.append(
            f"its disk of {disk['size']} is larger than the planned {machine.disk_gib}G: disks never shrink"
        )
    if storage_of(disk) and storage_of(disk) != machine.storage:
        notes.append(f"its disk is on {storage_of(disk)}, the plan says {machine.storage}: left where it is")
    return tuple(notes)


def _keys(changes: tuple[Change, ...]) -> str:
    return ", ".join(change.key for change in changes)


def _reason(changes: tuple[Change, ...]) -> str:
    return "; ".join(_words(change) for change in changes)


def _words(change: Change) -> str:
    if change.key == "sshkeys":
        return f"sshkeys: {len(change.before.splitlines())} -> {len(change.after.splitlines())} keys"
    if change.value is None:
        return f"{change.key}: removed"
    return f"{change.key}: {change.before or 'unset'} -> {change.after}"
