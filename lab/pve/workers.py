# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The privileged daemon of each node carries out three calls at a time; others wait their turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PER_NODE = 3


class Workers:
    """The workers of every node's daemon.

    A call that waits for a lock keeps its worker, so that a few of them hold up a whole node. Tasks are
    processes of their own and need none.
    """

    def __init__(self, per_node: int = PER_NODE) -> None:
        self._per_node = per_node
        self._free: dict[str, asyncio.Semaphore] = {}

    @asynccontextmanager
    async def one(self, node: str) -> AsyncIterator[None]:
        """Occupy a worker of the node for a call."""
        async with self._free.setdefault(node, asyncio.Semaphore(self._per_node)):
            yield
