# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's configuration through the API: what is refused, what is stored, what waits."""

from __future__ import annotations

import pytest

from tests.unit.lab.world import World, play

PATH = "/nodes/pve1/qemu/100/config"


async def _guest(world: World, **options: object) -> None:
    assert await world.task("POST", "/nodes/pve1/qemu", vmid=100, name="a", **options) == "OK"


def test_tags_are_kept_as_sent_at_creation_and_ordered_by_a_change():
    async def scenario(world: World) -> None:
        await _guest(world, tags="B;a")
        assert (await world.config(100))["tags"] == "B;a"
        await world.call("PUT", PATH, tags="B;a")
        assert (await world.config(100))["tags"] == "a;b"
        await world.call("PUT", PATH, tags="")
        assert (await world.config(100))["tags"] == " "

    play(scenario)


def test_an_empty_description_removes_the_key():
    async def scenario(world: World) -> None:
        await _guest(world, description="x")
        assert (await world.call("PUT", PATH, description="")).status == 200
        assert "description" not in await world.config(100)

    play(scenario)


def test_a_digest_of_another_content_is_refused_and_an_old_one_comes_back_to_life():
    async def scenario(world: World) -> None:
        await _guest(world, memory=512)
        first = (await world.config(100))["digest"]
        await world.call("PUT", PATH, memory=1024)
        stale = await world.call("PUT", PATH, memory=2048, digest=first)
        assert (stale.status, stale.reason) == (500, "checksum mismatch (file change by other user?)")
        await world.call("PUT", PATH, memory=512)
        assert (await world.call("PUT", PATH, memory=2048, digest=first)).status == 200

    play(scenario)


def test_a_password_is_hashed_and_never_shown():
    async def scenario(world: World) -> None:
        await _guest(world, cipassword="s3cret")
        assert (await world.config(100))["cipassword"] == "**********"
        assert world.cluster.guests["100"]["config"]["cipassword"].startswith("$5$")

    play(scenario)


@pytest.mark.parametrize(
    ("params", "status", "reason"),
    [
        ({}, 500, "no options specified"),
        ({"boot": "order=scsi9"}, 500, "invalid bootorder: device 'scsi9' does not exist'"),
        (
            {"memory": 128, "balloon": 256},
            500,
            "balloon value too large (must be smaller than assigned memory)",
        ),
        ({"sshkeys": "not%20a%20key"}, 500, "SSH public key validation error"),
        ({"scsi1": "nowhere:1"}, 500, "storage 'nowhere' does not exist"),
    ],
)
def test_a_senseless_change_is_refused(params, status, reason):
    async def scenario(world: World) -> None:
        await _guest(world)
        answer = await world.call("PUT", PATH, **params)
        assert (answer.status, answer.reason) == (status, reason)

    play(scenario)


def test_setting_and_deleting_one_key_at_once_is_refused():
    async def scenario(world: World) -> None:
        await _guest(world)
        answer = await world.call("PUT", PATH, memory=256, delete="memory")
        assert answer.errors == {"delete": "you can't use '-memory' and -delete memory' at the same time"}
        answer = await world.call("PUT", PATH, delete="colour")
        assert answer.errors == {"delete": "unknown option 'colour'"}

    play(scenario)


def test_a_replaced_disk_is_kept_as_unused_until_it_is_deleted():
    async def scenario(world: World) -> None:
        await _guest(world, scsi0="fast:1")
        await world.call("PUT", PATH, scsi0="fast:2")
        config = await world.config(100)
        assert config["scsi0"] == "fast:100/vm-100-disk-1.raw,size=2G"
        assert config["unused0"] == "fast:100/vm-100-disk-0.raw"
        await world.call("PUT", PATH, delete="unused0")
        content = await world.get("/nodes/pve1/storage/fast/content")
        assert [volume["volid"] for volume in content] == ["fast:100/vm-100-disk-1.raw"]

    play(scenario)


def test_deleting_a_disk_takes_it_out_of_the_boot_order():
    async def scenario(world: World) -> None:
        await _guest(world, scsi0="fast:1", net0="virtio,bridge=vmbr0")
        assert (await world.config(100))["boot"] == "order=scsi0;net0"
        await world.call("PUT", PATH, delete="scsi0")
        assert (await world.config(100))["boot"] == "order=net0"

    play(scenario)


def test_a_running_guest_keeps_memory_and_cores_until_it_stops():
    async def scenario(world: World) -> None:
        await _guest(world, memory=512, cores=1)
        await world.task("POST", "/nodes/pve1/qemu/100/status/start")
        await world.call("PUT", PATH, memory=1024, description="now", ciuser="ops")
        assert (await world.config(100))["memory"] == "1024"
        live = await world.config(100, current=1)
        assert (live["memory"], live["description"], live["ciuser"]) == ("512", "now", "ops")
        pending = {entry["key"]: entry for entry in await world.get("/nodes/pve1/qemu/100/pending")}
        assert pending["memory"] == {"key": "memory", "value": "512", "pending": "1024"}
        await world.task("POST", "/nodes/pve1/qemu/100/status/stop")
        assert (await world.config(100, current=1))["memory"] == "1024"

    play(scenario)


def test_a_revert_forgets_what_waits():
    async def scenario(world: World) -> None:
        await _guest(world, memory=512)
        await world.task("POST", "/nodes/pve1/qemu/100/status/start")
        await world.call("PUT", PATH, memory=1024, cores=2)
        await world.call("PUT", PATH, revert="memory,cores")
        config = await world.config(100)
        assert config["memory"] == "512"
        assert "cores" not in config

    play(scenario)


def test_an_asynchronous_change_is_a_task_that_repeats_the_options():
    async def scenario(world: World) -> None:
        await _guest(world)
        lines = await world.log("POST", PATH, memory=320)
        assert lines == ["update VM 100: -memory 320", "TASK OK"]

    play(scenario)


def test_root_s_token_may_not_do_what_only_root_s_session_may():
    async def scenario(world: World) -> None:
        await _guest(world)
        assert (await world.call("PUT", PATH, args="-no-hpet")).status == 200
        world.grant("ops@pve", "/vms", "VM.Config.Options", "VM.Config.HWType", "VM.Audit")
        refused = await world.call("PUT", PATH, user="ops@pve", args="-no-hpet")
        assert (refused.status, refused.reason) == (500, "only root can set 'args' config")
        answer = await world.call("PUT", PATH, user="ops@pve", name="b", skiplock=1)
        assert answer.errors == {"skiplock": "Only root may use this option."}

    play(scenario)


@pytest.mark.parametrize(
    ("option", "value", "privilege"),
    [
        ("memory", 512, "VM.Config.Memory"),
        ("cores", 2, "VM.Config.CPU"),
        ("description", "x", "VM.Config.Options"),
        ("vga", "std", "VM.Config.HWType"),
        ("bootdisk", "scsi0", "VM.Config.Disk"),
        ("ciuser", "x", "VM.Config.Cloudinit|VM.Config.Network"),
        ("ide0", "none,media=cdrom", "VM.Config.CDROM"),
    ],
)
def test_every_class_of_options_needs_its_privilege(option, value, privilege):
    async def scenario(world: World) -> None:
        await _guest(world)
        world.grant("ops@pve", "/vms", "VM.Config.Network" if "CDROM" in privilege else "VM.Config.CDROM")
        refused = await world.call("PUT", PATH, user="ops@pve", **{option: value})
        assert (refused.status, refused.reason) == (403, f"Permission check failed (/vms/100, {privilege})")

    play(scenario)


def test_a_bridge_needs_a_privilege_of_its_own():
    async def scenario(world: World) -> None:
        await _guest(world)
        world.grant("ops@pve", "/vms", "VM.Config.Network")
        refused = await world.call("PUT", PATH, user="ops@pve", net0="virtio,bridge=vmbr0")
        assert refused.reason == "Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)"

    play(scenario)


def test_a_guest_on_another_node_has_no_configuration_here():
    async def scenario(world: World) -> None:
        await _guest(world)
        answer = await world.call("GET", "/nodes/pve2/qemu/100/config")
        expected = "Configuration file 'nodes/pve2/qemu-server/100.conf' does not exist"
        assert (answer.status, answer.reason) == (500, expected)

    play(scenario)


def test_a_locked_guest_refuses_changes():
    async def scenario(world: World) -> None:
        await _guest(world)
        await world.call("PUT", PATH, lock="backup")
        assert (await world.call("PUT", PATH, memory=256)).reason == "VM is locked (backup)"
        assert await world.task("POST", "/nodes/pve1/qemu/100/status/start") == "VM is locked (backup)"
        assert (await world.call("PUT", PATH, delete="lock", skiplock=1)).status == 200

    play(scenario)


def test_the_cloud_init_drive_says_what_the_configuration_does():
    async def scenario(world: World) -> None:
        await _guest(
            world,
            ide2="fast:cloudinit",
            net0="virtio=BC:24:11:00:00:01,bridge=vmbr0",
            ipconfig0="ip=10.9.0.5/24,gw=10.9.0.1",
            ciuser="ops",
            nameserver="10.9.0.2",
            searchdomain="lab.test",
        )
        dump = "/nodes/pve1/qemu/100/cloudinit/dump"
        user = await world.get(dump, type="user")
        assert "hostname: a\n" in user
        assert "fqdn: a.lab.test\n" in user
        assert "user: ops\n" in user
        network = await world.get(dump, type="network")
        assert "mac_address: 'bc:24:11:00:00:01'" in network
        assert "address: '10.9.0.5'\n        netmask: '255.255.255.0'\n        gateway: '10.9.0.1'" in network
        assert "- '10.9.0.2'" in network

    play(scenario)
