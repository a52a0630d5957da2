# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guests' back end is told when a guest starts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lab.guests.base import CloudInit, GuestSpec, Nic

from . import data_disk
from .credentials import decode_keys
from .firstboot import system
from .guests import Row
from .properties import Drive, Net
from .values import cpu_count, drive_keys, memory_mib, split_list

if TYPE_CHECKING:
    from ..cluster import Cluster


def build(cluster: Cluster, row: Row) -> GuestSpec:
    """The guest as its configuration describes it."""
    config = row["config"]
    numbers = _card_numbers(config)
    nics = tuple(_nic(str(config[f"net{number}"])) for number in numbers)
    return GuestSpec(
        vmid=row["vmid"],
        name=guest_name(row),
        node=row["node"],
        image=system(row),
        cores=cpu_count(config),
        memory_mib=memory_mib(config),
        nics=nics,
        cloudinit=cloudinit(cluster, row) if has_cloudinit(config) else None,
        data_disk=data_disk.size_of(config),
    )


def guest_name(row: Row) -> str:
    """The guest's name, or what stands for it."""
    return str(row["config"].get("name") or f"VM{row['vmid']}")


def has_cloudinit(config: dict[str, Any]) -> bool:
    """Whether the guest has a cloud-init drive."""
    return any(Drive.parse(str(config[key])).is_cloudinit for key in drive_keys(config))


def _card_numbers(config: dict[str, Any]) -> list[int]:
    return sorted(int(key[3:]) for key in config if re.match(r"^net\d+$", key))


def _nic(text: str) -> Nic:
    net = Net.parse(text)
    mtu = net.options.get("mtu", "")
    return Nic(mac=net.mac, bridge=net.bridge, mtu=int(mtu) if mtu.isdigit() and int(mtu) > 1 else None)


def cloudinit(cluster: Cluster, row: Row) -> CloudInit:
    """What the guest's cloud-init drive says."""
    config = row["config"]
    numbers = _card_numbers(config)
    dns = cluster.store.table("nodes").get(row["node"], {}).get("dns", {})
    inherited = [str(dns[key]) for key in ("dns1", "dns2", "dns3") if dns.get(key)]
    servers = split_list(str(config.get("nameserver", ""))) or inherited
    return CloudInit(
        user=str(config.get("ciuser") or "debian"),
        password_hash=str(config.get("cipassword", "")),
        ssh_keys=decode_keys(str(config.get("sshkeys", ""))),
        hostname=guest_name(row),
        ipconfigs=tuple(str(config.get(f"ipconfig{number}", "")) for number in numbers),
        nameservers=tuple(servers),
        searchdomain=str(config.get("searchdomain") or dns.get("search", "")),
    )
