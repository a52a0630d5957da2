# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's shelf: what a file may say of servers, and what their buttons do."""

from __future__ import annotations

from typing import Any

import pytest

from lab.errors import LabError
from lab.redfish.driver import ShelfDriver
from lab.redfish.machines import NoMachines
from lab.redfish.shelf import ShelfServer, parse_shelf

SERVER = ShelfServer(name="s1", mac="52:54:00:00:00:01")


class Noted(NoMachines):
    """Power without machines, which keeps how each boot went."""

    def __init__(self) -> None:
        super().__init__()
        self.boots: list[bool] = []

    def boot(self, server: ShelfServer, *, install: bool) -> None:
        self.boots.append(install)
        super().boot(server, install=install)


@pytest.fixture
def machines() -> Noted:
    return Noted()


@pytest.fixture
def driver(machines: Noted) -> ShelfDriver:
    return ShelfDriver([SERVER], machines)


def test_only_a_boot_from_the_network_installs_and_only_once(driver: ShelfDriver, machines: Noted) -> None:
    driver.set_power_state(SERVER.uuid, "On")
    driver.set_boot_device(SERVER.uuid, "Pxe")
    driver.set_power_state(SERVER.uuid, "ForceRestart")
    driver.set_power_state(SERVER.uuid, "ForceRestart")
    assert machines.boots == [False, True, False]


def test_the_button_of_a_server_that_is_on_does_nothing(driver: ShelfDriver, machines: Noted) -> None:
    driver.set_power_state(SERVER.uuid, "On")
    driver.set_boot_device(SERVER.uuid, "Pxe")
    driver.set_power_state(SERVER.uuid, "On")
    assert machines.boots == [False]
    assert driver.get_boot_device(SERVER.uuid) == "Pxe"


def test_a_server_that_is_cut_off_is_off(driver: ShelfDriver) -> None:
    driver.set_power_state(SERVER.uuid, "On")
    assert driver.get_power_state(SERVER.uuid) == "On"
    driver.set_power_state(SERVER.uuid, "ForceOff")
    assert driver.get_power_state(SERVER.uuid) == "Off"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (["s1"], "The shelf is not a mapping from names to servers."),
        ({"s1": "on"}, "The server s1 on the shelf is not understood: it is no mapping."),
        ({"s1": {"mac": "m", "colour": "red"}}, "The server s1 on the shelf is not understood: colour."),
    ],
)
def test_a_shelf_that_is_none_is_refused(data: Any, message: str) -> None:
    with pytest.raises(LabError) as caught:
        parse_shelf(data)
    assert str(caught.value).startswith(message)


def test_servers_have_the_same_id_in_every_run() -> None:
    (server,) = parse_shelf({"s1": {"mac": "52:54:00:00:00:01"}})
    assert server.uuid == SERVER.uuid
