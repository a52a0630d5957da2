# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a cluster that knows nothing of Renfort to a guest, by playbooks alone, as people run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.clients.emulator import ROOT, ROOT_PASSWORD, Emulator

BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Site:
    """An emulated cluster, and a controller's folder with what it knows of it."""

    emulator: Emulator
    folder: Path
    certificate: Path

    def variables(self) -> dict[str, str]:
        return {
            "renfort_pve_port": str(self.emulator.settings().port),
            "renfort_pve_ca_file": str(self.certificate),
            "renfort_pve_token_file": str(self.folder / "token"),
            "renfort_template_token_file": str(self.folder / "template-token"),
        }

    def play(self, playbook: str, *arguments: str) -> str:
        """The output of a playbook that must end well."""
        done = self.attempt(playbook, *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def attempt(self, playbook: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        variables = [f"-e{name}={value}" for name, value in self.variables().items()]
        command = [str(BIN / "ansible-playbook"), "-i", "inventories/lab/localhost.yml", *variables]
        return subprocess.run(
            [*command, *arguments, f"playbooks/{playbook}.yml"],
            cwd=ROOT,
            env={
                **os.environ,
                "RENFORT_PVE_PASSWORD": ROOT_PASSWORD,
                "ANSIBLE_NOCOLOR": "1",
                "RENFORT_LAB_STATE": str(self.folder),
            },
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def site(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    emulator = Emulator(certificate, speed=200.0, bare=True)
    yield Site(emulator, tmp_path_factory.mktemp("controller"), certificate)
    emulator.close()


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


def test_the_accounts_are_made_and_a_second_run_writes_nothing(site: Site) -> None:
    first = site.play("privileges", "-e", "renfort_template_maker=true")
    before = site.emulator.counted()["writes"]
    second = site.play("privileges", "-e", "renfort_template_maker=true")

    assert changed(first) == 2
    assert (site.folder / "token").stat().st_mode & 0o777 == 0o600
    assert (site.folder / "token").read_text().strip() not in first
    assert (changed(second), site.emulator.counted()["writes"] - before) == (0, 0)
