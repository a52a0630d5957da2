# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs when a server of the shelf is on: nothing at all, or a real Debian machine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, Protocol, TypeVar

from ..guests.base import CloudInit, GuestSpec, Nic
from ..guests.podman import PodmanBackend
from .shelf import ShelfServer

FIRST_ID = 900_000_000
"""Machines of the shelf have numbers from here on, far from those of guests."""

IMAGE = "debian-13"
TIMEOUT_S = 120.0

T = TypeVar("T")


class Machines(Protocol):
    """What is behind the power buttons."""

    def running(self, server: ShelfServer) -> bool:
        """Whether the server is on."""

    def boot(self, server: ShelfServer, *, install: bool) -> None:
        """Switch the server on: with an installation from the network first, or from its disk."""

    def cut(self, server: ShelfServer) -> None:
        """Cut its power."""


class NoMachines:
    """Power without a machine behind it: enough to test what speaks Redfish."""

    def __init__(self) -> None:
        self._on: dict[str, bool] = {}

    def running(self, server: ShelfServer) -> bool:
        """Whether the server is on."""
        return self._on.get(server.name, server.power == "On")

    def boot(self, server: ShelfServer, *, install: bool) -> None:  # noqa: ARG002 - part of the protocol
        """Switch the server on."""
        self._on[server.name] = True

    def cut(self, server: ShelfServer) -> None:
        """Cut its power."""
        self._on[server.name] = False


class Containers:
    """Real Debian machines. What the network installs is the lab's image, with an account for ``ops``.

    Args:
        ssh_keys: those that the installation lets in.
    """

    def __init__(self, servers: tuple[ShelfServer, ...], *, ssh_keys: tuple[str, ...]) -> None:
        self._ids = {server.name: FIRST_ID + number for number, server in enumerate(servers, start=1)}
        self._keys = ssh_keys
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._backend = PodmanBackend()
        self._installed: set[str] = set()

    def running(self, server: ShelfServer) -> bool:
        """Whether the server is on."""
        return self._ids[server.name] in self._do(self._backend.running())

    def boot(self, server: ShelfServer, *, install: bool) -> None:
        """Switch the server on. One with nothing on its disk does nothing more than that."""
        if install:
            self._do(self._backend.destroy(self._ids[server.name]))
            self._installed.add(server.name)
        if server.name in self._installed:
            self._do(self._backend.start(self._spec(server)))

    def cut(self, server: ShelfServer) -> None:
        """Cut its power."""
        self._do(self._backend.stop(self._ids[server.name]))

    def _spec(self, server: ShelfServer) -> GuestSpec:
        return GuestSpec(
            vmid=self._ids[server.name],
            name=server.name,
            node="",
            image=IMAGE,
            nics=(Nic(mac=server.mac, bridge=server.bridge),),
            cloudinit=CloudInit(
                user="ops",
                ssh_keys=self._keys,
                hostname=server.name,
                ipconfigs=(f"ip={server.address},gw={server.gateway}",),
                nameservers=(server.gateway,),
            ),
        )

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=TIMEOUT_S)
