# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan with a larger data disk: the file system follows online, and nothing shrinks again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import yaml

from tests.integration.machine import ROOT, operate, renfort

INPUTS = ROOT / "inventories/lab/group_vars/all"
GIB = 1 << 30
LARGER_GIB = 12
NAME = "storage-01"


def ask(command: str) -> str:
    """What the file server answers to a command of root's, on one line."""
    answer = operate("ansible", NAME, "-b", "-o", "-a", command)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    found = re.search(r"\(stdout\) (.*)", answer.stdout)
    assert found, answer.stdout
    return found[1].strip()


def mounted() -> tuple[str, int, str]:
    """Kind and size (bytes) of the file system of the shares, and since when it is mounted."""
    kind, size = ask("findmnt -bno FSTYPE,SIZE /srv/storage").split()
    return kind, int(size), ask("systemctl show -P ActiveEnterTimestampMonotonic srv-storage.mount")


def inputs_with(data_disk_gib: int, folder: Path) -> str:
    """The option that has plans made of the lab's inputs with this data disk for the storage tier."""
    for name in ("tenants", "stock", "networks"):
        shutil.copy(INPUTS / f"{name}.yml", folder)
    described: dict[str, Any] = yaml.safe_load((INPUTS / "capacity.yml").read_text())
    described["renfort_capacity"]["tiers"]["storage"]["data_disk_gib"] = data_disk_gib
    (folder / "capacity.yml").write_text(yaml.safe_dump(described))
    return f"renfort_inputs_dir={folder}"


def test_a_data_disk_grows_while_its_files_are_served(tmp_path: Path) -> None:
    kind, before, since = mounted()
    assert kind == "xfs"
    assert before < LARGER_GIB * GIB * 0.9
    larger = inputs_with(LARGER_GIB, tmp_path)

    for playbook in ("plan", "provision"):
        run = renfort(playbook, "-e", larger)
        assert run.returncode == 0, run.stdout + run.stderr
    site = renfort("site", "--limit", "storage", "--tags", "storage")
    assert site.returncode == 0, site.stdout + site.stderr

    kind, after, still = mounted()
    assert kind == "xfs"
    assert LARGER_GIB * GIB * 0.9 < after <= LARGER_GIB * GIB
    assert still == since, "the file system was mounted anew"


def test_a_smaller_disk_in_the_model_leaves_it_as_it_is(tmp_path: Path) -> None:
    _, before, _ = mounted()

    for playbook in ("plan", "provision"):
        run = renfort(playbook)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "successful: 0 changed" in run.stdout, run.stdout
    assert mounted()[1] == before
