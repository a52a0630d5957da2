# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the files that people edit; writing the plan all or not at all, one run at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils import inputs as files
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError, RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan, Shortage
from tests.unit.core import builders

PLAN = Plan.of(
    machines=builders.plan(
        [{"name": "alpha-web-01", "vmid": 1000, "hypervisor": "n1", "address": "10.1.1.10/24"}]
    ).machines,
    shortages=[
        Shortage(
            tier="web",
            tenant="alpha",
            missing=1,
            memory_mib=2048,
            reason="aucun accès: ÷",
            advice="",
            until="2020-04-20",
        )
    ],
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for source in (builders.HERE / "base").glob("*.yml"):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    return tmp_path


def test_inputs_are_read_with_their_files(folder: Path) -> None:
    given = files.load_inputs(folder)
    assert given.tenants[0].name == "alpha"
    assert given.files.stock == str(folder / "stock.yml")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("stock", None, ": renfort_stock: the file does not exist."),
        ("stock", "", ": renfort_stock: this top key is missing."),
        ("stock", "- 1\n", ": renfort_stock: this top key is missing."),
        ("tenants", "renfort_tenant: {}\n", ': renfort_tenant: the top key "renfort_tenant" does not belong'),
        ("tenants", "renfort_tenants: {}\nmore: 1\n", ': more: the top key "more" does not belong'),
        ("networks", "renfort_networks: {a: [}\n", ", line 1, column 24: renfort_networks: not valid YAML:"),
        ("networks", "a:\n\tb: 1\n", ", line 2, column 1: renfort_networks: not valid YAML:"),
        (
            "tenants",
            "a: {}\nb: {}\na: {}\n",
            ', line 3, column 1: renfort_tenants: not valid YAML: the key "a"',
        ),
        ("capacity", "renfort_capacity: !x y\n", ", line 1, column 19: renfort_capacity: not valid YAML:"),
    ],
)
def test_a_wrong_file_is_refused(folder: Path, name: str, text: str | None, message: str) -> None:
    path = folder / f"{name}.yml"
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        files.load_inputs(folder)
    assert str(caught.value).startswith(f"{path}{message}")


def test_a_file_that_is_not_utf8_is_refused(folder: Path) -> None:
    (folder / "stock.yml").write_bytes(b"renfort_stock: \xff\n")
    with pytest.raises(InputError, match="cannot be read"):
        files.load_inputs(folder)


def test_a_plan_is_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    files.write_plan(path, PLAN)
    assert files.load_plan(path) == PLAN
    assert path.read_text(encoding="utf-8") == files.dump_plan(PLAN)
    assert [entry.name for entry in tmp_path.iterdir()] == ["fleet.yml"]


def test_the_plan_file_is_one_that_ansible_reads(tmp_path: Path) -> None:
    data = yaml.safe_load(files.dump_plan(PLAN))
    assert list(data) == ["renfort_fleet"]
    assert data["renfort_fleet"]["machines"][0]["nameservers"] == ["10.1.1.1"]
    assert "aucun accès: ÷" in files.dump_plan(PLAN)


def test_a_missing_plan_is_empty_only_when_asked(tmp_path: Path) -> None:
    assert files.load_plan(tmp_path / "fleet.yml", missing_ok=True) == Plan()
    with pytest.raises(InputError, match="there is no plan yet"):
        files.load_plan(tmp_path / "fleet.yml")


def test_the_rights_of_the_plan_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    files.write_plan(path, Plan())
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o660)
    files.write_plan(path, PLAN)
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_failed_write_leaves_the_old_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fleet.yml"
    files.write_plan(path, PLAN)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RenfortError, match="No space left on device"):
        files.write_plan(path, Plan())
    assert files.load_plan(path) == PLAN
    assert [entry.name for entry in tmp_path.iterdir()] == ["fleet.yml"]


def test_a_second_run_is_turned_away_while_the_first_one_plans(tmp_path: Path) -> None:
    path = tmp_path / "fleet.yml"
    refused = pytest.raises(RenfortError, match="another run holds its lock")
    with files.plan_lock(path), refused, files.plan_lock(path):
        pytest.fail("two runs hold the lock")
    with files.plan_lock(path):
        assert (tmp_path / ".fleet.yml.lock").exists()


def test_a_lock_in_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(RenfortError, match="No such file or directory"),
        files.plan_lock(tmp_path / "a" / "f.yml"),
    ):
        pytest.fail("the lock is held nowhere")
