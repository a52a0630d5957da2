# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every role promises: documented variables, a short table of contents, a scenario; playbooks parse."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLES = sorted(path for path in (ROOT / "roles").iterdir() if (path / "tasks").is_dir())
PLAYBOOKS = sorted((ROOT / "playbooks").glob("*.yml"))
TASK_FILES = {"main.yml", "preflight.yml", "install.yml", "configure.yml", "service.yml"}

every_role = pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)


def load(path: Path) -> Any:
    assert path.is_file(), f"{path.relative_to(ROOT)} is missing"
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def defaults(role: Path) -> dict[str, Any]:
    return load(role / "defaults" / "main.yml") or {}


def tasks_of(path: Path) -> list[dict[str, Any]]:
    """The tasks of a file, those inside blocks included."""
    found: list[dict[str, Any]] = []
    waiting: list[dict[str, Any]] = list(load(path) or [])
    while waiting:
        task = waiting.pop()
        inner = [task.pop(key, None) or [] for key in ("block", "rescue", "always")]
        waiting.extend(step for steps in inner for step in steps)
        found.append(task)
    return found


def test_there_are_roles_and_playbooks_to_look_at() -> None:
    assert ROLES
    assert PLAYBOOKS


@every_role
def test_argument_specs_name_the_variables_of_the_defaults(role: Path) -> None:
    specs = load(role / "meta" / "argument_specs.yml")
    assert set(specs["argument_specs"]["main"]["options"]) == set(defaults(role))


@every_role
def test_every_argument_is_described_and_typed(role: Path) -> None:
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    assert [name for name, option in options.items() if not option.get("description")] == []
    assert [name for name, option in options.items() if not option.get("type")] == []


@every_role
def test_plain_defaults_are_the_same_in_both_files(role: Path) -> None:
    options = load(role / "meta" / "argument_specs.yml")["argument_specs"]["main"]["options"]
    stated = {name: option["default"] for name, option in options.items() if "default" in option}
    plain = {
        name: value for name, value in defaults(role).items() if name in stated and "{{" not in str(value)
    }
    assert {name: stated[name] for name in plain} == plain


@every_role
def test_variables_carry_the_name_of_their_role(role: Path) -> None:
    internal = role / "vars" / "main.yml"
    assert [name for name in defaults(role) if not name.startswith(f"{role.name}_")] == []
    names = load(internal) if internal.is_file() else {}
    assert [name for name in names or {} if not name.startswith(f"__{role.name}_")] == []


@every_role
def test_each_default_has_a_comment_above_it(role: Path) -> None:
    lines = (role / "defaults" / "main.yml").read_text(encoding="utf-8").splitlines()
    starts = {
        name: number
        for number, line in enumerate(lines)
        for name in defaults(role)
        if line.startswith(f"{name}:")
    }
    assert [name for name, number in starts.items() if not lines[number - 1].startswith("#")] == []


@every_role
def test_the_readme_names_every_variable(role: Path) -> None:
    readme = role / "README.md"
    assert readme.is_file()
    text = readme.read_text(encoding="utf-8")
    assert [name for name in defaults(role) if f"`{name}`" not in text] == []


@every_role
def test_a_scenario_with_checks_exists(role: Path) -> None:
    scenario = ROOT / "extensions" / "molecule" / role.name
    assert (scenario / "molecule.yml").is_file()
    assert list(scenario.rglob("test_*.py")), f"{scenario.relative_to(ROOT)} verifies nothing"


@every_role
def test_the_table_of_contents_is_short_and_tagged(role: Path) -> None:
    main = role / "tasks" / "main.yml"
    assert len(main.read_text(encoding="utf-8").splitlines()) <= 40
    for task in tasks_of(main):
        assert "ansible.builtin.import_tasks" in task, f"{task.get('name')} belongs in a file of its own"
        stem = task["ansible.builtin.import_tasks"].removesuffix(".yml")
        assert {role.name, f"{role.name}_{stem}"} <= set(task.get("tags", [])), task["name"]


@every_role
def test_the_phases_are_in_files_of_their_name(role: Path) -> None:
    assert {path.name for path in (role / "tasks").glob("*.yml")} >= TASK_FILES


@every_role
def test_templates_say_who_manages_them(role: Path) -> None:
    templates = [path for path in (role / "templates").rglob("*") if path.is_file()]
    assert [
        str(path) for path in templates if "ansible_managed" not in path.read_text(encoding="utf-8")
    ] == []
    assert [str(path) for path in templates if path.suffix != ".j2"] == []


@every_role
def test_roles_name_no_inventory_group(role: Path) -> None:
    folders = [role / folder for folder in ("tasks", "handlers", "templates", "vars")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    assert [str(path) for path in files if "groups[" in path.read_text(encoding="utf-8")] == []


@every_role
def test_no_failure_is_passed_over(role: Path) -> None:
    """A failure may only be tolerated under a stated condition."""
    files = [*(role / "tasks").glob("*.yml"), *(role / "handlers").glob("*.yml")]
    tasks = [task for path in files for task in tasks_of(path)]
    assert [task.get("name") for task in tasks if task.get("ignore_errors")] == []
    assert [task.get("name") for task in tasks if task.get("failed_when") is False] == []


def test_every_playbook_parses() -> None:
    """One process for all of them: starting Ansible is what takes the time."""
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            "--syntax-check",
            "--inventory=localhost,",
            *map(str, PLAYBOOKS),
        ],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
