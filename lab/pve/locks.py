# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""File and cluster locks with the patience and the complaints of the real ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

from .errors import ServerError

CONFIG_TIMEOUT_S = 10.0
CLONE_TIMEOUT_S = 1.0
STORAGE_TIMEOUT_S = 10.0
CFS_PAUSE_S = 1.0
"""A lock of the whole cluster is a folder that everybody tries to make, again every second."""


class Sleeper(Protocol):
    """The part of the clock that waiting needs."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many emulated seconds."""


@dataclass(slots=True)
class _State:
    readers: int = 0
    writer: bool = False
    queued: int = 0
    waiters: list[asyncio.Future[None]] = field(default_factory=list)

    def free_for(self, shared: bool) -> bool:
        return not self.writer and (shared or self.readers == 0)


class Locks:
    """Named locks, shared or exclusive. They live with the process, like the real ones."""

    def __init__(self, clock: Sleeper) -> None:
        self._clock = clock
        self._states: dict[str, _State] = {}

    def held(self, name: str) -> bool:
        """Whether anybody holds the lock."""
        return name in self._states and not self._states[name].free_for(False)

    @asynccontextmanager
    async def hold(
        self,
        name: str,
        timeout_s: float,
        *,
        shared: bool = False,
        log: Callable[[str], None] | None = None,
        node: str = "",
    ) -> AsyncIterator[None]:
        """Hold the lock; after ``timeout_s`` of waiting raise `ServerError`.

        ``log`` receives the two lines which a worker prints when it has to wait. A file of the same name
        on another ``node`` is another lock.
        """
        complaint, name = _complaint(name), f"{node}{name}"
        state = self._states.setdefault(name, _State())
        if not state.free_for(shared):
            state.queued += 1
            try:
                await self._wait(state, timeout_s, shared, log, complaint)
            finally:
                state.queued -= 1
        if shared:
            state.readers += 1
        else:
            state.writer = True
        try:
            yield
        finally:
            if shared:
                state.readers -= 1
            else:
                state.writer = False
            self._wake(name, state)

    def _wake(self, name: str, state: _State) -> None:
        for waiter in state.waiters:
            if not waiter.done():
                waiter.set_result(None)
        state.waiters.clear()
        if state.free_for(False) and not state.queued:
            self._states.pop(name, None)

    async def _wait(
        self,
        state: _State,
        timeout_s: float,
        shared: bool,
        log: Callable[[str], None] | None,
        complaint: str,
    ) -> None:
        if log:
            log("trying to acquire lock...")
        deadline = asyncio.ensure_future(self._clock.sleep(timeout_s))
        try:
            while not state.free_for(shared):
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                state.waiters.append(waiter)
                await asyncio.wait({waiter, deadline}, return_when=asyncio.FIRST_COMPLETED)
                if deadline.done() and not waiter.done():
                    state.waiters.remove(waiter)
                    raise ServerError(complaint)
        finally:
            deadline.cancel()
        if log:
            log(" OK")

    @asynccontextmanager
    async def config(
        self,
        vmid: int,
        timeout_s: float = CONFIG_TIMEOUT_S,
        *,
        shared: bool = False,
        log: Callable[[str], None] | None = None,
    ) -> AsyncIterator[None]:
        """Hold a guest's configuration lock."""
        async with self.hold(config_lock(vmid), timeout_s, shared=shared, log=log):
            yield

    @asynccontextmanager
    async def storage(
        self, storage: str, *, node: str, shared: bool, log: Callable[[str], None] | None = None
    ) -> AsyncIterator[None]:
        """Hold a storage's allocation lock: one for the cluster where it is shared, else one on each node."""
        if shared:
            await self._try_until_free(f"storage-{storage}", log)
            async with self.hold(_cfs(f"storage-{storage}"), 0.0):
                yield
        else:
            file = f"/var/lock/pve-manager/pve-storage-{storage}"
            async with self.hold(file, STORAGE_TIMEOUT_S, log=log, node=node):
                yield

    async def _try_until_free(self, lock: str, log: Callable[[str], None] | None) -> None:
        """Wait for a lock of the cluster: nobody is woken, who asks first after its release gets it."""
        left_s = STORAGE_TIMEOUT_S
        while self.held(_cfs(lock)):
            left_s -= CFS_PAUSE_S
            if left_s <= 0:
                raise ServerError(f"cfs-lock '{lock}' error: got lock request timeout")
            if log:
                log(f"trying to acquire cfs lock '{lock}' ...")
            await self._clock.sleep(CFS_PAUSE_S)


def config_lock(vmid: int) -> str:
    """The lock file of a guest's configuration."""
    return f"/var/lock/qemu-server/lock-{vmid}.conf"


def _cfs(lock: str) -> str:
    return f"/etc/pve/priv/lock/{lock}"


def _complaint(name: str) -> str:
    return f"can't lock file '{name}' - got timeout"
