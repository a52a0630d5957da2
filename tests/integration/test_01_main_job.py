# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job in the lab, from nothing. Each test builds on those before; the lab stays up."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest
import yaml
from proxmoxer import ProxmoxAPI

from ansible_collections.ent.renfort.plugins.module_utils.core.portal import Answer
from ansible_collections.ent.renfort.plugins.module_utils.portal_probe import ask, trust
from tests.integration.machine import ROOT, operate, renfort

PLAN = ROOT / "inventories/lab/group_vars/all/fleet.yml"
BALANCER = "10.83.0.11"
PORTALS = {"haut_rhin": "haut-rhin.ent.example", "eure": "eure.ent.example"}
TIERS = {"haproxy", "web", "cas", "database", "messaging", "smtp", "storage", "backup", "monitoring"}
HEALTH_CHECK_S = 8.0
"""Three checks take a silent machine out: 1 s until the first, 2 s for each to fail, 0.5 s between."""


def state_dir() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local/state")
    return Path(os.environ.get("RENFORT_LAB_STATE") or f"{base}/renfort/lab")


def planned(tier: str, tenant: str) -> set[str]:
    machines = yaml.safe_load(PLAN.read_text())["renfort_fleet"]["machines"]
    return {it["name"] for it in machines if it["tier"] == tier and it["tenant"] == tenant}


def figures(output: str) -> tuple[int, int]:
    """The demo's last figures: tasks changed, writes sent to the cluster."""
    found = re.search(r"(\d+) changed, (\d+) writes and \d+ reads", output)
    assert found, output
    return int(found[1]), int(found[2])


def curl(portal: str) -> subprocess.CompletedProcess[str]:
    """Ask a portal for its public page at a load balancer, its certificate verified; headers and page."""
    there = f"{portal}:443:{BALANCER}"
    return operate(
        *("curl", "-sS", "-i", "--cacert", str(state_dir() / "ca.pem"), "--resolve", there),
        f"https://{portal}/",
    )


def cut_the_power(name: str) -> None:
    """Stop a guest through the API, as pulling its plug would."""
    folder = state_dir()
    api = ProxmoxAPI(
        "127.0.0.1",
        port=8006,
        user="renfort@pve",
        token_name="ops",
        token_value=(folder / "token").read_text().strip(),
        verify_ssl=str(folder / "ca.pem"),
    )
    (guest,) = [it for it in api.cluster.resources.get(type="vm") if it["name"] == name]
    api.nodes(guest["node"]).qemu(guest["vmid"]).status.stop.post()


@pytest.mark.usefixtures("before")
def test_demo_from_nothing() -> None:
    PLAN.unlink(missing_ok=True)

    demo = operate("make", "demo", timeout=2400)

    assert demo.returncode == 0, demo.stdout + demo.stderr
    changed, writes = figures(demo.stdout)
    assert changed > 0
    assert writes > 0
    assert {tenant: len(planned("web", tenant)) for tenant in PORTALS} == {"haut_rhin": 3, "eure": 3}


@pytest.mark.parametrize("tenant", sorted(PORTALS))
def test_curl_reaches_every_web_machine_of_a_portal(tenant: str) -> None:
    seen = set()
    for _ in range(12):
        answer = curl(PORTALS[tenant])
        assert answer.stdout.startswith("HTTP/2 200"), answer.stdout + answer.stderr
        seen.add(re.search(r"(?i)^x-renfort-machine: (\S+)", answer.stdout, re.MULTILINE)[1])

    assert seen == planned("web", tenant)


def test_the_inventory_script_prints_what_the_plugin_exports() -> None:
    exported = ("--list", "--export")
    plugin = operate("ansible-inventory", "-i", "inventories/lab/pve.fleet.yml", *exported).stdout
    script = operate("scripts/inventory.py", "--list").stdout

    assert script == plugin
    found = json.loads(script)
    assert len(found["fleet"]["hosts"]) == 20
    groups = {*TIERS, "tenant_eure", "tenant_haut_rhin", "hypervisor_pve1", "rack_r1", "rack_r2"}
    assert groups <= found.keys()


def test_check_mode_of_the_whole_job_touches_nothing() -> None:
    before = PLAN.read_bytes()

    check = renfort("surge", "--check", "--diff")

    assert check.returncode == 0, check.stdout + check.stderr
    assert "successful: 0 changed" in check.stdout
    assert PLAN.read_bytes() == before


class Visitor(threading.Thread):
    """Asks a portal again and again, and keeps each question's start and what came of it."""

    def __init__(self, portal: str, until: float) -> None:
        super().__init__()
        self.portal = portal
        self.until = until
        self.tls = trust(str(state_dir() / "ca.pem"))
        self.asked: list[tuple[float, Answer]] = []

    def run(self) -> None:
        while time.monotonic() < self.until:
            started = time.monotonic()
            answer = ask(BALANCER, port=443, portal=self.portal, path="/", timeout_s=10, tls=self.tls)
            self.asked.append((started, answer))
            time.sleep(0.1)


def test_a_killed_web_machine_is_missed_no_longer_than_its_health_check() -> None:
    visitors = [Visitor(PORTALS["eure"], time.monotonic() + 16) for _ in range(5)]
    for visitor in visitors:
        visitor.start()
    time.sleep(1)
    killed = time.monotonic()
    cut_the_power("eure-web-02")
    for visitor in visitors:
        visitor.join()

    asked = [question for visitor in visitors for question in visitor.asked]
    late = [answer for started, answer in asked if started > killed + HEALTH_CHECK_S]
    assert len([1 for started, answer in asked if started < killed and answer.good]) >= 10
    assert len(late) >= 50
    assert [answer for answer in late if not answer.good or answer.machine == "eure-web-02"] == []
    without = renfort("verify")
    assert without.returncode == 1
    assert "no answer from eure-web-02" in without.stdout


def test_provisioning_brings_the_killed_machine_back() -> None:
    again = renfort("provision")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "eure-web-02" in again.stdout

    verify = renfort("verify", "-e", "renfort_verify_wait=60")
    assert verify.returncode == 0, verify.stdout + verify.stderr


def test_the_demo_again_changes_and_writes_nothing_though_the_emulator_crashed() -> None:
    os.kill(int((state_dir() / "run/pve.pid").read_text()), signal.SIGKILL)

    demo = operate("make", "demo")

    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert figures(demo.stdout) == (0, 0)
