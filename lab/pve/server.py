# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator as a whole: state, guests, API and administrative port."""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.guests.base import GuestBackend

from .admin import Admin
from .app import Api
from .clock import Clock
from .cluster import Cluster
from .http import Server, serve
from .qemu.planting import plant_template
from .qemu.power import reconcile, revive
from .qemu.watch import Watch
from .seed import seed

BACKENDS: Mapping[str, tuple[str, str]] = {
    "memory": ("lab.guests.memory", "MemoryBackend"),
    "podman": ("lab.guests.podman", "PodmanBackend"),
}
_TEMPLATE_KEYS = frozenset(
    {"vmid", "name", "node", "image", "storage", "bridge", "disk_gib", "cores", "memory_mib"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the emulator is run. Ports 0 take any free one; without certificate it speaks plain HTTP.

    ``boot_s`` is how long the guests of the memory back end take to boot, in real seconds.
    """

    state: Path | None = None
    host: str = "127.0.0.1"
    port: int = 0
    admin_port: int = 0
    cert: Path | None = None
    key: Path | None = None
    backend: str = "memory"
    speed: float = 1.0
    root_password: str = ""
    boot_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Emulator:
    """A running emulator."""

    api: Api
    server: Server
    admin: Server
    watch: Watch

    @property
    def cluster(self) -> Cluster:
        """Its state."""
        return self.api.cluster

    async def close(self) -> None:
        """Stop answering; guests keep running."""
        await self.server.close()
        await self.admin.close()
        await self.watch.close()
        await self.cluster.close()


def make_backend(options: Options) -> GuestBackend:
    """The back end that the options name."""
    module, attribute = BACKENDS[options.backend]
    arguments = {"boot_s": options.boot_s} if options.boot_s else {}
    backend: GuestBackend = getattr(importlib.import_module(module), attribute)(**arguments)
    return backend


async def start(options: Options, datacentre: Mapping[str, Any]) -> Emulator:
    """Read or make the state, and listen."""
    cluster = Cluster.open(options.state, clock=Clock(options.speed), backend=make_backend(options))
    seed(cluster, datacentre, root_password=options.root_password)
    for template in datacentre.get("templates", ()):
        plant_template(cluster, **{key: value for key, value in template.items() if key in _TEMPLATE_KEYS})
    if options.backend == "memory":
        await revive(cluster)
    await reconcile(cluster)
    tls = None
    if options.cert is not None:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.cert, options.key)
    api = Api(cluster)
    watch = Watch(cluster)
    watch.start()
    return Emulator(
        api=api,
        watch=watch,
        server=await serve(api, host=options.host, port=options.port, tls=tls),
        admin=await serve(Admin(api), host=options.host, port=options.admin_port),
    )
