# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From guests and physical servers to hosts and groups: a guest's tags say all that is needed. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .core.errors import RenfortError
from .core.machine import OWNER_TAG
from .inventory.servers import Place, ServerHost
from .proxmox_cluster import Guest

FLEET_GROUP = "fleet"
"""The group of every machine."""


class InventoryError(RenfortError):
    """The cluster's guests make no inventory."""


STALE_GROUP = "stale"
"""The group of the machines that are shown as they were when their cluster last answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A machine of the fleet as the inventory shows it. ``tenant`` is empty when it serves all tenants.

    A guest has a ``vmid`` and a ``hypervisor``, a physical machine has the ``server`` that carries it
    instead. ``cluster``, ``site`` and ``rack`` are empty where nobody named them.
    """

    name: str
    address: str
    tier: str
    tenant: str
    status: str
    vmid: int = 0
    hypervisor: str = ""
    server: str = ""
    cluster: str = ""
    site: str = ""
    rack: str = ""
    stale: bool = False

    @property
    def described(self) -> str:
        """What carries the name, for messages."""
        if self.server:
            return f"the server {self.server}"
        return f"{self.vmid} on {self.hypervisor}" + (f" of cluster {self.cluster}" if self.cluster else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """The machines by name, and what people should know about guests that are not among them."""

    hosts: tuple[Host, ...]
    warnings: tuple[str, ...] = ()


def _rack_group(host: Host) -> str:
    # Racks of two sites are different racks, whatever their names.
    return "_".join(part for part in ("rack", host.site, host.rack) if part) if host.rack else ""


GROUPS: Mapping[str, Callable[[Host], str]] = {
    "all machines": lambda _: FLEET_GROUP,
    "by tier": lambda host: host.tier,
    "by tenant": lambda host: f"tenant_{host.tenant}" if host.tenant else "",
    "by hypervisor": lambda host: f"hypervisor_{host.hypervisor}" if host.hypervisor else "",
    "by cluster": lambda host: f"cluster_{host.cluster}" if host.cluster else "",
    "by site": lambda host: f"site_{host.site}" if host.site else "",
    "by rack": _rack_group,
    "not up to date": lambda host: STALE_GROUP if host.stale else "",
}
"""Every way of grouping: a host's group, empty when it has none of this kind."""


def fleet_from(
    guests: Iterable[Guest],
    *,
    planned_names: Mapping[str, str] | None = None,
    places: Mapping[str, Place] | None = None,
    cluster: str = "",
    stale: bool = False,
) -> Fleet:
    """Return the fleet among the guests of one cluster.

    Args:
        guests: what the resource list shows; guests without Renfort's tag and templates are ignored.
        planned_names: names by address, for guests of which the list does not know the name at the moment.
        places: site and rack by hypervisor, where they are known.
        cluster: the cluster's name, empty when it has none.
        stale: whether this is an old copy of the list.

    Raises:
        InventoryError: two guests have the same name.
    """
    hosts: list[Host] = []
    warnings: list[str] = []
    for guest in sorted(guests, key=lambda item: item.vmid):
        if guest.template or guest.type != "qemu" or OWNER_TAG not in guest.tags:
            continue
        host, problem = _host(
            guest, planned_names or {}, (places or {}).get(guest.node, ("", "")), cluster, stale
        )
        if problem:
            warnings.append(problem)
        if host is not None:
            hosts.append(host)
    return Fleet(hosts=merged(hosts), warnings=tuple(warnings))


def host_of_server(server: ServerHost) -> Host:
    """Return a physical machine as a host."""
    return Host(
        name=server.name,
        address=server.address,
        tier=server.tier,
        tenant=server.tenant,
        status=server.state,
        server=server.server,
        site=server.site,
        rack=server.rack,
    )


def merged(hosts: Iterable[Host]) -> tuple[Host, ...]:
    """Return the hosts of all sources by name.

    Raises:
        InventoryError: two have the same name, or one has the name of a group.
    """
    found: dict[str, Host] = {}
    for host in hosts:
        other = found.setdefault(host.name, host)
        if other is not host:
            raise InventoryError(
                f"Two machines are named {host.name}: {other.described} and {host.described}.",
                hint="Rename one of them, or take the tag renfort from the one that is not of the fleet.",
            )
    # The name of a group has no hyphen or point, that of nearly every machine has.
    short = {name for name in found if safe_group_name(name) == name}
    groups = {group for host in found.values() for group in groups_of(host)} if short else set()
    for name in sorted(groups & short):
        raise InventoryError(
            f"The machine {name} ({found[name].described}) has the name of a group.", hint="Rename it."
        )
    return tuple(found[name] for name in sorted(found))


def refuse_empty(fleet: Fleet, *, where: str) -> None:
    """Raise `InventoryError` if there is no host: a play on nothing would look like a success."""
    if fleet.hosts:
        return
    raise InventoryError(
        f"{where} shows no guest with the tag {OWNER_TAG}.",
        hint="Check that the API token may see them (VM.Audit on the pool); set allow_empty for a fleet "
        "that is still to be made.",
    )


def refuse_all_filtered(found: int, kept: int) -> None:
    """Raise `InventoryError` if there were hosts and the configuration's filters keep none of them."""
    if found and not kept:
        raise InventoryError(
            f"The filters keep none of the {found} machines.",
            hint="Check the option filters; set allow_empty if that is meant.",
        )


def groups_of(host: Host) -> tuple[str, ...]:
    """Return the groups of a host, in the order of `GROUPS`."""
    names = (rule(host) for rule in GROUPS.values())
    return tuple(safe_group_name(name) for name in names if name)


def hostvars_of(host: Host, *, user: str) -> dict[str, Any]:
    """Return the variables of a host: few and small, since 700 of them pass through AWX's database."""
    values: dict[str, Any] = {
        "ansible_host": host.address,
        "ansible_user": user,
        "renfort_tier": host.tier,
        "renfort_tenant": host.tenant,
        "renfort_status": host.status,
    }
    if host.server:
        values["renfort_server"] = host.server
    else:
        values |= {"renfort_vmid": host.vmid, "renfort_hypervisor": host.hypervisor}
    if host.rack:
        values["renfort_rack"] = host.rack
    if host.stale:
        values["renfort_stale"] = True
    return values


def known_to_filters(host: Host, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a filter may read of a host: its variables, its names and its groups."""
    return {
        **variables,
        "inventory_hostname": host.name,
        "inventory_hostname_short": host.name.split(".")[0],
        "group_names": sorted(groups_of(host)),
    }


_UNSAFE = re.compile(r"[^A-Za-z0-9_]")


@lru_cache(maxsize=4096)
def safe_group_name(text: str) -> str:
    """Return a text as a group name: Ansible allows letters, digits and underscores."""
    return _UNSAFE.sub("_", text)


def _host(
    guest: Guest, planned_names: Mapping[str, str], place: Place, cluster: str, stale: bool
) -> tuple[Host | None, str]:
    """Return the host of a guest of ours and what is wrong with it, if anything."""
    tier, tenant, address = (_tag(guest.tags, prefix) for prefix in ("tier-", "tenant-", "ip-"))
    lacking = [name for name, value in (("tier-…", tier), ("ip-…", address)) if not value]
    if lacking:
        return None, (
            f"Guest {guest.vmid} {guest.name or '(name unknown)'} on {guest.node} is left out: "
            f"it has the tag {OWNER_TAG} but no single tag {' and '.join(lacking)}. "
            "Provision again to repair its tags."
        )
    name, problem = guest.name or planned_names.get(address, ""), ""
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
            cluster=cluster,
            site=place[0],
            rack=place[1],
            stale=stale,
        ),
        problem,
    )


def _tag(tags: Iterable[str], prefix: str) -> str:
    """Return the rest of the one tag with a prefix; empty when there is none or more than one."""
    found = [tag.removeprefix(prefix) for tag in tags if tag.startswith(prefix)]
    return found[0] if len(found) == 1 else ""
