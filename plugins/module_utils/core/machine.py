# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine: one line of the plan."""

from __future__ import annotations

from dataclasses import dataclass

OWNER_TAG = "renfort"
"""The tag that marks a guest as Renfort's own; a guest without it is never touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A guest that must exist, with its place, its address and the reason for it.

    Sizes are MiB for memory and GiB for the disks; ``data_disk_gib`` is 0 for a machine without a data disk,
    which lies in the same ``storage``. ``address`` is an address with its prefix
    length (``10.83.20.11/24``); ``gateway`` and ``nameservers`` are plain addresses. ``tenant``
    is empty for a machine that serves all tenants.
    """

    name: str
    vmid: int
    tier: str
    tenant: str
    hypervisor: str
    template: int
    cores: int
    memory_mib: int
    disk_gib: int
    data_disk_gib: int = 0
    storage: str
    bridge: str
    address: str
    gateway: str
    nameservers: tuple[str, ...]
    pool: str
    reason: str

    @property
    def ip(self) -> str:
        """The address without its prefix length."""
        return self.address.partition("/")[0]

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags that carry to the cluster what the inventory must know, in Proxmox' order."""
        tags = {OWNER_TAG, f"tier-{self.tier}", f"ip-{self.ip}"}
        if self.tenant:
            tags.add(f"tenant-{self.tenant}")
        return tuple(sorted(tags))
