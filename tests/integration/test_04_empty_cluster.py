# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cluster that knows nothing of Renfort gets accounts, a template and first guests, by playbooks alone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.machine import ROOT, Traces, operate, renfort
from tests.integration.test_01_main_job import state_dir

ALONE = ("-i", "inventories/lab/localhost.yml")
"""The inventory before there is a token: the rest of it asks the cluster."""


@pytest.fixture(scope="module")
def empty(before: Traces) -> Iterator[None]:
    up = operate("scripts/lab.py", "up", "--empty")
    assert up.returncode == 0, up.stdout + up.stderr
    yield
    operate("make", "lab-down")


def inputs_of_one_tenant(folder: Path) -> Path:
    """The inputs of the lab with one small tenant, so that the plan has few machines."""
    inputs = folder / "inputs"
    inputs.mkdir()
    for name in ("capacity", "networks", "stock"):
        text = (ROOT / f"inventories/lab/group_vars/all/{name}.yml").read_text()
        (inputs / f"{name}.yml").write_text(text)
    tenants = yaml.safe_load((ROOT / "inventories/lab/group_vars/all/tenants.yml").read_text())
    eure = {"renfort_tenants": {"eure": tenants["renfort_tenants"]["eure"]}}
    (inputs / "tenants.yml").write_text(yaml.safe_dump(eure))
    return inputs


@pytest.mark.usefixtures("empty")
def test_an_empty_cluster_gets_to_its_first_guests(tmp_path: Path) -> None:
    accounts = renfort("privileges", *ALONE, "-e", "renfort_template_maker=true")
    assert accounts.returncode == 0, accounts.stdout + accounts.stderr
    template = renfort("template", *ALONE)
    assert template.returncode == 0, template.stdout + template.stderr
    again = renfort("template", *ALONE)
    assert "successful: 0 changed" in again.stdout

    places = {
        "renfort_plan_file": str(tmp_path / "fleet.yml"),
        "renfort_report_dir": str(tmp_path / "report"),
        "renfort_inputs_dir": str(inputs_of_one_tenant(tmp_path)),
    }
    for playbook in ("plan", "provision"):
        done = renfort(playbook, *ALONE, "-e", json.dumps(places))
        assert done.returncode == 0, done.stdout + done.stderr

    machines = yaml.safe_load((tmp_path / "fleet.yml").read_text())["renfort_fleet"]["machines"]
    addresses = [machine["address"].partition("/")[0] for machine in machines]
    seen = {address: asked(address, "cat /etc/machine-id; sudo hostname") for address in addresses}
    assert len(seen) >= 2
    assert {text.split()[1] for text in seen.values()} == {machine["name"] for machine in machines}
    identities = {text.split()[0] for text in seen.values()}
    assert len(identities) == len(seen)
    assert all(re.fullmatch(r"[0-9a-f]{32}", identity) for identity in identities)


def asked(address: str, command: str) -> str:
    """What a machine says over ssh, whose host key must be known."""
    folder = state_dir()
    options = (
        *("-i", str(folder / "id_ed25519"), "-o", f"UserKnownHostsFile={folder / 'known_hosts'}"),
        *("-o", "GlobalKnownHostsFile=none", "-o", "StrictHostKeyChecking=yes", "-o", "IdentitiesOnly=yes"),
    )
    answer = operate("ssh", *options, f"ops@{address}", command)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout
