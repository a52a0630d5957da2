# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server of the stock is planned to become: a hypervisor, or a machine of a tier itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUse:
    """A server that is put into service.

    ``machine`` is the name of the machine that it carries, empty when it becomes a hypervisor; tier,
    tenant and address are then empty too. ``address`` has its prefix length. ``origin`` is the delivery
    that brings it, empty when it stands on the shelf.
    """

    name: str
    site: str
    rack: str
    origin: str
    machine: str = ""
    tier: str = ""
    tenant: str = ""
    address: str = ""
    gateway: str = ""
    nameservers: tuple[str, ...] = ()
    reason: str

    @property
    def ip(self) -> str:
        """The address without its prefix length; empty for a hypervisor."""
        return self.address.partition("/")[0]
