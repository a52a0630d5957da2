# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the guests of the cluster to hosts and groups: tags say all that is needed. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .core.errors import RenfortError
from .core.machine import OWNER_TAG
from .proxmox_cluster import Guest

FLEET_GROUP = "fleet"
"""The group of every machine."""


class InventoryError(RenfortError):
    """The cluster's guests make no inventory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine of the fleet as the inventory shows it. ``tenant`` is empty when it serves all tenants."""

    name: str
    vmid: int
    address: str
    tier: str
    tenant: str
    hypervisor: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The machines by name, and what people should know about guests that are not among them."""

    hosts: tuple[Host, ...]
    warnings: tuple[str, ...] = ()


GROUPS: Mapping[str, Callable[[Host], str]] = {
    "all machines": lambda _: FLEET_GROUP,
    "by tier": lambda host: host.tier,
    "by tenant": lambda host: f"tenant_{host.tenant}" if host.tenant else "",
    "by hypervisor": lambda host: f"hypervisor_{host.hypervisor}" if host.hypervisor else "",
}
"""Every way of grouping: a host's group, empty when it has none of this kind."""


def fleet_from(guests: Iterable[Guest], *, planned_names: Mapping[int, str] | None = None) -> Fleet:
    """Return the fleet among the cluster's guests.

    Args:
        guests: what the resource list shows; guests without Renfort's tag and templates are ignored.
        planned_names: names by id, for guests of which the list does not know the name at the moment.

    Raises:
        InventoryError: two guests have the same name.
    """
    hosts: dict[str, Host] = {}
    warnings: list[str] = []
    for guest in sorted(guests, key=lambda item: item.vmid):
        if guest.template or guest.type != "qemu" or OWNER_TAG not in guest.tags:
            continue
        host, problem = _host(guest, planned_names or {})
        if problem:
            warnings.append(problem)
        if host is None:
            continue
        other = hosts.get(host.name)
        if other is not None:
            raise InventoryError(
                f"Two guests are named {host.name}: {other.vmid} on {other.hypervisor} and {host.vmid} on "
                f"{host.hypervisor}.",
                hint="Rename one of them, or take the tag renfort from the one that is not of the fleet.",
            )
        hosts[host.name] = host
    return Fleet(hosts=tuple(hosts[name] for name in sorted(hosts)), warnings=tuple(warnings))


def refuse_empty(fleet: Fleet, *, where: str) -> None:
    """Raise `InventoryError` if there is no host: a play on nothing would look like a success."""
    if fleet.hosts:
        return
    raise InventoryError(
        f"{where} shows no guest with the tag {OWNER_TAG}.",
        hint="Check that the API token may see them (VM.Audit on the pool); set allow_empty for a fleet "
        "that is still to be made.",
    )


def groups_of(host: Host) -> tuple[str, ...]:
    """Return the groups of a host, in the order of `GROUPS`."""
    names = (safe_group_name(rule(host)) for rule in GROUPS.values())
    return tuple(name for name in names if name)


def hostvars_of(host: Host, *, user: str) -> dict[str, Any]:
    """Return the variables of a host: few and small, since 700 of them pass through AWX's database."""
    return {
        "ansible_host": host.address,
        "ansible_user": user,
        "renfort_vmid": host.vmid,
        "renfort_tier": host.tier,
        "renfort_tenant": host.tenant,
        "renfort_hypervisor": host.hypervisor,
        "renfort_status": host.status,
    }


def safe_group_name(text: str) -> str:
    """Return a text as a group name: Ansible allows letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def _host(guest: Guest, planned_names: Mapping[int, str]) -> tuple[Host | None, str]:
    """Return the host of a guest of ours and what is wrong with it, if anything."""
    tier, tenant, address = (_tag(guest.tags, prefix) for prefix in ("tier-", "tenant-", "ip-"))
    lacking = [name for name, value in (("tier-…", tier), ("ip-…", address)) if not value]
    if lacking:
        return None, (
            f"Guest {guest.vmid} {guest.name or '(name unknown)'} on {guest.node} is left out: "
            f"it has the tag {OWNER_TAG} but no single tag {' and '.join(lacking)}. "
            "Provision again to repair its tags."
        )
    name, problem = guest.name or planned_names.get(guest.vmid, ""), ""
    if not name:
        name = "-".join(part for part in (tenant.replace("_", "-"), tier, str(guest.vmid)) if part)
        problem = (
            f"The cluster does not know the name of guest {guest.vmid} on {guest.node} at the moment "
            f"(status {guest.status}); it is shown as {name}."
        )
    return (
        Host(
            name=name,
            vmid=guest.vmid,
            address=address,
            tier=tier,
            tenant=tenant,
            hypervisor=guest.node,
            status=guest.status,
        ),
        problem,
    )


def _tag(tags: Iterable[str], prefix: str) -> str:
    """Return the rest of the one tag with a prefix; empty when there is none or more than one."""
    found = [tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)]
    return found[0] if len(found) == 1 else ""
