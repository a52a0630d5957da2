# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What bad input gets: one message that says what to do, nothing touched, an exit status that is not 0."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.integration.machine import ROOT, operate, renfort, start_renfort

INPUTS = ROOT / "inventories/lab/group_vars/all"

Tenants = dict[str, dict[str, object]]


def misspell(tenants: Tenants) -> None:
    tenants["eure"]["acounts"] = tenants["eure"].pop("accounts")


def empty_the_accounts(tenants: Tenants) -> None:
    tenants["eure"]["accounts"] = {}


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (misspell, ("tenants.yml", "renfort_tenants.eure.acounts", "accounts")),
        (empty_the_accounts, ("tenants.yml", "renfort_tenants.eure.accounts")),
    ],
)
def test_a_wrong_input_file_is_named_with_its_key(
    tmp_path: Path, break_it: Callable[[Tenants], None], said: tuple[str, ...]
) -> None:
    for name in ("tenants", "stock", "capacity", "networks"):
        shutil.copy(INPUTS / f"{name}.yml", tmp_path)
    content = yaml.safe_load((tmp_path / "tenants.yml").read_text())
    break_it(content["renfort_tenants"])
    (tmp_path / "tenants.yml").write_text(yaml.safe_dump(content))
    plan = tmp_path / "fleet.yml"

    run = renfort("plan", "-e", f"renfort_inputs_dir={tmp_path}", "-e", f"renfort_plan_file={plan}")

    assert run.returncode == 1
    assert all(word in run.stdout for word in said), run.stdout
    assert not plan.exists()


def test_a_plan_that_cannot_be_made_has_its_own_status_and_names_the_constraint(tmp_path: Path) -> None:
    plan = tmp_path / "fleet.yml"
    variables = ["-e", f"renfort_plan_file={plan}", "-e", f"renfort_report_dir={tmp_path / 'reports'}"]

    run = renfort("plan", "-i", "inventories/example", *variables, "-e", "renfort_minimum_served_percent=100")

    assert run.returncode == 3, run.stdout
    assert "at least 100 % is asked for; database binds: a machine needs" in run.stdout
    assert "Traceback" not in run.stdout + run.stderr
    assert list(tmp_path.iterdir()) == [plan.with_name(".fleet.yml.lock")]


def test_an_interrupted_plan_keeps_the_last_good_file(tmp_path: Path) -> None:
    plan = tmp_path / "fleet.yml"
    plan.write_text("renfort_fleet: {version: 1, machines: [], shortages: []}\n")
    before = plan.read_bytes()
    process = start_renfort(
        *("plan", "-i", "inventories/example"),
        *("-e", f"renfort_plan_file={plan}", "-e", f"renfort_report_dir={tmp_path / 'reports'}"),
    )
    assert process.stdout is not None
    for line in process.stdout:
        # At once: what is shown lags behind a busy machine, and the plan takes some seconds only.
        if " placing " in line:
            break
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=120)

    assert process.returncode == 130
    assert plan.read_bytes() == before
    assert not (tmp_path / "reports").exists()
    assert not list(tmp_path.glob(".fleet.yml.?*[!k]"))


def test_an_unknown_playbook_is_a_usage_error() -> None:
    run = renfort("surgge")

    assert run.returncode == 2
    assert "Did you mean surge?" in run.stderr


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("renfort_pve_port", "1", "127.0.0.1:1"),
        ("renfort_pve_token_file", "{wrong_token}", "token"),
        ("renfort_pve_ca_file", "{other_ca}", "certificate"),
    ],
)
def test_a_cluster_that_refuses_is_explained(tmp_path: Path, variable: str, value: str, said: str) -> None:
    wrong_token = tmp_path / "token"
    wrong_token.write_text("00000000-0000-0000-0000-000000000000\n")
    value = value.format(wrong_token=wrong_token, other_ca=ROOT / "tests/integration/data/other-ca.pem")

    run = renfort("provision", "-e", f"{variable}={value}")

    assert run.returncode == 1
    assert said in run.stdout.lower(), run.stdout


def test_an_interpreter_too_old_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT / "scripts", project / "scripts")
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        shutil.copy(ROOT / name, project)
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\ncase $1 in -V) echo Python 3.9.2;; *) exit 1;; esac\n")
    old.chmod(0o755)

    run = operate(str(project / "scripts/bootstrap"), "run", RENFORT_PYTHON=str(old))

    assert run.returncode == 2
    assert "is Python 3.9.2, and 3.12 or newer is needed" in run.stderr
    assert not (project / ".venv").exists()
