# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small emulated cluster whose API is called without a network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from lab.guests.memory import MemoryBackend
from lab.pve.app import Api
from lab.pve.clock import Clock
from lab.pve.cluster import Cluster
from lab.pve.http import Request
from lab.pve.qemu.planting import plant_template
from lab.pve.seed import seed

DATACENTRE = {
    "cluster": "test",
    "nodes": {name: {"cores": 8, "memory_mib": 32768} for name in ("pve1", "pve2")},
    "storages": {
        "vmdata": {"type": "nfs", "shared": True, "content": ["images"]},
        "fast": {"type": "dir", "content": ["images"], "path": "/srv/fast"},
        "off": {"type": "dir", "content": ["images"], "disable": True},
        "local": {"type": "dir", "content": ["iso", "snippets"]},
    },
    "bridges": {"vmbr0": {"subnet": "10.9.0.0/24", "gateway": "10.9.0.1"}},
    "pools": ["team"],
}


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, reason and decoded body of an answer."""

    status: int
    reason: str
    body: dict[str, Any]

    @property
    def data(self) -> Any:
        return self.body.get("data")

    @property
    def errors(self) -> Any:
        return self.body.get("errors")


class World:
    """Two nodes, four storages, the template 9000; emulated time passes ``speed`` times as fast."""

    def __init__(self, state: Path | None = None, *, speed: float = 200) -> None:
        self.cluster = Cluster.open(state, clock=Clock(speed), backend=MemoryBackend())
        seed(self.cluster, DATACENTRE)
        plant_template(
            self.cluster,
            vmid=9000,
            name="debian",
            node="pve1",
            image="debian-13",
            storage="vmdata",
            disk_gib=2,
        )
        self.api = Api(self.cluster)

    async def call(self, verb: str, path: str, /, *, user: str = "root@pam", **params: Any) -> Answer:
        """Call the API as a user with a session; ``_`` in a parameter's name stands for ``-``."""
        named = {key.replace("_", "-"): value for key, value in params.items()}
        in_query = verb in {"GET", "DELETE"}
        headers = {
            "cookie": f"PVEAuthCookie={quote(self.cluster.auth.ticket(user), safe='')}",
            "csrfpreventiontoken": self.cluster.auth.csrf_token(user),
            "content-type": "application/json",
        }
        request = Request(
            verb=verb,
            path=f"/api2/json{path}",
            query=urlencode(named) if in_query else "",
            headers=headers,
            body=b"" if in_query else json.dumps(named).encode(),
        )
        response = await self.api(request)
        assert response is not None
        return Answer(response.status, response.reason, json.loads(response.body))

    async def get(self, path: str, /, **params: Any) -> Any:
        """The data of a GET that must succeed."""
        answer = await self.call("GET", path, **params)
        assert answer.status == 200, answer
        return answer.data

    async def task(self, verb: str, path: str, /, **params: Any) -> str:
        """The exit status of the task which a call starts."""
        answer = await self.call(verb, path, **params)
        assert answer.status == 200, answer
        return await self.cluster.tasks.wait(answer.data)

    async def log(self, verb: str, path: str, /, **params: Any) -> list[str]:
        """The log of the task which a call starts, after its end."""
        answer = await self.call(verb, path, **params)
        assert answer.status == 200, answer
        await self.cluster.tasks.wait(answer.data)
        row = self.cluster.tasks.get(answer.data)
        assert row is not None
        return list(row["log"])

    async def config(self, vmid: int, node: str = "pve1", /, **params: Any) -> dict[str, Any]:
        """A guest's configuration."""
        found: dict[str, Any] = await self.get(f"/nodes/{node}/qemu/{vmid}/config", **params)
        return found

    def grant(self, user: str, path: str, *privs: str) -> None:
        """Give a user privileges on a path, replacing those that the path's role had."""
        store = self.cluster.store
        role = f"R{path.replace('/', '_')}"
        store.table("users")[user] = {"enable": 1}
        store.table("roles")[role] = {"privs": list(privs)}
        store.table("acl")[path] = {"users": {user: {role: 1}}}


def play(
    scenario: Callable[[World], Awaitable[None]], state: Path | None = None, *, speed: float = 200
) -> None:
    """Run a scenario in a world of its own."""

    async def run() -> None:
        world = World(state, speed=speed)
        try:
            await scenario(world)
        finally:
            await world.cluster.close()

    asyncio.run(run())
