# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of role backup, and its program that keeps repositories in order."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "backup"
NOW = 1_800_000_000.0


def render(template: str, **given: Any) -> list[str]:
    """A template as Ansible would render it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["comment"] = lambda text: f"# {text}"
    env.filters["to_nice_json"] = lambda value, **_options: json.dumps(value)
    values: dict[str, Any] = {
        "ansible_managed": "Ansible managed",
        "backup_tls_certificate": "/tls/crt",
        "backup_tls_key": "/tls/key",
    }
    for file in ("vars/main.yml", "defaults/main.yml"):
        values = yaml.safe_load((ROLE / file).read_text(encoding="utf-8")) | values
    values["__backup_repositories"] = "/srv/backup/restic"
    return env.get_template(template).render(values | given).splitlines()


def server(**given: Any) -> list[str]:
    return render("etc/systemd/system/restic-rest-server.service.d/renfort.conf.j2", **given)


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The program of the repository machine."""
    spec = importlib.util.spec_from_file_location("repositories", ROLE / "files/repositories.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks itself up by name.
    sys.modules["repositories"] = module
    spec.loader.exec_module(module)
    return module


class Restic:
    """restic in a folder: snapshots of machines, and what was asked."""

    def __init__(self, times: dict[str, list[str]]) -> None:
        self.times = times
        self.asked: list[str] = []
        self.broken: set[str] = set()

    def run(self, command: list[str], **_options: Any) -> subprocess.CompletedProcess[str]:
        name = Path(command[1].partition("=")[2]).name
        argv = command[5:]
        self.asked.append(f"{name} {' '.join(argv)}")
        if name in self.broken:
            return subprocess.CompletedProcess(command, 1, "", "pack 1234 is damaged")
        rows = [{"time": moment} for moment in self.times[name]]
        return subprocess.CompletedProcess(command, 0, json.dumps(rows), "")


@pytest.fixture
def restic(monkeypatch: pytest.MonkeyPatch) -> Iterator[Restic]:
    fake = Restic({"a": ["2027-01-14T01:02:03.123456789+01:00"], "b": ["2027-01-15T00:00:00Z"]})
    monkeypatch.setattr(subprocess, "run", fake.run)
    return fake


def repositories(program: ModuleType, root: Path, *names: str) -> Any:
    for name in names:
        (root / name).mkdir()
        (root / name / "config").write_text("x" * 100)
    return program.Repositories(
        root=root,
        clients=("a", "b", "new"),
        keep={"within": "2d", "within_daily": "14d"},
        parts=14,
        password_of=lambda name: root / f"{name}.password",
        cache=root / "cache",
        now=lambda: NOW,
    )


def test_machines_can_add_to_their_own_repository_and_no_more() -> None:
    line = next(line for line in server() if line.startswith("ExecStart=/"))
    assert {"--append-only", "--private-repos", "--tls"} <= set(line.split())
    assert "--no-auth" not in line
    assert "/run/" not in line, "the key is a copy in the unit's own directory"
    assert "--tls-key %t/restic-rest-server/key" in line


def test_a_server_with_a_disk_waits_for_it() -> None:
    assert "AssertPathIsMountPoint=/srv/backup" in server(backup_device="/dev/sdb")
    assert not [line for line in server() if "MountPoint" in line or "RequiresMounts" in line]


def test_settings_hold_no_password() -> None:
    clients = [{"name": "b", "repository_password": "secret"}, {"name": "a", "transport_password": "secret"}]
    settings = json.loads("\n".join(render("etc/renfort/backup.json.j2", backup_clients=clients)))
    assert settings["clients"] == ["a", "b"]
    assert settings["root"] == "/srv/backup/restic"
    assert "secret" not in json.dumps(settings)


def test_retention_keeps_what_is_asked_for(program: ModuleType, restic: Restic, tmp_path: Path) -> None:
    state: dict[str, dict[str, float]] = {}
    failures = program.work(program.retention, repositories(program, tmp_path, "a", "b"), state)
    assert failures == []
    assert "a forget --prune --group-by=host --keep-within=2d --keep-within-daily=14d --quiet" in restic.asked
    assert state["a"]["retention"] == NOW
    assert state["a"]["newest"] == 1799884923
    assert state["b"]["newest"] == 1799971200
    assert state["a"]["bytes"] == 100
    assert "new" not in state


def test_a_snapshot_from_the_future_stops_retention_of_that_machine_alone(
    program: ModuleType, restic: Restic, tmp_path: Path
) -> None:
    restic.times["a"].append("2099-01-01T00:00:00Z")
    state: dict[str, dict[str, float]] = {}
    failures = program.work(program.retention, repositories(program, tmp_path, "a", "b"), state)
    assert len(failures) == 1
    assert failures[0].startswith("a: 1 of its snapshots are from the future")
    assert not [asked for asked in restic.asked if asked.startswith("a forget")]
    assert [asked for asked in restic.asked if asked.startswith("b forget")]
    assert (state["a"]["retention_failed"], state["b"]["retention_failed"]) == (1, 0)


def test_every_part_of_the_data_has_its_turn(program: ModuleType, restic: Restic, tmp_path: Path) -> None:
    mine = repositories(program, tmp_path, "a")
    for day in range(14):
        program.check(
            program.Repositories(**{**vars_of(mine), "now": lambda day=day: NOW + day * 86400}), "a"
        )
    parts = {asked.split("subset=")[1].split(" ")[0] for asked in restic.asked}
    assert parts == {f"{part}/14" for part in range(1, 15)}


def vars_of(mine: Any) -> dict[str, Any]:
    return {name: getattr(mine, name) for name in mine.__dataclass_fields__}


def test_a_damaged_repository_is_told_and_the_others_are_verified(
    program: ModuleType, restic: Restic, tmp_path: Path
) -> None:
    restic.broken = {"a"}
    state: dict[str, dict[str, float]] = {"a": {"check": 5}}
    failures = program.work(program.check, repositories(program, tmp_path, "a", "b"), state)
    assert failures == ["a: restic check ended with status 1: pack 1234 is damaged"]
    lines = program.figures(state).splitlines()
    assert 'renfort_repository_check_success_timestamp_seconds{client="a"} 5' in lines
    assert f'renfort_repository_check_success_timestamp_seconds{{client="b"}} {NOW:.0f}' in lines
    assert 'renfort_repository_failed{client="a",job_name="check"} 1' in lines
    assert 'renfort_repository_failed{client="b",job_name="check"} 0' in lines
