# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices guests that end or come up by themselves, as the event daemon of a real node does."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from lab.guests.base import BackendError

from ..locks import config_lock
from . import guests, power

if TYPE_CHECKING:
    from ..cluster import Cluster

PERIOD_S = 1.0
"""Real seconds: what is watched is real too."""

ABSENCES = 4
"""A guest that reboots itself is back before it was missing that often."""


class Watch:
    """Compares what the cluster believes with what the back end says."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._missing: dict[int, int] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look every second from now on."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_S)
            try:
                self.compare(await self._cluster.backend.running())
            except BackendError:
                # The back end cannot tell now; nothing is concluded from that.
                continue

    def compare(self, alive: set[int]) -> None:
        """Correct the rows of guests that nobody works on and that are not as the cluster believes."""
        for row in list(self._cluster.guests.values()):
            vmid = row["vmid"]
            if guests.is_running(row) == (vmid in alive) or self._cluster.locks.held(config_lock(vmid)):
                self._missing.pop(vmid, None)
            elif vmid in alive:
                guests.save(self._cluster, row | {"status": "running", "started": self._cluster.clock.now()})
            else:
                self._note_absence(row)

    def _note_absence(self, row: guests.Row) -> None:
        vmid = row["vmid"]
        self._missing[vmid] = self._missing.get(vmid, 0) + 1
        if self._missing[vmid] >= ABSENCES:
            del self._missing[vmid]
            power.stopped(self._cluster, row)
