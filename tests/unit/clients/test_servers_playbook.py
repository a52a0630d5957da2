# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers go from the shelf to enrolment by the playbook alone, as people run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.hostkeys import KnownHosts
from tests.unit.clients.emulator import ROOT, SECRET, Emulator
from tests.unit.clients.shelf import PASSWORD, USER, Shelf, plan_of, states
from tests.unit.clients.ssh_server import SshServer

BIN = Path(sys.executable).parent
SERVERS: dict[str, dict[str, Any]] = {
    "s1": {"mac": "52:54:00:00:00:01"},
    "s2": {"mac": "52:54:00:00:00:02", "refuses": True},
    "pve4": {"mac": "52:54:00:00:00:03"},
}


class Site:
    """An emulated cluster, a shelf behind Redfish, a server that answers over ssh, a controller's folder."""

    def __init__(self, folder: Path, certificate: Path) -> None:
        self.folder = folder
        self.certificate = certificate
        self.plan = folder / "fleet.yml"
        self.known = KnownHosts(folder / "known_hosts")
        self.emulator = Emulator(certificate)
        self.ssh = SshServer(folder / "ssh")
        self.shelf = Shelf(folder / "shelf", certificate, SERVERS)
        (folder / "token").write_text(SECRET)
        (folder / "bmc-password").write_text(PASSWORD)

    def close(self) -> None:
        self.shelf.close()
        self.ssh.close()
        self.emulator.close()

    def planned(self, name: str, **fields: Any) -> dict[str, Any]:
        return {"name": name, "bmc": self.shelf.bmc(name), **fields}

    def play(self, playbook: str, *arguments: str, **variables: Any) -> subprocess.CompletedProcess[str]:
        given = {
            "renfort_plan_file": str(self.plan),
            "renfort_known_hosts_file": str(self.known.path),
            "renfort_pve_port": self.emulator.settings().port,
            "renfort_pve_ca_file": str(self.certificate),
            "renfort_pve_token_file": str(self.folder / "token"),
            "renfort_bmc_user": USER,
            "renfort_bmc_password_file": str(self.folder / "bmc-password"),
            "renfort_bmc_ca_file": str(self.certificate),
            "renfort_server_ssh_port": self.ssh.port,
            "renfort_server_wait": 5,
            "ansible_ssh_private_key_file": str(self.ssh.identity_file),
            **variables,
        }
        command = [str(BIN / "ansible-playbook"), "-i", "inventories/lab/localhost.yml"]
        command += ["-e", json.dumps(given), f"playbooks/{playbook}.yml", *arguments]
        environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "XDG_STATE_HOME": str(self.folder)}
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
        )


def unfolded(done: subprocess.CompletedProcess[str]) -> str:
    """Return what was printed, however long lines were folded."""
    return " ".join(done.stdout.split())


@pytest.fixture
def site(tmp_path: Path, certificate: Path) -> Iterator[Site]:
    found = Site(tmp_path, certificate)
    yield found
    found.close()


def test_servers_go_as_far_as_they_can_and_say_what_they_wait_for(site: Site) -> None:
    plan_of(
        site.plan,
        site.planned("s1", address="127.0.0.1", host_key=site.ssh.fingerprint),
        site.planned("s2", address="127.0.0.2", host_key=site.ssh.fingerprint),
    )
    before = site.plan.read_bytes()
    supposed = site.play("servers", "--check", "--diff")
    assert supposed.returncode == 0, supposed.stdout + supposed.stderr
    assert "-s1: racked" in supposed.stdout
    assert "+s1: powered" in supposed.stdout
    assert site.plan.read_bytes() == before
    assert site.shelf.resets()["s1"] == []

    done = site.play("servers")
    assert done.returncode != 0
    assert "the power supplies are not redundant" in unfolded(done)
    assert "s1: switch on: is off; becomes a hypervisor" in unfolded(done)
    assert "s1: enrolled since" in unfolded(done)
    assert "waits for its joining the cluster (pvecm add)" in unfolded(done)
    assert states(site.plan) == {"s1": "enrolled", "s2": "powered"}
    assert site.known.hosts() == {f"[127.0.0.1]:{site.ssh.port}"}
    assert PASSWORD not in done.stdout + done.stderr


def test_a_server_that_joined_the_cluster_is_in_service_and_nothing_is_done_twice(site: Site) -> None:
    plan_of(site.plan, site.planned("pve4", address="127.0.0.1", mac="00:00:00:00:00:00"))
    accepted = {"pve4": site.ssh.fingerprint}
    done = site.play("servers", renfort_accept_host_keys=accepted)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pve4: in service: is a hypervisor of the cluster, on line" in unfolded(done)
    assert states(site.plan) == {"pve4": "in_service"}

    after = site.plan.read_bytes()
    again = site.play("servers")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "changed=0" in unfolded(again)
    assert site.plan.read_bytes() == after
    assert site.shelf.resets()["pve4"] == ["On"]

    status = site.play("servers_status")
    assert status.returncode == 0, status.stdout + status.stderr
    assert "pve4: in service since" in unfolded(status)
    assert "waits for its entry among the hypervisors of the stock" in unfolded(status)


def test_what_is_misspelt_is_refused_before_anything_is_touched(site: Site) -> None:
    plan_of(site.plan, site.planned("s1", address="127.0.0.1"))
    done = site.play("servers", renfort_servers=["s11"])
    assert done.returncode != 0
    assert 'the plan puts no server "s11" into service. Expected "s1" (did you mean that?)' in unfolded(done)
    done = site.play("servers", renfort_accept_host_keys={"s1": "MD5:00:11"}, renfort_accept_running=["s1"])
    assert "accept_host_keys.s1" in unfolded(done)
    assert '"MD5:00:11" is no fingerprint' in unfolded(done)
    assert site.shelf.resets()["s1"] == ["On"]


def test_without_a_login_for_the_bmcs_nothing_is_touched(site: Site) -> None:
    plan_of(site.plan, site.planned("s1", address="127.0.0.1"))
    done = site.play("servers", renfort_bmc_user="", renfort_server_wait=0)
    assert done.returncode != 0
    assert "neither bmc_user nor bmc_user_file is set" in unfolded(done)
    assert states(site.plan) == {"s1": "racked"}
