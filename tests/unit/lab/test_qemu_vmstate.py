# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved memory: snapshots with it, suspending to disk; and what snapshots keep from being removed."""

from __future__ import annotations

import pytest

from tests.unit.lab.world import World, play

NODE = "/nodes/pve1/qemu"
STATE = 1524 * 1024**2
"""Twice the default 512 MiB and 500 MiB more."""


async def _started(world: World, **params: object) -> None:
    disk = {"scsi0": "vmdata:1,format=qcow2"}
    await world.task("POST", NODE, vmid=100, **(disk | params))
    assert await world.task("POST", f"{NODE}/100/status/start") == "OK"


async def _volumes(world: World, storage: str = "vmdata") -> dict[str, int]:
    listed = await world.get(f"/nodes/pve1/storage/{storage}/content", vmid=100)
    return {volume["volid"]: volume["size"] for volume in listed}


def test_a_snapshot_with_memory_says_where_it_is_and_takes_it_along():
    async def scenario(world: World) -> None:
        await _started(world)
        volid = "vmdata:100/vm-100-state-s1.raw"
        assert await world.task("POST", f"{NODE}/100/snapshot", snapname="s1", vmstate=1) == "OK"
        snapshot = await world.get(f"{NODE}/100/snapshot/s1/config")
        assert snapshot["vmstate"] == volid
        assert snapshot["runningmachine"] == "pc-i440fx-9.2+pve1"
        assert snapshot["runningcpu"].startswith("kvm64,enforce,")
        assert (await world.get(f"{NODE}/100/snapshot"))[0]["vmstate"] == 1
        assert (await _volumes(world))[volid] == STATE
        assert "vmstate" not in await world.config(100)
        assert await world.task("DELETE", f"{NODE}/100/snapshot/s1") == "OK"
        assert volid not in await _volumes(world)

    play(scenario)


@pytest.mark.parametrize(("vmstate", "status"), [(1, "running"), (0, "stopped")])
def test_a_rollback_goes_on_where_the_memory_was_saved(vmstate: int, status: str):
    async def scenario(world: World) -> None:
        await _started(world)
        await world.task("POST", f"{NODE}/100/snapshot", snapname="s1", vmstate=vmstate)
        assert await world.task("POST", f"{NODE}/100/snapshot/s1/rollback") == "OK"
        assert (await world.get(f"{NODE}/100/status/current"))["status"] == status
        assert "runningcpu" not in await world.config(100)

    play(scenario)


def test_a_guest_suspended_to_disk_keeps_its_memory_until_it_goes_on():
    async def scenario(world: World) -> None:
        await _started(world)
        assert await world.task("POST", f"{NODE}/100/status/suspend", todisk=1, statestorage="fast") == "OK"
        config = await world.config(100)
        assert config["lock"] == "suspended"
        assert config["vmstate"].startswith("fast:100/vm-100-state-suspend-")
        assert await _volumes(world, "fast") == {config["vmstate"]: STATE}
        log = await world.log("POST", f"{NODE}/100/status/resume")
        assert [line for line in log if "VM" in line] == [
            "Resuming suspended VM",
            "Resumed VM, removing state",
        ]
        assert not {"lock", "vmstate", "runningmachine", "runningcpu"} & set(await world.config(100))
        assert await _volumes(world, "fast") == {}

    play(scenario)


def test_a_suspended_guest_that_cannot_start_stays_suspended():
    async def scenario(world: World) -> None:
        await _started(world, cores=8)
        await world.task("POST", f"{NODE}/100/status/suspend", todisk=1)
        world.cluster.nodes["pve1"] = world.cluster.nodes["pve1"] | {"cores": 4}
        status = await world.task("POST", f"{NODE}/100/status/resume")
        assert status == "MAX 4 vcpus allowed per VM on this node"
        assert (await world.config(100))["lock"] == "suspended"

    play(scenario)


def test_a_guest_has_no_more_processors_than_its_node():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, cores=3, sockets=3)
        status = await world.task("POST", f"{NODE}/100/status/start")
        assert status == "MAX 8 vcpus allowed per VM on this node"

    play(scenario)


def test_what_a_snapshot_needs_is_not_removed():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, scsi0="vmdata:1,format=qcow2")
        await world.task("POST", f"{NODE}/100/snapshot", snapname="s1")
        volid = "vmdata:100/vm-100-disk-0.qcow2"
        moved = await world.call("POST", f"{NODE}/100/move_disk", disk="scsi0", storage="fast", delete=1)
        assert (moved.status, moved.reason) == (
            500,
            "you can't move a disk with snapshots and delete the source",
        )
        await world.call("PUT", f"{NODE}/100/config", delete="scsi0")
        gone = await world.call("PUT", f"{NODE}/100/config", delete="unused0")
        assert (gone.status, gone.reason) == (
            500,
            f"unable to delete '{volid}' - volume is still in use (snapshot?)",
        )
        assert volid in await _volumes(world)
        await world.task("POST", f"{NODE}/100/snapshot", snapname="s2")
        assert "unused0" not in await world.get(f"{NODE}/100/snapshot/s2/config")

    play(scenario)


@pytest.mark.parametrize("name", ["current", "PENDING"])
def test_the_present_state_has_its_name_for_itself(name: str):
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100)
        refused = await world.call("POST", f"{NODE}/100/snapshot", snapname=name)
        assert refused.reason == f"unable to use snapshot name '{name.lower()}' (reserved name)"

    play(scenario)
