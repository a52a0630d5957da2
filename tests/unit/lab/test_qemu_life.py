# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of guests through the API: made, cloned, started, moved, removed."""

from __future__ import annotations

import asyncio

import pytest

from lab.pve.qemu import power
from lab.pve.qemu.watch import ABSENCES, Watch
from tests.unit.lab.world import World, play

NODE = "/nodes/pve1/qemu"


async def _clone(world: World, newid: int = 200, **params: object) -> str:
    return await world.task("POST", f"{NODE}/9000/clone", newid=newid, **params)


def test_a_vmid_is_taken_once_in_the_cluster():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100)
        again = await world.call("POST", "/nodes/pve2/qemu", vmid=100)
        assert (again.status, again.reason) == (
            500,
            "unable to create VM 100 - VM 100 already exists on node 'pve1'",
        )

    play(scenario)


def test_a_creation_that_fails_leaves_nothing():
    async def scenario(world: World) -> None:
        status = await world.task("POST", NODE, vmid=100, scsi0="fast:1", scsi1="off:1")
        assert status == "unable to create VM 100 - storage 'off' is disabled"
        assert (await world.call("GET", f"{NODE}/100/config")).status == 500
        assert await world.get("/nodes/pve1/storage/fast/content") == []

    play(scenario)


def test_a_storage_that_holds_no_images_is_refused_at_once():
    async def scenario(world: World) -> None:
        answer = await world.call("POST", NODE, vmid=100, scsi0="local:1")
        assert answer.errors == {"storage": "storage 'local' does not support vm images"}

    play(scenario)


def test_a_template_s_clone_is_linked_and_can_be_made_on_another_node():
    async def scenario(world: World) -> None:
        assert await _clone(world, name="web", target="pve2", pool="team") == "OK"
        config = await world.config(200, "pve2")
        assert config["scsi0"].startswith("vmdata:9000/base-9000-disk-0.raw/200/vm-200-disk-0.qcow2")
        assert config["name"] == "web"
        assert "template" not in config
        template = await world.config(9000)
        for key in ("net0", "smbios1", "vmgenid"):
            assert config[key] != template[key]
        members = (await world.get("/pools", poolid="team"))[0]["members"]
        assert [member["vmid"] for member in members] == [200]

    play(scenario)


def test_a_full_clone_has_disks_of_its_own():
    async def scenario(world: World) -> None:
        assert await _clone(world, full=1, storage="fast", format="qcow2") == "OK"
        config = await world.config(200)
        assert config["scsi0"] == "fast:200/vm-200-disk-0.qcow2,discard=on,size=2G"
        assert config["name"] == "Copy-of-VM-debian"

    play(scenario)


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"newid": 9000}, "unable to create VM 9000: config file already exists"),
        ({"newid": 200, "storage": "fast"}, "parameter 'storage' not allowed for linked clones"),
        ({"newid": 200, "format": "raw"}, "parameter 'format' not allowed for linked clones"),
        ({"newid": 200, "target": "pve9"}, "no such cluster node 'pve9'"),
        ({"newid": 200, "snapname": "no"}, "snapshot 'no' does not exist"),
        ({"newid": 200, "pool": "no"}, "Permission check failed (pool 'no' does not exist)"),
        (
            {"newid": 200, "full": 1, "storage": "fast", "target": "pve2"},
            "can't clone to non-shared storage 'fast'",
        ),
    ],
)
def test_a_clone_that_cannot_be_is_refused_at_once(params, reason):
    async def scenario(world: World) -> None:
        assert (await world.call("POST", f"{NODE}/9000/clone", **params)).reason == reason

    play(scenario)


def test_while_a_full_clone_runs_its_target_is_locked_and_its_source_cannot_be_changed():
    async def scenario(world: World) -> None:
        answer = await world.call("POST", f"{NODE}/9000/clone", newid=200, full=1, bwlimit=2000)
        await asyncio.sleep(0.02)
        assert (await world.config(200))["lock"] == "clone"
        refused = await world.call("PUT", f"{NODE}/9000/config", description="x")
        assert refused.reason == "can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout"
        assert await _clone(world, 201) == "OK"
        await world.call("DELETE", f"/nodes/pve1/tasks/{answer.data}")
        assert (await world.get(f"/nodes/pve1/tasks/{answer.data}/status"))[
            "exitstatus"
        ] == "received interrupt"
        assert (await world.call("GET", f"{NODE}/200/config")).status == 500
        left = await world.get("/nodes/pve1/storage/vmdata/content", vmid=200)
        assert left == []

    play(scenario)


def test_only_a_template_s_disk_can_be_linked_to():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, scsi0="fast:1")
        answer = await world.call("POST", f"{NODE}/100/clone", newid=101, full=0)
        expected = "Linked clone feature is not supported for 'fast:100/vm-100-disk-0.raw' (scsi0)"
        assert answer.reason == expected
        assert await world.task("POST", f"{NODE}/100/template") == "OK"
        assert (await world.config(100))["scsi0"] == "fast:100/base-100-disk-0.raw,size=1G"
        assert await world.task("POST", f"{NODE}/100/clone", newid=101) == "OK"

    play(scenario)


def test_a_template_neither_starts_nor_goes_while_clones_stand_on_it():
    async def scenario(world: World) -> None:
        await _clone(world)
        assert (
            await world.task("POST", f"{NODE}/9000/status/start") == "you can't start a vm if it's a template"
        )
        status = await world.task("DELETE", f"{NODE}/9000")
        assert status == "base volume 'vmdata:9000/base-9000-disk-0.raw' is still in use by linked cloned"
        assert await world.task("DELETE", f"{NODE}/200", purge=1) == "OK"
        assert await world.task("DELETE", f"{NODE}/9000") == "OK"

    play(scenario)


def test_a_started_guest_has_the_spec_of_its_configuration():
    async def scenario(world: World) -> None:
        await _clone(world, name="web")
        await world.call("PUT", f"{NODE}/200/config", ipconfig0="ip=10.9.0.7/24,gw=10.9.0.1", cores=2)
        assert await world.task("POST", f"{NODE}/200/status/start") == "OK"
        links = (await world.get(f"{NODE}/200/agent/network-get-interfaces"))["result"]
        assert links[1]["ip-addresses"][0]["ip-address"] == "10.9.0.7"
        key = await world.get(f"{NODE}/200/agent/file-read", file="/etc/ssh/ssh_host_ed25519_key.pub")
        assert key["content"].startswith("ssh-ed25519 AAAA")
        current = await world.get(f"{NODE}/200/status/current")
        assert (current["status"], current["cpus"], current["agent"]) == ("running", 2, 1)

    play(scenario)


def test_a_running_guest_is_not_removed():
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        refused = await world.call("DELETE", f"{NODE}/200")
        assert (refused.status, refused.reason) == (500, "VM 200 is running - destroy failed")
        await world.task("POST", f"{NODE}/200/status/shutdown")
        await world.call("PUT", f"{NODE}/200/config", protection=1)
        refused = await world.call("DELETE", f"{NODE}/200")
        assert refused.reason == "can't remove VM 200 - protection mode enabled"

    play(scenario)


def test_a_guest_without_a_system_does_not_shut_down_unless_forced():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, agent=1)
        await world.task("POST", f"{NODE}/100/status/start")
        assert await world.task("POST", f"{NODE}/100/status/shutdown", timeout=3) == (
            "VM quit/powerdown failed - got timeout"
        )
        assert (
            await world.call("POST", f"{NODE}/100/agent/ping")
        ).reason == "QEMU guest agent is not running"
        assert await world.task("POST", f"{NODE}/100/status/shutdown", timeout=2, forceStop=1) == "OK"
        assert (await world.get(f"{NODE}/100/status/current"))["status"] == "stopped"

    play(scenario)


@pytest.mark.parametrize("action", ["reboot", "reset", "suspend", "resume"])
def test_what_needs_a_running_guest_says_so(action):
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100)
        answer = await world.call("POST", f"{NODE}/100/status/{action}")
        assert (answer.status, answer.reason) == (500, "VM 100 not running")

    play(scenario)


def test_a_reboot_ends_before_the_guest_is_up_again():
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        assert await world.task("POST", f"{NODE}/200/status/reboot") == "OK"
        assert (await world.get(f"{NODE}/200/status/current"))["status"] == "stopped"
        for _ in range(200):
            if (await world.get(f"{NODE}/200/status/current"))["status"] == "running":
                return
            await asyncio.sleep(0.01)
        pytest.fail("the guest did not come back")

    play(scenario)


def test_a_missing_bridge_is_noticed_at_the_start():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, net0="virtio,bridge=vmbr77")
        lines = await world.log("POST", f"{NODE}/100/status/start")
        assert lines[0] == "bridge 'vmbr77' does not exist"
        assert lines[-1] == "TASK ERROR: start failed: QEMU exited with code 1"

    play(scenario)


def test_disks_grow_and_never_shrink():
    async def scenario(world: World) -> None:
        await _clone(world)
        path = f"{NODE}/200/resize"
        assert await world.task("PUT", path, disk="scsi0", size="+1G") == "OK"
        assert "size=3G" in (await world.config(200))["scsi0"]
        assert await world.task("PUT", path, disk="scsi0", size="1G") == "shrinking disks is not supported"
        assert await world.task("PUT", path, disk="ide2", size="+1G") == "you can't resize a cdrom"
        assert await world.task("PUT", path, disk="scsi7", size="+1G") == "disk 'scsi7' does not exist"

    play(scenario)


def test_a_snapshot_needs_disks_that_can_hold_it_and_brings_the_configuration_back():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, scsi0="fast:1")
        assert await world.task("POST", f"{NODE}/100/snapshot", snapname="s1") == (
            "snapshot feature is not available"
        )
        await _clone(world)
        assert await world.task("POST", f"{NODE}/200/snapshot", snapname="s1") == "OK"
        assert (
            await world.task("POST", f"{NODE}/200/snapshot", snapname="s1")
            == "snapshot name 's1' already used"
        )
        await world.call("PUT", f"{NODE}/200/config", cores=4)
        assert await world.task("POST", f"{NODE}/200/snapshot/s1/rollback") == "OK"
        config = await world.config(200)
        assert (config["cores"], config["parent"]) == (1, "s1")
        assert await world.task("DELETE", f"{NODE}/200/snapshot/s1") == "OK"
        assert "parent" not in await world.config(200)

    play(scenario)


def test_a_guest_moves_to_another_node():
    async def scenario(world: World) -> None:
        await _clone(world)
        same = await world.call("POST", f"{NODE}/200/migrate", target="pve1")
        assert same.errors == {"target": "target is local node."}
        assert await world.task("POST", f"{NODE}/200/migrate", target="pve2") == "OK"
        assert (await world.config(200, "pve2"))["name"] == "Copy-of-VM-debian"
        assert (await world.call("GET", f"{NODE}/200/config")).status == 500

    play(scenario)


def test_a_moved_disk_leaves_the_old_one_unused_unless_told_otherwise():
    async def scenario(world: World) -> None:
        await world.task("POST", NODE, vmid=100, scsi0="fast:1")
        assert await world.task("POST", f"{NODE}/100/move_disk", disk="scsi0", storage="vmdata") == "OK"
        config = await world.config(100)
        assert config["scsi0"] == "vmdata:100/vm-100-disk-0.raw,size=1G"
        assert config["unused0"] == "fast:100/vm-100-disk-0.raw"
        again = await world.call("POST", f"{NODE}/100/move_disk", disk="scsi0", storage="vmdata")
        assert again.reason == "you can't move to the same storage with same format"

    play(scenario)


def test_a_command_s_end_is_told_once():
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        started = await world.call("POST", f"{NODE}/200/agent/exec", command=["/bin/echo", "a b", "c"])
        pid = started.data["pid"]
        ended = await world.get(f"{NODE}/200/agent/exec-status", pid=pid)
        assert (ended["exitcode"], ended["out-data"]) == (0, "a b c\n")
        again = await world.call("GET", f"{NODE}/200/agent/exec-status", pid=pid)
        assert again.reason == "Agent error: Invalid parameter 'pid'"

    play(scenario)


def test_state_outlives_a_kill(tmp_path):
    async def scenario(world: World) -> None:
        await _clone(world, name="web")
        await world.call("POST", f"{NODE}/9000/clone", newid=201, full=1, bwlimit=1000)
        await asyncio.sleep(0.02)
        # Nobody told the first process: it is as if it had been killed here.
        second = World(tmp_path / "pve.sqlite")
        assert (await second.config(200))["name"] == "web"
        assert (await second.config(201))["lock"] == "clone"
        tasks = await second.get("/nodes/pve1/tasks")
        assert [row["status"] for row in tasks] == ["unexpected status", "OK"]
        second.cluster.store.close()

    play(scenario, tmp_path / "pve.sqlite")


def test_a_guest_that_ends_by_itself_is_stopped_but_one_that_reboots_is_not():
    async def scenario(world: World) -> None:
        for vmid in (200, 201):
            await _clone(world, vmid)
            await world.task("POST", f"{NODE}/{vmid}/status/start")
        watch = Watch(world.cluster)
        watch.compare({201})
        watch.compare({200, 201})
        for _ in range(ABSENCES):
            assert world.cluster.guests["201"]["status"] == "running"
            watch.compare({200})
        assert world.cluster.guests["200"]["status"] == "running"
        assert (await world.get(f"{NODE}/201/status/current"))["status"] == "stopped"
        watch.compare({200, 201})
        assert (await world.get(f"{NODE}/201/status/current"))["status"] == "running"

    play(scenario)


def test_a_guest_suspended_to_disk_starts_where_it_was():
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        assert await world.task("POST", f"{NODE}/200/status/suspend", todisk=1) == "OK"
        current = await world.get(f"{NODE}/200/status/current")
        assert (current["status"], current["lock"]) == ("stopped", "suspended")
        assert await world.task("POST", f"{NODE}/200/status/resume") == "OK"
        current = await world.get(f"{NODE}/200/status/current")
        assert current["status"] == "running"
        assert "lock" not in current

    play(scenario)


def test_a_paused_guest_says_so_and_neither_answers_nor_shuts_down():
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        assert await world.task("POST", f"{NODE}/200/status/suspend") == "OK"
        current = await world.get(f"{NODE}/200/status/current")
        assert (current["status"], current["qmpstatus"]) == ("running", "paused")
        ping = await world.call("POST", f"{NODE}/200/agent/ping")
        assert ping.reason == "QEMU guest agent is not running"
        refused = await world.call("POST", f"{NODE}/200/status/shutdown")
        assert refused.reason == "VM is paused - cannot shutdown"
        assert await world.task("POST", f"{NODE}/200/status/resume") == "OK"
        assert (await world.call("POST", f"{NODE}/200/agent/ping")).status == 200

    play(scenario)


def test_a_move_to_a_node_that_is_off_line_is_aborted_and_changes_nothing():
    async def scenario(world: World) -> None:
        await _clone(world)
        nodes = world.cluster.store.table("nodes")
        nodes["pve2"] = nodes["pve2"] | {"online": False}
        assert await world.task("POST", f"{NODE}/200/migrate", target="pve2") == "migration aborted"
        assert "lock" not in await world.config(200)

    play(scenario)


def test_there_is_one_cloud_init_drive():
    async def scenario(world: World) -> None:
        await _clone(world)
        answer = await world.call("PUT", f"{NODE}/200/config", ide0="vmdata:cloudinit")
        assert answer.reason == "ide0 - cloud-init drive is already attached at 'ide2'"

    play(scenario)


def test_guests_in_memory_run_on_when_the_emulator_starts_again(tmp_path):
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        second = World(tmp_path / "pve.sqlite")
        await power.revive(second.cluster)
        await power.reconcile(second.cluster)
        assert (await second.get(f"{NODE}/200/status/current"))["status"] == "running"
        assert (await second.call("POST", f"{NODE}/200/agent/ping")).status == 200
        second.cluster.store.close()

    play(scenario, tmp_path / "pve.sqlite")


def test_guests_that_ended_while_the_emulator_was_away_are_stopped(tmp_path):
    async def scenario(world: World) -> None:
        await _clone(world)
        await world.task("POST", f"{NODE}/200/status/start")
        second = World(tmp_path / "pve.sqlite")
        await power.reconcile(second.cluster)
        assert (await second.get(f"{NODE}/200/status/current"))["status"] == "stopped"
        second.cluster.store.close()

    play(scenario, tmp_path / "pve.sqlite")
