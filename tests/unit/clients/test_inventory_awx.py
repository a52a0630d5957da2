# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The credential type of the AWX guide: what it injects is all that the inventory needs to be read."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.ent.renfort.plugins.module_utils import proxmox_options
from ansible_collections.ent.renfort.plugins.module_utils.inventory.options import OPTIONS
from lab.pve.qemu.guests import row_of
from tests.unit.clients.emulator import SECRET, Emulator

ROOT = Path(__file__).resolve().parents[3]
GUIDE = (ROOT / "docs/guides/awx-inventory.md").read_text(encoding="utf-8")
TYPE: dict[str, Any] = yaml.safe_load((ROOT / "docs/reference/awx_credential_type.yml").read_text("utf-8"))
VARIABLES = {option.env for option in OPTIONS.values() if option.env}


@pytest.fixture
def emulator(certificate: Path) -> Iterator[Emulator]:
    started = Emulator(certificate)
    config = {"name": "eure-web-01", "tags": "ip-10.83.20.11;renfort;tenant-eure;tier-web"}
    started.write("guests", "2001", row_of(2001, "pve1", config, image="debian-13"))
    yield started
    started.close()


def injected(folder: Path, **filled_in: str) -> dict[str, str]:
    """The environment that AWX makes of a credential, with the files that it writes."""
    fields = {field["id"] for field in TYPE["inputs"]["fields"]}
    assert set(TYPE["inputs"]["required"]) <= set(filled_in) <= fields
    jinja = ImmutableSandboxedEnvironment(undefined=StrictUndefined)
    names = {}
    for template, content in TYPE["injectors"]["file"].items():
        name = template.removeprefix("template.")
        (folder / name).write_text(jinja.from_string(content).render(filled_in))
        names[name] = str(folder / name)
    known = {**filled_in, "tower": {"filename": names}}
    return {name: jinja.from_string(text).render(known) for name, text in TYPE["injectors"]["env"].items()}


def run(command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    base = {"RENFORT_INVENTORY_STATE": str(folder / "state"), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    everything = {**inherited, **base, **environment}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=everything, cwd=ROOT)


def test_every_variable_is_one_that_the_options_read() -> None:
    assert set(TYPE["injectors"]["env"]) <= VARIABLES


def test_the_modules_read_them_too() -> None:
    read = set(proxmox_options.ENVIRONMENT.values())

    assert read - set(TYPE["injectors"]["env"]) == {"RENFORT_PVE_USER", "RENFORT_PVE_TOKEN_FILE"}


def test_the_guide_shows_the_type_as_it_is() -> None:
    shown = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)]
    inputs = next(document for document in shown if "fields" in document)
    told = ("id", "type", "label", "secret", "multiline")

    assert TYPE["injectors"] in shown
    assert inputs["required"] == TYPE["inputs"]["required"]
    assert inputs["fields"] == [
        {name: field[name] for name in told if name in field} for field in TYPE["inputs"]["fields"]
    ]


def test_what_the_guide_sets_is_read_by_somebody() -> None:
    from scripts.cli.inventory import CONFIG_VARIABLE

    named = set(re.findall(r"\bRENFORT_[A-Z_]+\b", GUIDE)) - {"RENFORT_PVE_NORD_TOKEN_SECRET"}

    assert named <= VARIABLES | {CONFIG_VARIABLE}


@pytest.mark.parametrize("optional", ["port", "more_hosts"])
def test_the_credential_alone_is_enough(emulator: Emulator, tmp_path: Path, optional: str) -> None:
    there = emulator.settings()
    # With the port left out, the node at the usual one is away and the other answers.
    others = {"port": str(there.port)} if optional == "port" else {"more_hosts": f"127.0.0.1:{there.port}"}
    environment = injected(
        tmp_path,
        host="127.0.0.1" if optional == "port" else "localhost.invalid",
        **others,
        token_id=f"{there.user}!{there.token_id}",
        token_secret=SECRET,
        ca=Path(there.ca_file).read_text(),
    )
    config = tmp_path / "pve.fleet.yml"
    config.write_text("plugin: ent.renfort.fleet\n")
    ansible_inventory = str(Path(sys.executable).with_name("ansible-inventory"))

    script = run([sys.executable, str(ROOT / "scripts/inventory.py"), "--list"], tmp_path, environment)
    plugin = run([ansible_inventory, "-i", str(config), "--list", "--export"], tmp_path, environment)

    assert script.returncode == 0, script.stderr
    assert ("cannot be reached" in script.stderr) == (optional == "more_hosts")
    assert json.loads(script.stdout)["web"]["hosts"] == ["eure-web-01"]
    assert script.stdout == plugin.stdout
    assert SECRET not in script.stdout
    through_ansible = [ansible_inventory, "-i", str(ROOT / "scripts/inventory.py"), "--list", "--export"]
    assert run(through_ansible, tmp_path, environment).stdout == script.stdout
