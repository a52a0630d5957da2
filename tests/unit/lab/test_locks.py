# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Locks: who waits, who may share, what the complaint says."""

from __future__ import annotations

import asyncio

import pytest

from lab.pve.clock import Clock
from lab.pve.errors import ServerError
from lab.pve.locks import Locks


def test_a_held_lock_makes_the_next_one_complain():
    async def scenario() -> None:
        locks = Locks(Clock(1000))
        async with locks.config(906):
            with pytest.raises(ServerError) as refusal:
                async with locks.config(906):
                    pytest.fail("got a lock that is held")
        expected = "can't lock file '/var/lock/qemu-server/lock-906.conf' - got timeout\n"
        assert refusal.value.message == expected

    asyncio.run(scenario())


def test_a_shared_storage_complains_in_the_cluster_s_words():
    async def scenario() -> None:
        locks = Locks(Clock(1000))
        async with locks.storage("nfs", node="pve1", shared=True):
            with pytest.raises(ServerError, match="cfs-lock 'storage-nfs' error: got lock request timeout"):
                async with locks.storage("nfs", node="pve1", shared=True):
                    pytest.fail("got a lock that is held")

    asyncio.run(scenario())


def test_readers_share_and_keep_writers_out():
    async def scenario() -> None:
        locks = Locks(Clock(1000))
        async with locks.config(1, shared=True), locks.config(1, shared=True):
            with pytest.raises(ServerError):
                async with locks.config(1):
                    pytest.fail("wrote while others read")

    asyncio.run(scenario())


def test_who_waits_in_time_gets_the_lock_and_says_so():
    async def scenario() -> list[str]:
        locks, lines, held = Locks(Clock(1)), [], asyncio.Event()

        async def first() -> None:
            async with locks.config(1):
                held.set()
                await asyncio.sleep(0.02)

        async def second() -> None:
            await held.wait()
            async with locks.config(1, log=lines.append):
                assert locks.held("/var/lock/qemu-server/lock-1.conf")

        await asyncio.gather(first(), second())
        assert not locks.held("/var/lock/qemu-server/lock-1.conf")
        return lines

    assert asyncio.run(scenario()) == ["trying to acquire lock...", " OK"]


def test_a_lock_that_was_waited_for_keeps_others_out():
    async def scenario() -> None:
        locks, release = Locks(Clock(100)), asyncio.Event()

        async def waiter() -> None:
            async with locks.config(1):
                await release.wait()

        async with locks.config(1):
            waiting = asyncio.create_task(waiter())
            await asyncio.sleep(0)
        await asyncio.sleep(0.01)
        with pytest.raises(ServerError):
            async with locks.config(1):
                pytest.fail("got a lock that the waiter holds")
        release.set()
        await waiting

    asyncio.run(scenario())


def test_a_lock_of_the_cluster_is_asked_for_every_second_and_nobody_is_woken():
    async def scenario() -> tuple[list[str], float]:
        clock, lines = Clock(20), []
        locks = Locks(clock)

        async def holder() -> None:
            async with locks.storage("nfs", node="pve1", shared=True):
                await clock.sleep(0.3)

        holding = asyncio.create_task(holder())
        await asyncio.sleep(0)
        begun = clock.now()
        async with locks.storage("nfs", node="pve1", shared=True, log=lines.append):
            waited = clock.now() - begun
        await holding
        return lines, waited

    lines, waited = asyncio.run(scenario())
    assert lines == ["trying to acquire cfs lock 'storage-nfs' ..."]
    assert waited >= 0.99


def test_the_storage_of_one_node_keeps_no_other_node_waiting():
    async def scenario() -> None:
        locks = Locks(Clock(1000))
        async with locks.storage("local", node="pve1", shared=False):
            async with locks.storage("local", node="pve2", shared=False):
                pass
            complaint = "can't lock file '/var/lock/pve-manager/pve-storage-local' - got timeout"
            with pytest.raises(ServerError, match=complaint):
                async with locks.storage("local", node="pve1", shared=False):
                    pytest.fail("got a lock that is held")

    asyncio.run(scenario())
