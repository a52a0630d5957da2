# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The second disk of a guest: what the API makes of scsi1, and what the guest behind it is told."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from lab.guests.base import BackendError, CloudInit
from lab.guests.boot import HOUSEKEEPING, prepare_script
from lab.guests.disks import plug_script
from lab.guests.memory import MemoryBackend
from tests.unit.lab.world import World, play

NODE = "/nodes/pve1/qemu"
GIB = 1024**3
SCRIPT = Path("lab/disks/data-disk")


async def _guest(world: World, *, start: bool = True, **config: Any) -> str:
    assert await world.task("POST", f"{NODE}/9000/clone", newid=200, name="files") == "OK"
    if config:
        assert (await world.call("PUT", f"{NODE}/200/config", **config)).status == 200
    if start:
        assert await world.task("POST", f"{NODE}/200/status/start") == "OK"
    return f"{NODE}/200"


def _seen(world: World) -> int:
    backend = world.cluster.backend
    assert isinstance(backend, MemoryBackend)
    return backend.data_disk(200)


def test_a_disk_that_is_added_is_a_volume_of_the_guest_and_seen_from_its_start_on():
    async def scenario(world: World) -> None:
        await _guest(world, start=False, scsi1="fast:16,discard=on")
        config = await world.config(200)
        assert config["scsi1"] == "fast:200/vm-200-disk-0.raw,discard=on,size=16G"
        (volume,) = await world.get("/nodes/pve1/storage/fast/content")
        assert (volume["vmid"], volume["size"]) == (200, 16 * GIB)

        assert await world.task("POST", f"{NODE}/200/status/start") == "OK"
        assert _seen(world) == 16 * GIB

    play(scenario)


def test_a_disk_is_plugged_into_a_guest_that_runs_and_grows_while_it_runs():
    async def scenario(world: World) -> None:
        path = await _guest(world)
        assert _seen(world) == 0
        assert (await world.call("PUT", f"{path}/config", scsi1="vmdata:16")).status == 200
        assert _seen(world) == 16 * GIB

        assert await world.task("PUT", f"{path}/resize", disk="scsi1", size="24G") == "OK"
        assert _seen(world) == 24 * GIB
        assert (await world.config(200))["scsi1"].endswith("size=24G")
        assert await world.task("PUT", f"{path}/resize", disk="scsi0", size="+1G") == "OK"
        assert _seen(world) == 24 * GIB

    play(scenario)


def test_a_guest_that_nothing_may_be_plugged_into_sees_its_disk_at_its_next_start():
    async def scenario(world: World) -> None:
        path = await _guest(world, hotplug="0")
        assert (await world.call("PUT", f"{path}/config", scsi1="vmdata:16")).status == 200
        assert _seen(world) == 0
        assert await world.task("POST", f"{path}/status/stop") == "OK"
        assert await world.task("POST", f"{path}/status/start") == "OK"
        assert _seen(world) == 16 * GIB

    play(scenario)


def test_a_slot_that_is_taken_gives_its_disk_up_and_keeps_it_as_unused():
    async def scenario(world: World) -> None:
        path = await _guest(world, start=False, scsi1="vmdata:16")
        assert (await world.call("PUT", f"{path}/config", scsi1="vmdata:8")).status == 200
        config = await world.config(200)
        assert config["unused0"] == "vmdata:200/vm-200-disk-1.raw"
        assert config["scsi1"].startswith("vmdata:200/vm-200-disk-2.raw")

    play(scenario)


def test_a_disk_that_a_guest_does_not_take_is_told():
    async def scenario(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        path = await _guest(world, scsi1="vmdata:16")

        async def refuse(vmid: int, size: int) -> None:
            raise BackendError("no loop device could be had")

        with monkeypatch.context() as patch:
            patch.setattr(world.cluster.backend, "fit_disk", refuse)
            status = await world.task("PUT", f"{path}/resize", disk="scsi1", size="24G")
        assert "no loop device could be had" in status
        assert (await world.config(200))["scsi1"].endswith("size=16G")

    with pytest.MonkeyPatch.context() as monkeypatch:
        play(lambda world: scenario(world, monkeypatch))


def test_only_a_volume_group_must_have_the_room_that_it_promises():
    async def scenario(world: World) -> None:
        row = {"storage": "san", "type": "lvm", "vgname": "san", "shared": 1, "content": "images"}
        world.cluster.store.table("storages")["san"] = row | {"total": 20 * GIB}
        path = await _guest(world, start=False, scsi1="san:16")
        (volume,) = await world.get("/nodes/pve1/storage/san/content")
        assert volume["size"] == 16 * GIB
        assert (await world.get("/nodes/pve1/storage/san/status"))["used"] == 16 * GIB

        refused = await world.call("PUT", f"{path}/config", scsi2="san:8")
        assert (refused.status, refused.reason) == (500, f"not enough free space ({4 * GIB} < {8 * GIB})")
        assert "not enough" in await world.task("PUT", f"{path}/resize", disk="scsi1", size="+8G")
        assert await world.task("PUT", f"{path}/resize", disk="scsi1", size="20G") == "OK"

    play(scenario)


def test_a_guest_is_given_its_disk_at_every_boot_and_no_other_one_is():
    cloudinit = CloudInit(user="ops", hostname="files-02")
    script = prepare_script(cloudinit, (), 16 * GIB)
    before_the_instance_is_known = script.partition("exit 0")[0]

    assert "echo SIZE=17179869184 > /etc/data-disk-renfort-data" in before_the_instance_is_known
    assert "local-fs.target.wants/data-disk@renfort-data.service" in before_the_instance_is_known
    assert "rm -f /etc/systemd/system/local-fs.target.wants" in prepare_script(cloudinit, (), 0)
    assert "data-disk" not in prepare_script(CloudInit(user="ops", hostname="storage-01"), ())
    assert prepare_script(None, (), 16 * GIB).startswith(HOUSEKEEPING)


@pytest.mark.parametrize("script", [plug_script(GIB), prepare_script(None, (), GIB), SCRIPT.read_text()])
def test_the_scripts_are_valid(script: str):
    assert subprocess.run(["bash", "-n"], input=script.encode(), check=False).returncode == 0
