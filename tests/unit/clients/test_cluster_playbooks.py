# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a cluster that knows nothing of Renfort to a guest, by playbooks alone, as people run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.unit.clients.emulator import IMAGE_SHA512, ROOT, ROOT_PASSWORD, Emulator

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@lab"

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Site:
    """An emulated cluster, and a controller's folder with what it knows of it."""

    emulator: Emulator
    folder: Path
    certificate: Path
    image: str

    def variables(self) -> str:
        template = {"vmid": 9000, "name": "debian-13", "node": "pve1", "storage": "vmdata", "images": "local"}
        image = {"bridge": "vmbr0", "image": self.image, "checksum": f"sha512:{IMAGE_SHA512}"}
        return json.dumps(
            {
                "renfort_pve_port": self.emulator.settings().port,
                "renfort_pve_ca_file": str(self.certificate),
                "renfort_template": template | image,
                "renfort_plan_file": str(self.folder / "fleet.yml"),
                "renfort_report_dir": str(self.folder / "report"),
                "renfort_ssh_public_keys": [KEY],
                # These guests are in memory: whatever answers at their addresses is on another network.
                "renfort_probe_addresses": False,
                "renfort_known_hosts_file": str(self.folder / "known_hosts"),
            }
        )

    def play(self, playbook: str, *arguments: str) -> str:
        """The output of a playbook that must end well."""
        done = self.attempt(playbook, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        inventory = ("-i", "inventories/lab/localhost.yml", "-e", self.variables())
        command = [str(BIN / "ansible-playbook"), *inventory]
        return subprocess.run(
            [*command, *arguments, f"playbooks/{playbook}.yml"],
            cwd=ROOT,
            env={
                **os.environ,
                "ANSIBLE_NOCOLOR": "1",
                "RENFORT_LAB_STATE": str(self.folder),
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def site(certificate: Path, url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    emulator = Emulator(certificate, speed=200.0, bare=True)
    folder = tmp_path_factory.mktemp("controller")
    (folder / "root-password").write_text(f"{ROOT_PASSWORD}\n")
    yield Site(emulator, folder, certificate, url)
    emulator.close()


@pytest.fixture(scope="module")
def accounts(site: Site) -> str:
    """The output of making both accounts, which are there from then on."""
    return site.play("privileges", "-e", "renfort_template_maker=true")


@pytest.fixture(scope="module")
def template(site: Site, accounts: str) -> str:
    """The output of making the template, which is there from then on."""
    return site.play("template")


def changed(output: str) -> int:
    found = re.search(r"changed=(\d+)", output)
    assert found, output
    return int(found[1])


def test_check_mode_shows_the_accounts_and_makes_none(site: Site) -> None:
    output = site.play("privileges", "-e", "renfort_template_maker=true", "--check", "--diff")

    assert changed(output) == 2
    assert "+user renfort@pve" in output
    assert "+grant RenfortView on /, nothing below" in output
    assert set(site.emulator.table("users")) == {"root@pam"}
    assert not (site.folder / "token").exists()


def test_without_password_and_token_the_message_names_what_to_set(site: Site) -> None:
    refused = site.attempt("privileges", "-e", "renfort_admin_password_file=")

    assert refused.returncode == 2
    assert "Set api_password_file (renfort_admin_password_file), RENFORT_PVE_PASSWORD" in refused.stdout


def test_the_accounts_are_made_and_a_second_run_writes_nothing(site: Site, accounts: str) -> None:
    before = site.emulator.counted()["writes"]
    second = site.play("privileges", "-e", "renfort_template_maker=true")

    assert changed(accounts) == 2
    assert (site.folder / "token").stat().st_mode & 0o777 == 0o600
    assert (site.folder / "token").read_text().strip() not in accounts
    assert (changed(second), site.emulator.counted()["writes"] - before) == (0, 0)


@pytest.mark.usefixtures("accounts")
def test_check_mode_shows_the_template_and_makes_none(site: Site) -> None:
    output = site.play("template", "--check", "--diff")

    assert changed(output) == 1
    assert "+template: 1" in output
    assert dict(site.emulator.table("guests")) == {}


def test_the_template_is_made_and_each_step_is_shown(site: Site, template: str) -> None:
    before = site.emulator.counted()["writes"]
    second = site.play("template")

    assert changed(template) == 1
    assert "the hypervisor fetches the image and checks its checksum" in template
    assert "debian-13 (9000): the agent answers" in template
    assert site.emulator.table("guests")["9000"]["config"]["template"] == 1
    assert (changed(second), site.emulator.counted()["writes"] - before) == (0, 0)


@pytest.mark.usefixtures("template")
def test_the_first_guests_are_planned_and_made_with_the_everyday_account(site: Site) -> None:
    site.play("plan")
    output = site.play("provision")

    machines = yaml.safe_load((site.folder / "fleet.yml").read_text())["renfort_fleet"]["machines"]
    guests = site.emulator.table("guests")
    assert changed(output) == 1
    assert len(machines) > 3
    assert {guests[str(machine["vmid"])]["status"] for machine in machines} == {"running"}
    assert (site.folder / "known_hosts").read_text().count("ssh-ed25519") == len(machines)


@pytest.mark.usefixtures("accounts")
def test_the_everyday_account_cannot_make_templates(site: Site) -> None:
    everyday = {"renfort_template_user": "renfort@pve", "renfort_template_token_id": "ops"}
    everyday["renfort_template_token_file"] = str(site.folder / "token")
    other = {"renfort_stock": {"guests": {"template": 9001}}}

    refused = site.attempt("template", "-e", json.dumps(everyday | other))

    assert refused.returncode == 2
    assert "Datastore.Audit on /storage/local" in refused.stdout
