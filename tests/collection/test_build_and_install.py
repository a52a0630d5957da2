# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection that users install: built, installed in a folder of its own, used from there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

UNWANTED = {"lab", "tests", "inventories", "collections", ".git", ".venv", ".ci"}
"""Top folders that a user of the collection has no use for."""


def run(*command: str, cwd: Path, collections: Path) -> str:
    result = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=cwd,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    run(
        "ansible-galaxy",
        "collection",
        "build",
        str(ROOT),
        "--output-path",
        str(folder),
        cwd=folder,
        collections=folder,
    )
    (built,) = folder.glob("ent-renfort-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elsewhere")
    run(
        "ansible-galaxy", "collection", "install", str(tarball), "--no-deps", "-p", str(folder),
        cwd=folder, collections=folder,
    )  # fmt: skip
    return folder


def test_the_tarball_holds_what_users_need_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as archive:
        names = archive.getnames()
    assert {"README.md", "LICENSE", "meta/runtime.yml", "playbooks/surge.yml"} <= set(names)
    assert not [name for name in names if name.split("/")[0] in UNWANTED or "__pycache__" in name]


def test_every_plugin_has_its_documentation(installed: Path) -> None:
    for kind, folder in {
        "module": "modules",
        "inventory": "inventory",
        "filter": "filter",
        "callback": "callback",
    }.items():
        wanted = {
            f"ent.renfort.{path.stem}"
            for path in (ROOT / "plugins" / folder).iterdir()
            if path.suffix in {".py", ".yml"} and not path.stem.startswith("_")
        }
        listing = json.loads(
            run(
                "ansible-doc",
                "-t",
                kind,
                "--list",
                "--json",
                "ent.renfort",
                cwd=installed,
                collections=installed,
            )
        )
        assert wanted
        assert {name for name in wanted if listing.get(name)} >= wanted - _aliases(folder)


def _aliases(folder: str) -> set[str]:
    """A filter file may carry several filters, each documented in a file of its own."""
    if folder != "filter":
        return set()
    return {f"ent.renfort.{path.stem}" for path in (ROOT / "plugins/filter").glob("*.py")}


def test_every_playbook_runs_from_the_installed_collection(installed: Path, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all:\n  children: {fleet: {}, web: {}, haproxy: {}}\n")
    for playbook in sorted((ROOT / "playbooks").glob("*.yml")):
        run(
            "ansible-playbook", "--syntax-check", "-i", str(inventory), f"ent.renfort.{playbook.stem}",
            cwd=tmp_path, collections=installed,
        )  # fmt: skip
