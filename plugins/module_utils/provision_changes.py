# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differences between a guest's configuration and the planned machine's, key by key. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .core.machine import Machine
from .provision_values import (
    DATA_DISK,
    agent_is_on,
    bridge_of,
    cores_of,
    distinct_keys,
    encode_ssh_keys,
    hotplug_of,
    memory_mib_of,
    merged_tags,
    net_with_bridge,
    options_of,
    servers_of,
    ssh_keys_of,
)
from .proxmox_cluster import split_tags

CLAIM = "Renfort: being made as "
"""Start of the description that a fresh clone bears until it is configured: ours, though not tagged yet."""

MANAGED = frozenset(
    ("agent", "ciuser", "cores", "ipconfig0", "memory", "nameserver", "net0", DATA_DISK, "sockets", "sshkeys")
)
"""The keys of which a change may wait for the next start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A difference in one key: ``before`` and ``after`` for people, ``value`` as sent (None deletes)."""

    key: str
    before: str
    after: str
    value: str | None
    restarts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How people and Ansible get in: cloud-init's user and the public keys it accepts."""

    user: str
    ssh_keys: tuple[str, ...]


def config_changes(machine: Machine, config: Mapping[str, object], access: Access) -> tuple[Change, ...]:
    """Return the differences between a guest's configuration and its machine's, by key.

    A change is one that ``restarts`` unless a running guest takes it at once: by its nature, or since the
    guest's own ``hotplug`` option says so.
    """
    address = _address(machine, config)
    found = [
        _simple("name", config.get("name"), machine.name),
        _cores(machine, config),
        *_sockets(machine, config),
        _memory(machine, config),
        _agent(config),
        _tags(machine, config, moved=address is not None),
        _net(machine, config, moved=address is not None),
        _restarting(_simple("ciuser", config.get("ciuser"), access.user)),
        _ssh_keys(config, access),
        address,
        _restarting(_listed("nameserver", servers_of(config.get("nameserver")), machine.nameservers, " ")),
    ]
    if is_claimed(machine, config):
        claim = str(config["description"])
        found.append(Change(key="description", before=claim, after="", value=None))
    return tuple(sorted((change for change in found if change is not None), key=lambda change: change.key))


def is_claimed(machine: Machine, config: Mapping[str, object]) -> bool:
    """Tell whether a guest is an interrupted run's clone for this very machine."""
    return str(config.get("description") or "").strip() == f"{CLAIM}{machine.name}"


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
    """A running guest takes more memory if it may be plugged in, which needs NUMA; never less."""
    live = memory_mib_of(config.get("memory"))
    change = _simple("memory", live, str(machine.memory_mib))
    plugged = "memory" in hotplug_of(config) and str(config.get("numa") or 0) == "1"
    return change if plugged and machine.memory_mib > live else _restarting(change)


def _tags(machine: Machine, config: Mapping[str, object], *, moved: bool) -> Change | None:
    """The inventory believes the tags: that of another address waits until the guest has it."""
    live = config.get("tags")
    change = _listed("tags", split_tags(live), merged_tags(live, machine), ";")
    return _restarting(change) if moved and f"ip-{machine.ip}" not in split_tags(live) else change


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


def _net(machine: Machine, config: Mapping[str, object], *, moved: bool) -> Change | None:
    """A running guest is plugged into another bridge if it may be; not before it has its address there."""
    if bridge_of(config.get("net0")) == machine.bridge:
        return None
    after = net_with_bridge(config.get("net0"), machine.bridge)
    change = _simple("net0", config.get("net0"), after)
    return _restarting(change) if moved or "network" not in hotplug_of(config) else change


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


def waiting_changes(config: Mapping[str, object], live: Mapping[str, object]) -> tuple[Change, ...]:
    """Return what was changed before and waits for the guest's next start, by key.

    Args:
        config: the configuration with what waits.
        live: the values in force of the keys that wait.
    """
    return tuple(
        Change(
            key=key,
            before=str(live[key] or ""),
            after=str(config.get(key) or ""),
            value=None,
            restarts=True,
        )
        for key in sorted(live)
        if key in MANAGED
    )


def reason_of(changes: tuple[Change, ...]) -> str:
    """Return the changes in words."""
    return "; ".join(_words(change) for change in changes)


def _words(change: Change) -> str:
    if change.key == "sshkeys":
        return f"sshkeys: {len(change.before.splitlines())} -> {len(change.after.splitlines())} keys"
    if change.value is None:
        return f"{change.key}: removed"
    return f"{change.key}: {change.before or 'unset'} -> {change.after}"
