# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node's network: staged, reverted, reloaded."""

from __future__ import annotations

from .world import World, play

PATH = "/nodes/pve1/network"


async def names(world: World, **params: str) -> list[str]:
    """The interfaces that are listed."""
    return [entry["iface"] for entry in await world.get(PATH, **params)]


def test_a_change_waits_for_a_reload() -> None:
    async def scenario(world: World) -> None:
        made = await world.call("POST", PATH, iface="vmbr5", type="bridge", cidr="10.5.0.1/24", autostart=1)
        assert made.status == 200
        listed = await world.call("GET", PATH)
        staged = {entry["iface"]: entry for entry in listed.data}["vmbr5"]
        assert "active" not in staged
        assert (staged["address"], staged["netmask"]) == ("10.5.0.1", "24")
        assert "+iface vmbr5 inet static" in listed.body["changes"]
        assert not world.cluster.store.table("network").get("pve1/vmbr5")
        assert await world.task("PUT", PATH) == "OK"
        after = await world.call("GET", PATH)
        assert {entry["iface"]: entry for entry in after.data}["vmbr5"]["active"] == 1
        assert "changes" not in after.body

    play(scenario)


def test_a_change_can_be_reverted() -> None:
    async def scenario(world: World) -> None:
        before = await names(world)
        await world.call("DELETE", f"{PATH}/vmbr0")
        assert "vmbr0" not in await names(world)
        await world.call("DELETE", PATH)
        assert await names(world) == before

    play(scenario)


def test_refusals() -> None:
    async def scenario(world: World) -> None:
        twice = await world.call("POST", PATH, iface="vmbr0", type="bridge")
        assert twice.errors == {"iface": "interface already exists"}
        missing = await world.call("GET", f"{PATH}/vmbr9")
        assert missing.errors == {"iface": "interface does not exist"}
        second = await world.call(
            "POST", PATH, iface="vmbr6", type="bridge", cidr="10.6.0.2/24", gateway="10.6.0.1"
        )
        assert second.errors == {"gateway": "Default gateway already exists on interface 'vmbr0'."}

    play(scenario)


def test_bridges_are_shown_to_those_who_may_use_them() -> None:
    async def scenario(world: World) -> None:
        world.grant("eva@pve", "/vms", "VM.Audit")
        hidden = await world.call("GET", PATH, user="eva@pve", type="any_bridge")
        assert hidden.data == []
        world.grant("eva@pve", "/sdn/zones/localnetwork/vmbr0", "SDN.Use")
        shown = await world.call("GET", PATH, user="eva@pve", type="any_bridge")
        assert [entry["iface"] for entry in shown.data] == ["vmbr0"]

    play(scenario)


def test_an_update_keeps_what_it_does_not_name() -> None:
    async def scenario(world: World) -> None:
        await world.call("POST", PATH, iface="vmbr5", type="bridge", cidr="10.5.0.1/24", comments="x")
        await world.call("PUT", f"{PATH}/vmbr5", type="bridge", mtu=1400, delete="comments")
        found = await world.get(f"{PATH}/vmbr5")
        assert (found["cidr"], found["mtu"]) == ("10.5.0.1/24", 1400)
        assert "comments" not in found

    play(scenario)
