# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's options ask of those who set them."""

from __future__ import annotations

import pytest

from tests.unit.lab.world import World, play

ANN = "ann@pve"


@pytest.mark.parametrize(
    ("option", "value", "privilege"),
    [
        ("serial0", "socket", "VM.Config.HWType"),
        ("vga", "serial0", "VM.Config.HWType"),
        ("cores", 2, "VM.Config.CPU"),
        ("ide2", "none,media=cdrom", "VM.Config.CDROM"),
        ("boot", "order=scsi0", "VM.Config.Disk"),
    ],
)
def test_an_option_is_set_only_with_its_privilege(option: str, value: object, privilege: str) -> None:
    async def scenario(world: World) -> None:
        path = "/nodes/pve1/qemu/100"
        await world.task("POST", "/nodes/pve1/qemu", vmid=100, scsi0="vmdata:1")
        world.grant(ANN, "/vms/100", "VM.Audit")
        refused = await world.call("PUT", f"{path}/config", user=ANN, **{option: value})
        assert (refused.status, privilege in refused.reason) == (403, True), refused
        world.grant(ANN, "/vms/100", "VM.Audit", privilege)
        assert (await world.call("PUT", f"{path}/config", user=ANN, **{option: value})).status == 200

    play(scenario)
