# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server of the stock is planned to become: a hypervisor, or a machine of a tier itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from .errors import PlanError
from .server_access import ServerAccess


class ServerState(StrEnum):
    """How far a server is on its way into service; it only ever goes forward."""

    RACKED = "racked"
    """It stands in its rack, wired; nothing was sent to it."""

    POWERED = "powered"
    """It was switched on, told to boot from the network once."""

    ENROLLED = "enrolled"
    """It answers over ssh, is the right machine, and its host key is pinned."""

    IN_SERVICE = "in_service"
    """The cluster counts it as a hypervisor, or it serves its tier."""

    @property
    def rank(self) -> int:
        """Its position in the order of states, 0 for the first."""
        return list(ServerState).index(self)

    @property
    def words(self) -> str:
        """The state as people say it."""
        return self.value.replace("_", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerUse:
    """A server that is put into service.

    ``machine`` is the name of the machine that it carries, empty when it becomes a hypervisor; tier,
    tenant, gateway and name servers are then empty too. ``address`` is where it answers once it is
    installed: with the prefix length for a machine, without for a hypervisor, empty when nobody stated
    one. ``origin`` is the delivery that brings it, empty when it stands on the shelf. ``since`` is when it
    reached its state (ISO, UTC), empty for one that is racked.

    ``bmc``, ``mac``, ``serial`` and ``host_key`` are those of its access, see `ServerAccess`.
    """

    name: str
    site: str
    rack: str
    origin: str
    state: ServerState = ServerState.RACKED
    since: str = ""
    bmc: str = ""
    mac: str = ""
    serial: str = ""
    host_key: str = ""
    machine: str = ""
    tier: str = ""
    tenant: str = ""
    address: str = ""
    gateway: str = ""
    nameservers: tuple[str, ...] = ()
    reason: str

    @property
    def ip(self) -> str:
        """The address without its prefix length; empty when there is none."""
        return self.address.partition("/")[0]

    @property
    def access(self) -> ServerAccess:
        """How the server is reached and known."""
        return ServerAccess(bmc=self.bmc, mac=self.mac, serial=self.serial, host_key=self.host_key)

    @property
    def becomes(self) -> str:
        """What it is to be, as people say it."""
        return self.machine or "a hypervisor"


def advanced(
    servers: Iterable[ServerUse], name: str, state: ServerState, *, since: str
) -> tuple[ServerUse, ...]:
    """Return the servers with one of them in a later state; nothing changes when it is that far already.

    Args:
        servers: those of the plan.
        name: the one that went forward.
        state: what it reached.
        since: when, in ISO form.

    Raises:
        PlanError: the plan has no such server.
    """
    found = tuple(servers)
    if name not in {use.name for use in found}:
        raise PlanError(
            f'Cannot note that the server "{name}" is {state.words}: it is not in the plan any more.',
            hint="Somebody planned again meanwhile. Compare the plan with what was done to the server.",
        )
    return tuple(
        replace(use, state=state, since=since) if use.name == name and use.state.rank < state.rank else use
        for use in found
    )
