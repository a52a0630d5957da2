# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module as people run it, by Ansible's command lines, against a real NetBox."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.netbox.conftest import Filled
from tests.netbox.test_stock import EXPECTED

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOK = Path(__file__).parent / "stock.yml"


def run(netbox: Filled, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's command lines with the NetBox in the environment."""
    given = {
        "RENFORT_NETBOX_URL": netbox.running.url,
        "RENFORT_NETBOX_TOKEN": netbox.tokens.reader,
        "RENFORT_NETBOX_CA_FILE": str(netbox.running.ca_file),
        "ANSIBLE_NOCOLOR": "1",
    }
    tool, *rest = words
    return subprocess.run(
        [str(Path(sys.executable).parent / tool), "-i", "localhost,", "-c", "local", *rest],
        cwd=ROOT,
        env={**os.environ, **given, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("mode", [[], ["--check", "--diff"]], ids=["run", "check"])
def test_a_playbook_gets_the_documents(netbox: Filled, tmp_path: Path, mode: list[str]) -> None:
    result = tmp_path / "result.json"
    done = run(netbox, "ansible-playbook", *mode, "-e", f"result={result}", str(PLAYBOOK))
    assert done.returncode == 0, done.stdout + done.stderr

    came_out: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    assert came_out["changed"] is False
    assert {key: came_out[key] for key in ("stock", "networks")} == {
        key: EXPECTED[key] for key in ("stock", "networks")
    }
    assert len(came_out["notes"]) == len(EXPECTED["notes"])
    assert "pve4" in done.stdout + done.stderr, "the notes are warnings too"


def ad_hoc(netbox: Filled, options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the module alone."""
    interpreter = f"ansible_python_interpreter={sys.executable}"
    words = ("-vvv", "-e", interpreter, "-m", "ent.renfort.netbox_stock", "-a", options)
    return run(netbox, "ansible", "localhost", *words, **environment)


def test_the_token_comes_from_a_file_and_is_in_no_output(netbox: Filled, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{netbox.tokens.reader}\n", encoding="utf-8")
    done = ad_hoc(netbox, f"token_file={file}", RENFORT_NETBOX_TOKEN="")

    assert done.returncode == 0, done.stdout + done.stderr
    assert netbox.tokens.reader not in done.stdout + done.stderr


def test_a_failure_is_one_message_without_a_traceback(netbox: Filled) -> None:
    done = ad_hoc(netbox, "sites=nowhere")
    text = " ".join(done.stdout.split())

    assert done.returncode != 0
    assert "does not accept the option sites: Select a valid choice." in text
    assert "Traceback" not in done.stdout + done.stderr
