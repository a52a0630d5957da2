# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role run again with other rules, while an alert rises: good ones by a reload, bad ones not at all."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from testinfra.host import Host

from extensions.molecule.monitoring.tests.asking import ask

testinfra_hosts = ["podman://monitoring-1"]
pytestmark = pytest.mark.usefixtures("silence")

SCENARIO = Path(__file__).parents[1]
RULES = "/etc/prometheus/rules"


def run(*options: str) -> tuple[int, str]:
    """The role's rules on one machine; its status, and what Ansible said."""
    done = subprocess.run(
        [
            "ansible-playbook",
            "--inventory",
            os.environ["MOLECULE_INVENTORY_FILE"],
            "--limit",
            "monitoring-1",
            "--tags",
            "monitoring_rules",
            str(SCENARIO / "other_rules.yml"),
            *options,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def rule_names(host: Host) -> set[str]:
    groups = json.loads(ask(host, "/api/v1/rules"))["data"]["groups"]
    return {rule["name"] for group in groups for rule in group["rules"]}


def pid(host: Host) -> str:
    return str(host.check_output("systemctl show prometheus -p MainPID --value"))


def test_every_rule_does_what_it_is_tested_for(host: Host) -> None:
    """By promtool, on the rules as they are installed here."""
    said = host.run("promtool test rules /usr/local/lib/renfort-rules/*.yml")
    assert said.rc == 0, said.stdout + said.stderr
    assert said.stdout.count("SUCCESS") == len(host.file("/usr/local/lib/renfort-rules").listdir())


def test_rules_come_and_go_by_a_reload_of_the_same_process(host: Host) -> None:
    before = pid(host)
    code, said = run("--extra-vars", "scenario_expression='vector(1)'")
    assert code == 0, said
    assert "SchoolIsOut" in rule_names(host)
    assert pid(host) == before

    code, said = run()
    assert code == 0, said
    assert "SchoolIsOut" not in rule_names(host)
    assert "extra-school.yml" not in host.file(RULES).listdir()
    assert pid(host) == before


def test_rules_that_prometheus_refuses_never_reach_their_place(host: Host) -> None:
    def state() -> tuple[list[str], set[str], str]:
        return sorted(host.file(RULES).listdir()), rule_names(host), pid(host)

    before = state()
    code, said = run("--extra-vars", "scenario_expression='sum by ('")
    assert code == 2, said
    assert "could not parse expression" in said, said
    assert state() == before
