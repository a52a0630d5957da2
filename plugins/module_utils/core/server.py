# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A physical machine of the stock."""

from __future__ import annotations

from dataclasses import dataclass, field

from .server_access import ServerAccess


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What a physical machine is made of: MiB of memory, GiB of disks, number of network interfaces."""

    cores: int
    memory_mib: int
    disk_gib: int
    nics: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The machine that a server in service is; ``address`` has no prefix length.

    ``machine`` is its name, empty when it has that of the server.
    """

    tier: str
    tenant: str
    address: str
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A physical machine: on the shelf, in service when it carries a tier, or of a delivery.

    ``origin`` is the name of the delivery that brings it, else empty. ``address`` (no prefix length) is
    where it answers once it is installed as a hypervisor, empty when nobody stated it.
    """

    name: str
    site: str
    rack: str
    form: Form
    origin: str = ""
    carries: Carried | None = None
    address: str = ""
    access: ServerAccess = field(default_factory=ServerAccess)

    @property
    def machine(self) -> str:
        """The name of the machine that it is in service."""
        return (self.carries.machine if self.carries else "") or self.name
