# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of a BMC, against sushy-tools' Redfish service in a process of its own."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import redfish_errors
from ansible_collections.ent.renfort.plugins.module_utils.core.server_access import ServerAccess
from ansible_collections.ent.renfort.plugins.module_utils.redfish import Bmc
from tests.unit.clients.shelf import Shelf

SERVERS: dict[str, dict[str, Any]] = {
    "off": {"mac": "52:54:00:00:00:01", "serial": "CZ1"},
    "slow": {"mac": "52:54:00:00:00:02", "delay_s": 1.5},
    "stuck": {"mac": "52:54:00:00:00:03", "delay_s": 3600},
    "on": {"mac": "52:54:00:00:00:04", "power": "On"},
    "locked": {"mac": "52:54:00:00:00:05", "locked": True},
    "refusing": {"mac": "52:54:00:00:00:06", "refuses": True},
    "diskonly": {"mac": "52:54:00:00:00:07", "netboot": False},
}


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory, certificate: Path) -> Iterator[Shelf]:
    service = Shelf(tmp_path_factory.mktemp("shelf"), certificate, SERVERS)
    yield service
    service.close()


def bmc(shelf: Shelf, name: str, **changes: Any) -> Bmc:
    return Bmc(name, ServerAccess(bmc=shelf.bmc(name)), shelf.settings(**changes))


def test_a_server_boots_from_the_network_once(shelf: Shelf) -> None:
    client = bmc(shelf, "off")

    before = client.read()
    assert (before.on, before.power, before.network_next, before.serial) == (False, "Off", False, "CZ1")
    client.boot_from_network_once()
    assert client.read().network_next
    client.switch_on(wait_s=10)

    after = client.read()
    assert (after.on, after.network_next, after.boots_from) == (True, False, "its usual disk")
    client.switch_on(wait_s=10)
    client.restart(wait_s=10)
    assert shelf.resets()["off"] == ["On", "On", "ForceRestart"]


def test_a_server_that_takes_its_time_is_waited_for(shelf: Shelf) -> None:
    client = bmc(shelf, "slow")
    client.switch_on(wait_s=10)
    assert client.read().on


def test_a_server_that_stays_off_is_told(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.PowerTimeoutError) as caught:
        bmc(shelf, "stuck").switch_on(wait_s=0.5)
    assert "Could not switch on stuck" in str(caught.value)
    assert "0.5 s later its power is Off" in str(caught.value)


def test_a_boot_source_that_is_not_kept_is_told(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.BmcRefusedError, match="took the network, and shows its usual disk"):
        bmc(shelf, "locked").boot_from_network_once()


def test_a_boot_source_that_is_not_offered_is_told(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.BmcRefusedError, match="its BMC does not offer that") as caught:
        bmc(shelf, "diskonly").boot_from_network_once()
    assert "Could not set the next boot of diskonly" in str(caught.value)


def test_a_refused_action_says_what_the_bmc_says(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.BmcRefusedError) as caught:
        bmc(shelf, "refusing").switch_on(wait_s=1)
    assert "the power supplies are not redundant" in str(caught.value)


@pytest.mark.parametrize("changes", [{"password": "wrong"}, {"user": "nobody"}])
def test_a_wrong_login_is_told_and_tried_once(shelf: Shelf, changes: dict[str, str]) -> None:
    with pytest.raises(redfish_errors.BmcAuthError) as caught:
        bmc(shelf, "off", **changes).read()
    assert f"refuses the user {changes.get('user', 'operator')}" in str(caught.value)
    assert "RENFORT_BMC_PASSWORD" in str(caught.value)
    assert "wrong" not in str(caught.value).replace("wrong tries", "")


def test_a_certificate_that_nobody_vouches_for_is_refused(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.BmcTlsError) as caught:
        bmc(shelf, "off", ca_file="").read()
    assert "certificate of the BMC does not verify" in str(caught.value)
    assert "bmc_ca_file" in str(caught.value)


def test_a_variable_of_the_environment_does_not_replace_the_authority(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.touch()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(empty))
    assert bmc(shelf, "on").read().on


def test_a_system_that_is_not_there_is_told(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.SystemMissingError, match="has no such system"):
        bmc(shelf, "absent").read()


def test_a_service_of_several_systems_needs_the_path_of_one(shelf: Shelf) -> None:
    with pytest.raises(redfish_errors.SystemMissingError) as caught:
        Bmc("off", ServerAccess(bmc=shelf.url), shelf.settings()).read()
    assert f"has {len(SERVERS)} systems" in str(caught.value)
    assert shelf.bmc("off").removeprefix(shelf.url) in str(caught.value)


def test_the_only_system_needs_no_path(tmp_path: Path, certificate: Path) -> None:
    service = Shelf(tmp_path, certificate, {"only": {"mac": "52:54:00:00:00:01"}})
    try:
        assert not Bmc("only", ServerAccess(bmc=service.url), service.settings()).read().on
    finally:
        service.close()


def test_a_refused_connection_is_told(shelf: Shelf) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(redfish_errors.BmcUnreachableError) as caught:
        Bmc("off", ServerAccess(bmc=f"https://127.0.0.1:{port}"), shelf.settings()).read()
    assert "no connection to the BMC: [Errno 111] Connection refused." in str(caught.value)


def test_an_answer_that_does_not_come_is_told(shelf: Shelf, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        over = threading.Event()

        def take_and_say_nothing() -> None:
            with context.wrap_socket(listening.accept()[0], server_side=True):
                over.wait(30)

        silent = threading.Thread(target=take_and_say_nothing)
        silent.start()
        access = ServerAccess(bmc=f"https://127.0.0.1:{listening.getsockname()[1]}")
        try:
            with pytest.raises(redfish_errors.BmcUnreachableError, match=r"did not answer within 0\.5 s"):
                Bmc("off", access, shelf.settings(timeout_s=0.5)).read()
        finally:
            over.set()
            silent.join()


def test_something_else_than_redfish_is_told(shelf: Shelf) -> None:
    access = ServerAccess(bmc=f"{shelf.url}/redfish/v1/Systems/..")
    with pytest.raises(redfish_errors.BmcRefusedError, match="shows no power state"):
        Bmc("off", access, shelf.settings()).read()


def test_sushy_tools_own_emulator_is_understood(tmp_path: Path, certificate: Path, shelf: Shelf) -> None:
    """A service that nobody of this project wrote: it takes seconds to switch on, and never says "once"."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [Path(sys.executable).parent / "sushy-emulator", "--fake", "-i", "127.0.0.1", "-p", str(port)]
    # Without a folder of its own it goes on where an earlier one ended.
    (tmp_path / "settings").write_text(f"SUSHY_EMULATOR_STATE_DIR = {str(tmp_path)!r}\n")
    command += ["--config", tmp_path / "settings"]
    with (tmp_path / "log").open("wb") as log:
        service = subprocess.Popen(
            [*command, "--ssl-certificate", certificate, "--ssl-key", certificate],
            cwd=tmp_path,
            stdout=log,
            stderr=log,
        )
    try:
        _wait_for(port)
        client = Bmc("fake", ServerAccess(bmc=f"https://127.0.0.1:{port}"), shelf.settings())
        assert not client.read().on
        client.boot_from_network_once()
        client.switch_on(wait_s=30)
        assert client.read().on
    finally:
        service.terminate()
        service.wait(timeout=10)


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"nothing listens on {port}")
