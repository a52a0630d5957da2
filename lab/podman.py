# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""podman, always through the lab's wrapper and its own store."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from . import process
from .paths import PODMAN


class Podman:
    """Runs podman commands, a few at a time: each costs a tenth of a second of one core."""

    def __init__(self, *, parallel: int = 4) -> None:
        self._slots = asyncio.Semaphore(parallel)

    async def run(self, *args: str, stdin: bytes = b"") -> process.Ended:
        """Run ``podman args`` which must succeed, else `LabError`."""
        async with self._slots:
            return await process.run([str(PODMAN), *args], stdin=stdin)

    async def attempt(self, *args: str) -> process.Ended:
        """Run ``podman args`` and return however it ends."""
        async with self._slots:
            return await process.attempt([str(PODMAN), *args])

    async def json(self, *args: str) -> Any:
        """Run a command that prints JSON; an empty output is None."""
        text = (await self.run(*args)).text
        return json.loads(text) if text else None

    async def containers(self, prefix: str = "", *, running: bool = False) -> dict[str, int]:
        """Names that start with the prefix, to the pid of their init (0 when stopped)."""
        only = [] if running else ["--all"]
        rows = await self.json("ps", *only, "--format", "json") or []
        return {
            name: int(row["Pid"] or 0) if row["State"] == "running" else 0
            for row in rows
            for name in row["Names"]
            if name.startswith(prefix)
        }
