# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sushy-tools' view of the shelf: its driver, and what its pages leave out."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from sushy_tools import error
from sushy_tools.emulator.resources.systems.base import AbstractSystemsDriver

from .machines import Machines
from .shelf import ShelfServer

DISK, NETWORK = "Hdd", "Pxe"


# Published without types, so that it is Any here.
class ShelfDriver(AbstractSystemsDriver):  # type: ignore[misc]  # published without types
    """Servers with power, a boot source for once, and a network card each.

    ``resets`` counts by name what was done to each server's power.
    """

    def __init__(self, servers: Iterable[ShelfServer], machines: Machines) -> None:
        super().__init__()
        self._servers = {server.uuid: server for server in servers}
        self._machines = machines
        self._sources: dict[str, str] = {}
        self._modes: dict[str, str] = {}
        self._shown_from: dict[str, float] = {}
        self._lock = threading.Lock()
        self.resets: dict[str, list[str]] = {server.name: [] for server in self._servers.values()}

    @property
    def driver(self) -> str:
        """What it is called in the log."""
        return "<shelf>"

    @property
    def systems(self) -> list[str]:
        """The ids of all servers."""
        return list(self._servers)

    def server(self, identity: str) -> ShelfServer:
        """Return the server of an id."""
        if identity not in self._servers:
            raise error.NotFound(f"There is no system {identity}")
        return self._servers[identity]

    def uuid(self, identity: str) -> str:
        """Its id."""
        return self.server(identity).uuid

    def name(self, identity: str) -> str:
        """Its name."""
        return self.server(identity).name

    def get_power_state(self, identity: str) -> str:
        """Whether it is on, as it shows itself: a change takes its time."""
        server = self.server(identity)
        on = self._machines.running(server)
        if time.monotonic() < self._shown_from.get(server.name, 0.0):
            on = not on
        return "On" if on else "Off"

    def set_power_state(self, identity: str, state: str) -> None:
        """Press a button; the boot source that was set for once is used up by a boot."""
        server = self.server(identity)
        if server.refuses:
            raise error.NotSupportedError(f"{state} is refused: the power supplies are not redundant")
        with self._lock:
            self.resets[server.name].append(state)
            on = self._machines.running(server)
            if on and state in ("ForceOff", "GracefulShutdown", "ForceRestart", "GracefulRestart"):
                self._machines.cut(server)
            if state in ("On", "ForceOn", "ForceRestart", "GracefulRestart") and not (on and "On" in state):
                install = self._sources.pop(server.name, DISK) == NETWORK
                self._machines.boot(server, install=install)
                self._shown_from[server.name] = time.monotonic() + server.delay_s

    def get_boot_device(self, identity: str) -> str:
        """From what it boots next."""
        return self._sources.get(self.server(identity).name, DISK)

    def set_boot_device(self, identity: str, boot_source: str) -> None:
        """Set from what it boots next, once."""
        server = self.server(identity)
        if not server.locked:
            self._sources[server.name] = boot_source

    def get_boot_mode(self, identity: str) -> str:
        """UEFI or Legacy."""
        return self._modes.get(self.server(identity).name, "Legacy")

    def set_boot_mode(self, identity: str, boot_mode: str) -> None:
        """Set the boot mode."""
        self._modes[self.server(identity).name] = boot_mode

    def get_nics(self, identity: str) -> list[dict[str, str]]:
        """Its network card."""
        mac = self.server(identity).mac
        return [{"id": mac, "mac": mac}]

    def completed(self, identity: str, page: dict[str, Any]) -> dict[str, Any]:
        """Return a system's page with what sushy-tools leaves out: its serial number, a boot for once."""
        server = self.server(identity)
        overridden = server.name in self._sources
        boot = page["Boot"] | {"BootSourceOverrideEnabled": "Once" if overridden else "Disabled"}
        if not server.netboot:
            boot["BootSourceOverrideTarget@Redfish.AllowableValues"] = [DISK]
        return page | {"Boot": boot} | ({"SerialNumber": server.serial} if server.serial else {})
