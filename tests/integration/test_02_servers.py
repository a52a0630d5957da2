# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A server of the lab's shelf goes into service: its power button boots a real Debian machine."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerUse
from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan, write_plan
from lab.guests.podman import PREFIX
from lab.redfish.machines import FIRST_ID
from lab.redfish.shelf import ShelfServer
from tests.integration.machine import ROOT, operate, renfort
from tests.integration.test_01_main_job import PORTALS, curl, state_dir

SERVER, MACHINE, ADDRESS = "shelf-01", "eure-web-70", "10.83.20.170"
MAC, SERIAL = "02:83:00:00:00:70", "LAB-0070"
CONTAINER = f"{PREFIX}{FIRST_ID + 1}"


@dataclass(frozen=True, kw_only=True)
class Site:
    """The lab's inventory with a plan that takes a server from the shelf, and the address of its BMC."""

    inventory: Path
    folder: Path

    @property
    def plan(self) -> Path:
        return self.inventory / "group_vars/all/fleet.yml"

    def state(self) -> str:
        return next(str(use.state) for use in load_plan(self.plan).servers if use.name == SERVER)

    def run(self, playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
        login = ("-e", "renfort_bmc_user=operator", "-e", f"renfort_bmc_password_file={self.folder}/password")
        authority = ("-e", f"renfort_bmc_ca_file={state_dir()}/ca.pem")
        return renfort(playbook, "-i", str(self.inventory), *login, *authority, *options)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("servers")
    found = Site(inventory=folder / "lab", folder=folder)
    shutil.copytree(ROOT / "inventories/lab", found.inventory)
    shelf = {"mac": MAC, "serial": SERIAL, "bridge": "vmbr2", "address": f"{ADDRESS}/24"}
    shelf["gateway"] = "10.83.20.1"
    (folder / "shelf.yml").write_text(yaml.safe_dump({SERVER: shelf}))
    (folder / "password").write_text("correct horse")
    state = state_dir()
    command = [
        *(sys.executable, "-m", "lab.redfish", "--shelf", folder / "shelf.yml", "--port", "0"),
        *("--cert", state / "api.pem", "--key", state / "api.key"),
        *("--password-file", folder / "password", "--auth-file", folder / "auth"),
        *("--ssh-public-key", state / "id_ed25519.pub", "--backend", "podman"),
    ]
    with (folder / "log").open("wb") as log:
        service = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log)
    assert service.stdout is not None
    started = service.stdout.readline().decode()
    assert started.startswith("Redfish https://"), (folder / "log").read_text()
    _plan(found, started.split()[1])
    yield found
    service.terminate()
    service.wait(timeout=20)
    operate("lab/bin/podman", "rm", "--force", "--time=0", "--volumes", CONTAINER)


def _plan(site: Site, url: str) -> None:
    plan = load_plan(site.plan)
    use = ServerUse(
        name=SERVER,
        site="",
        rack="",
        origin="",
        bmc=f"{url}/redfish/v1/Systems/{ShelfServer(name=SERVER, mac=MAC).uuid}",
        mac=MAC,
        machine=MACHINE,
        tier="web",
        tenant="eure",
        address=f"{ADDRESS}/24",
        gateway="10.83.20.1",
        nameservers=("10.83.20.1",),
        reason="a test takes it from the shelf",
    )
    write_plan(site.plan, replace(plan, servers=(use,)))


def test_check_mode_presses_no_button(site: Site) -> None:
    check = site.run("servers", "--check", "--diff")
    assert check.returncode == 0, check.stdout + check.stderr
    assert f"+{SERVER}: powered" in check.stdout
    assert site.state() == "racked"
    assert CONTAINER not in operate("lab/bin/podman", "ps", "--format", "{{.Names}}").stdout


def test_a_new_server_is_switched_on_and_its_unknown_host_key_refused(site: Site) -> None:
    run = site.run("servers")
    assert run.returncode == 1
    assert f"Nobody said which host key {SERVER} has" in run.stdout + run.stderr
    assert site.state() == "powered"


def test_once_its_key_is_compared_on_the_console_it_serves(site: Site) -> None:
    key = "/etc/ssh/ssh_host_ed25519_key.pub"
    console = operate("lab/bin/podman", "exec", CONTAINER, "ssh-keygen", "-lf", key)
    shown = re.search(r"SHA256:\S+", console.stdout)
    assert shown, console.stdout + console.stderr

    accepted = f'{{"renfort_accept_host_keys": {{"{SERVER}": "{shown[0]}"}}}}'
    # Fewer waves than usual: how a site goes in waves is tested elsewhere, and takes its time.
    run = site.run("servers", "-e", accepted, "-e", '{"renfort_waves": [1, "100%"]}')

    assert run.returncode == 0, run.stdout + run.stderr
    assert site.state() == "in_service"
    machines = set()
    for _ in range(40):
        answer = curl(PORTALS["eure"])
        machines.add(re.search(r"(?i)^x-renfort-machine: (\S+)", answer.stdout, re.MULTILINE)[1])
    # The tier's other machines with it, one of them cloned since the last run.
    assert machines == {MACHINE, "eure-web-01", "eure-web-02", "eure-web-03"}


def test_again_nothing_is_done(site: Site) -> None:
    before = site.plan.read_bytes()
    again = site.run("servers")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "0 changed" in again.stdout
    assert site.plan.read_bytes() == before
