# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.cli.main import main, purpose, syntax_problem
from scripts.cli.run import Request, playbooks, run_dir, why_nothing_started


def test_options_reach_ansible_playbook_quoted() -> None:
    request = Request(
        playbook="surge",
        inventory=Path("inventories/lab"),
        check=True,
        limit="tenant_eure:!x",
        extra_vars=["reason=two words"],
    )

    assert request.cmdline == "--check --limit 'tenant_eure:!x' --extra-vars 'reason=two words'"


def test_every_playbook_says_what_it_does() -> None:
    assert playbooks()
    assert [name for name in playbooks() if not purpose(name)] == []


def test_a_missing_inventory_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "surge", "-i", "inventories/nowhere"]) == 2
    assert "inventories/nowhere does not exist" in capsys.readouterr().err


def test_old_runs_are_pruned_and_each_run_has_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("scripts.cli.run.KEPT_RUNS", 3)

    folders = [run_dir("surge") for _ in range(5)]

    assert len(set(folders)) == 5
    assert len(list((tmp_path / "renfort/runs").iterdir())) == 3
    assert folders[-1].exists()


def test_the_plugin_meant_for_an_inventory_explains_its_failure() -> None:
    prelude = [
        "[WARNING]: Failed to parse inventory with 'ent.renfort.fleet' plugin: No API. Start the lab.",
        "[WARNING]: Failed to parse inventory with 'ini' plugin: Invalid host pattern '---' supplied",
        "[ERROR]: Completely failed to parse inventory source pve.fleet.yml",
    ]

    assert why_nothing_started(prelude) == ["No API. Start the lab."]
    assert why_nothing_started(prelude[2:]) == prelude[2:]
    assert "by hand" in why_nothing_started([])[0]


def test_two_runs_that_start_at_once_prune_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    for _ in range(3):
        run_dir("surge")
    monkeypatch.setattr("scripts.cli.run.KEPT_RUNS", 1)
    real = shutil.rmtree

    def beaten(path: Path, **options: bool) -> None:
        real(path)
        real(path, **options)

    monkeypatch.setattr("scripts.cli.run.shutil.rmtree", beaten)

    assert run_dir("plan").exists()


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    good = tmp_path / "group_vars/good.yml"
    good.write_text("secret: !vault |\n  abc\n")
    assert syntax_problem(tmp_path) == ""

    bad = tmp_path / "group_vars/tenants.yml"
    bad.write_text("renfort_tenants:\n  eure: [1, 2\nmore: 1\n")

    assert syntax_problem(tmp_path).startswith(f"{bad}, line 3, column ")
    assert "Correct the file" in syntax_problem(tmp_path)
