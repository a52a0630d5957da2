# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulated cluster: everything that handlers read and change."""

from __future__ import annotations

from pathlib import Path

from lab.guests.base import GuestBackend

from .auth import Authenticator
from .clock import Clock
from .errors import ServerError
from .faults import Faults
from .locks import Locks
from .permissions import Access
from .processes import Processes
from .reports import Reports
from .store import Row, Store, Table
from .tasks import Tasks
from .workers import Workers


class Cluster:
    """One cluster with its state, time, privileges, locks, tasks, faults and guests."""

    def __init__(self, *, store: Store, clock: Clock, backend: GuestBackend) -> None:
        self.store = store
        self.clock = clock
        self.backend = backend
        self.access = Access(store)
        self.auth = Authenticator(store, clock)
        self.faults = Faults(clock)
        self.locks = Locks(clock)
        self.tasks = Tasks(store.table("tasks"), clock)
        self.processes = Processes()
        self.workers = Workers()
        self.reports = Reports(clock)

    @classmethod
    def open(cls, path: Path | None, *, clock: Clock, backend: GuestBackend) -> Cluster:
        """Read the state of a file, or start with none when ``path`` is None."""
        return cls(store=Store(path), clock=clock, backend=backend)

    @property
    def nodes(self) -> Table:
        """Node name to row: cores, memory (bytes), online, address, nodeid, started (epoch seconds)."""
        return self.store.table("nodes")

    @property
    def guests(self) -> Table:
        """Vmid (as text) to row."""
        return self.store.table("guests")

    @property
    def name(self) -> str:
        """The cluster's name; empty for a server on its own."""
        return str(self.store.table("options").get("cluster", {}).get("name", ""))

    @property
    def local(self) -> str:
        """The node whose address clients talk to."""
        return next(iter(self.nodes))

    def node(self, name: str) -> Row:
        """A node's row, on-line or not."""
        if name not in self.nodes:
            raise ServerError(f"no such cluster node '{name}'")
        return self.nodes[name]

    def online(self, name: str) -> bool:
        """Whether the node is known and answers."""
        return name in self.nodes and bool(self.nodes[name]["online"])

    async def close(self) -> None:
        """Stop the tasks and close the store; guests keep running."""
        await self.tasks.close()
        await self.backend.close()
        self.store.close()
