# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""playbooks/release.yml as people run it, against the emulator: what it refuses, shows and frees."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.inputs import load_plan
from tests.unit.clients.emulator import ROOT, SECRET, Emulator
from tests.unit.clients.test_release_emulated import Site

PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

BALANCER = """
all:
  hosts:
    localhost: {ansible_connection: local, ansible_python_interpreter: "{{ ansible_playbook_python }}"}
  children:
    haproxy: {hosts: {haproxy-01: {ansible_host: 192.0.2.1}}}
"""


class Operator(Site):
    """Six guests as planned, and the playbook with what it needs to know of them."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        super().__init__(emulator, folder)
        self.folder = folder
        (folder / "token").write_text(SECRET)

    def play(
        self, *options: str, inventory: str = "inventories/lab/localhost.yml", **variables: object
    ) -> str:
        """Run the playbook; the output, and `exit N` at its end."""
        settings = self.emulator.settings()
        known = {
            "renfort_pve_port": settings.port,
            "renfort_pve_token_file": str(self.folder / "token"),
            "renfort_pve_ca_file": settings.ca_file,
            "renfort_pve_host": settings.host,
            "renfort_pve_user": settings.user,
            "renfort_pve_token_id": settings.token_id,
            "renfort_inputs_dir": str(self.inputs),
            "renfort_plan_file": str(self.plan),
            "renfort_known_hosts_file": str(self.known_hosts),
        }
        done = subprocess.run(
            [
                str(PLAYBOOK),
                "-i",
                inventory,
                "-e",
                json.dumps(known | variables),
                *options,
                "playbooks/release.yml",
            ],
            cwd=ROOT,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return f"{' '.join((done.stdout + done.stderr).split())} exit {done.returncode}"


@pytest.fixture(scope="module")
def operator(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    running = Emulator(certificate, speed=200.0)
    yield Operator(running, tmp_path_factory.mktemp("site"))
    running.close()


def test_without_confirmation_it_shows_and_stops(operator: Operator) -> None:
    writes = operator.emulator.counted()["writes"]

    output = operator.play(renfort_release=["eure-web-06"])

    assert "eure-web-06: guest 2006 on pve3" in output
    assert "web for eure: 6 serve now, 1 released, 5 left; minimum 1, the demand asks for 3" in output
    assert "Nothing was touched." in output
    assert output.endswith("exit 2")
    assert operator.emulator.counted()["writes"] == writes


def test_check_mode_shows_the_whole_way_and_touches_nothing(operator: Operator) -> None:
    before = operator.plan.read_bytes(), operator.emulator.counted()["writes"]

    output = operator.play("--check", "--diff", renfort_release_surplus=True)

    assert "+eure-web-05: stop" in output
    assert "- - name: eure-web-06" in output
    assert output.endswith("exit 0")
    assert (operator.plan.read_bytes(), operator.emulator.counted()["writes"]) == before


def test_what_breaks_a_minimum_is_refused(operator: Operator) -> None:
    names = [f"eure-web-{number:02d}" for number in range(1, 7)]

    output = operator.play(renfort_release=names, renfort_confirm_removal=",".join(names))

    assert "web for eure: 0 machines of 6 would be left, and at least 1 must be" in output
    assert output.endswith("exit 2")


def test_a_load_balancer_that_is_left_out_of_the_run_stops_it(operator: Operator) -> None:
    inventory = operator.folder / "balancer.yml"
    inventory.write_text(BALANCER)
    writes = operator.emulator.counted()["writes"]

    output = operator.play(
        "--limit",
        "localhost",
        inventory=str(inventory),
        renfort_release="eure-web-06",
        renfort_confirm_removal="eure-web-06",
    )

    assert "haproxy-01 were left out of this run" in output
    assert output.endswith("exit 2")
    assert operator.emulator.counted()["writes"] == writes


def test_what_is_confirmed_is_removed_and_a_second_run_changes_nothing(operator: Operator) -> None:
    asked = {
        "renfort_release": "eure-web-05,eure-web-06",
        "renfort_confirm_removal": "eure-web-05 eure-web-06",
    }

    first = operator.play(**asked)

    assert first.endswith("exit 0"), first
    assert operator.traces_of("eure-web-05", "eure-web-06") == []
    assert len(load_plan(operator.plan).machines) == 4

    second = operator.play(**asked)

    assert "changed=0" in second
    assert "eure-web-05 is neither in the cluster nor in the plan" in second
    assert second.endswith("exit 0")
