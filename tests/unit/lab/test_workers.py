# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node carries out three privileged calls at a time."""

from __future__ import annotations

import asyncio

from tests.unit.lab.world import World, play

PATH = "/nodes/pve1/qemu/{}/config"


def test_calls_that_wait_for_a_lock_hold_up_their_node_and_no_other():
    async def scenario(world: World) -> None:
        await world.task("POST", "/nodes/pve1/qemu", vmid=100)
        await world.task("POST", "/nodes/pve1/qemu", vmid=101)
        await world.task("POST", "/nodes/pve2/qemu", vmid=102)
        async with world.cluster.locks.config(100):
            waiting = [
                asyncio.create_task(world.call("PUT", PATH.format(100), description=str(n))) for n in range(3)
            ]
            await asyncio.sleep(0)
            held_up = asyncio.create_task(world.call("PUT", PATH.format(101), description="x"))
            elsewhere = await world.call("PUT", "/nodes/pve2/qemu/102/config", description="x")
            readable = await world.call("GET", PATH.format(101))
            assert (elsewhere.status, readable.status) == (200, 200)
            assert not held_up.done()
        answers = await asyncio.gather(*waiting, held_up)
        assert {answer.status for answer in answers} == {200}

    play(scenario, speed=2)
