# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of role backup_client, and its program that saves and proves."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "backup_client"
JOBS = {"backup": "renfort-backup", "restore-test": "renfort-restore-test"}


def render(template: str, **given: Any) -> str:
    """A template as Ansible would render it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["comment"] = lambda text: f"# {text}"
    env.filters["to_nice_json"] = lambda value, **_options: json.dumps(value)
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        values |= yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
    return env.get_template(template).render(values | given)


def job(name: str) -> dict[str, str]:
    return {"name": JOBS[name], "job": name, "what": "What it does", "calendar": "daily", "spread": "2h"}


@pytest.fixture(scope="module")
def program() -> ModuleType:
    """The program of the machines that save."""
    spec = importlib.util.spec_from_file_location("client", ROLE / "files/client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Its dataclass looks itself up by name.
    sys.modules["client"] = module
    spec.loader.exec_module(module)
    return module


def settings(program: ModuleType, tmp_path: Path, **given: Any) -> Any:
    file = tmp_path / "settings.json"
    text = render(
        "etc/renfort/backup-client.json.j2",
        backup_client_paths=["/srv"],
        backup_client_name="db-1",
        **given,
    )
    file.write_text(text, encoding="utf-8")
    return program.Settings.read(file)


def test_the_program_reads_what_the_role_writes(program: ModuleType, tmp_path: Path) -> None:
    found = settings(program, tmp_path, backup_client_excludes=["*.tmp"], backup_client_upload_kib=100)
    arguments = program.backup_arguments(found)
    assert arguments[-2:] == ["--", "/srv"]
    assert {"--exclude=*.tmp", "--limit-upload=100", "--host=db-1", "--retry-lock=1h"} <= set(arguments)


def test_passwords_are_on_no_command_line(program: ModuleType, tmp_path: Path) -> None:
    secret = {"RESTIC_PASSWORD": "very secret", "RESTIC_REST_PASSWORD": "secret too"}
    found = settings(program, tmp_path, __backup_client_environment=secret)
    assert "secret" not in " ".join(found.command("snapshots"))
    assert found.environment == secret


def test_an_existing_repository_is_left_alone(program: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    class Found:
        repository = "rest:https://x/"
        status = 0

        def restic(self, *argv: str) -> subprocess.CompletedProcess[str]:
            return subprocess.CompletedProcess(argv, self.status, "", "connection refused")

        def ask(self, *argv: str) -> str:
            asked.append(argv[0])
            return ""

    found = Found()
    assert program.init(found) is False
    found.status = 10
    assert program.init(found) is True
    assert asked == ["init"]
    found.status = 1
    with pytest.raises(program.BackupError, match="connection refused"):
        program.init(found)


def test_a_file_that_changed_since_it_was_saved_is_not_in_the_manifest(
    program: ModuleType, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("kept")
    row = {"path": str(file), "size": 4, "mtime": "2026-11-25T17:00:00.123456789+01:00"}
    moment = 1795622400
    os.utime(file, (moment, moment + 0.5))
    assert program.unchanged_digest(row) == program.sha256(file)
    os.utime(file, (moment, moment + 2))
    assert program.unchanged_digest(row) is None
    assert program.unchanged_digest(row | {"path": str(tmp_path / "gone")}) is None


def test_what_comes_back_different_or_not_at_all_is_named(program: ModuleType, tmp_path: Path) -> None:
    for name in ("same", "other"):
        (tmp_path / name).write_text(name)
    digests = {"/same": program.sha256(tmp_path / "same"), "/other": "0" * 64, "/missing": "0" * 64}
    assert program.differing(tmp_path, digests) == ["/missing", "/other"]


def test_a_path_matches_itself_alone(program: ModuleType) -> None:
    assert program.escaped("/srv/[1] * $HOME?") == "/srv/\\[1\\] \\* \\$HOME\\?"


def test_the_summary_is_found(program: ModuleType) -> None:
    lines = ['{"message_type":"status"}', "warning", '{"message_type":"summary","snapshot_id":"1"}']
    assert program.summary_of("\n".join(lines))["snapshot_id"] == "1"
    with pytest.raises(program.BackupError, match="told nothing"):
        program.summary_of(lines[0])


def test_figures_are_those_that_are_known(program: ModuleType) -> None:
    lines = program.figures({"success": 0, "last_success": 12.5}).splitlines()
    assert lines[2] == "renfort_backup_success 0.000"
    assert "renfort_backup_last_success_timestamp_seconds 12.500" in lines
    assert not [line for line in lines if "restore" in line]


@pytest.mark.parametrize(("name", "system"), [("backup", "yes"), ("restore-test", "strict")])
def test_units_run_the_job_beside_what_the_machine_is_for(name: str, system: str) -> None:
    lines = render("etc/systemd/system/renfort-backup.service.j2", __backup_client_job=job(name)).splitlines()
    assert f"ExecStart=/usr/local/sbin/renfort-backup {name}" in lines
    assert f"ProtectSystem={system}" in lines
    assert "IOSchedulingClass=idle" in lines


def test_machines_spread_their_backups() -> None:
    lines = render(
        "etc/systemd/system/renfort-backup.timer.j2", __backup_client_job=job("backup")
    ).splitlines()
    assert {"OnCalendar=daily", "RandomizedDelaySec=2h", "Persistent=true"} <= set(lines)
