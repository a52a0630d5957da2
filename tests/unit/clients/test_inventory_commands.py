# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin and the script as people and AWX start them, against a server that answers as told."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Told

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = [sys.executable, str(ROOT / "scripts" / "inventory.py")]
PLUGIN = [str(Path(sys.executable).parent / "ansible-inventory"), "--list"]


def guest(vmid: int, name: str, tags: str, node: str = "pve1", **changes: Any) -> dict[str, Any]:
    row = {"type": "qemu", "vmid": vmid, "name": name, "node": node, "status": "running", "template": 0}
    return row | {"tags": tags, "cpu": 0.1, "mem": 5} | changes


ROWS = [
    guest(2000, "haproxy-01", "ip-10.83.0.11;renfort;tier-haproxy"),
    guest(2002, "eure-web-01", "ip-10.83.20.11;renfort;tenant-eure;tier-web", "pve3"),
    guest(100, "payroll", "finance"),
    {"type": "qemu", "vmid": 2003, "node": "pve4", "status": "unknown"}
    | {"tags": "ip-10.83.20.12;renfort;tenant-eure;tier-web"},
]

PLAN = """\
renfort_fleet:
  version: 1
  shortages: []
  machines:
    - {name: eure-web-02, vmid: 2003, tier: web, tenant: eure, hypervisor: pve4, template: 9000, cores: 2,
       memory_mib: 2048, disk_gib: 8, storage: vmdata, bridge: vmbr2, address: 10.83.20.12/24,
       gateway: 10.83.20.1, nameservers: [], pool: renfort, reason: demand}
"""


class Commands:
    """The two commands with the same configuration file."""

    def __init__(self, told: Told, folder: Path) -> None:
        self.told = told
        self.told.server.answers = [told.answer(data=ROWS)]
        (folder / "plan.yml").write_text(PLAN)
        (folder / "token").write_text("s3cret\n")
        self.config = folder / "test.fleet.yml"
        self.options: dict[str, Any] = {
            "plugin": "ent.renfort.fleet",
            "api_host": "127.0.0.1",
            "api_port": told.server.server_port,
            "api_user": "{{ 'renfort' ~ '@pve' }}",
            "api_token_id": "ops",
            "api_token_file": "{{ lookup('env', 'TEST_STATE') }}/token",
            "ca_file": told.ca_file,
            "plan_file": "plan.yml",
            "keyed_groups": [{"key": "renfort_status", "prefix": "status"}],
            "compose": {"rack": "'r1' if renfort_hypervisor == 'pve1' else 'r2'"},
        }
        self.environment = {"TEST_STATE": str(folder), "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}

    def run(self, command: list[str], **variables: str) -> subprocess.CompletedProcess[str]:
        self.config.write_text(json.dumps(self.options))
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("RENFORT_")}
        environment = inherited | self.environment | variables
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=ROOT)

    def script(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.run([*SCRIPT, "--config", str(self.config), *arguments], **variables)

    def plugin(self) -> subprocess.CompletedProcess[str]:
        return self.run([*PLUGIN, "-i", str(self.config)])


@pytest.fixture
def commands(told: Told, tmp_path: Path) -> Commands:
    return Commands(told, tmp_path)


def plain(value: Any) -> Any:
    """JSON of ansible-inventory without its marks of strings that are not to be templated."""
    if isinstance(value, dict):
        if set(value) == {"__ansible_unsafe"}:
            return value["__ansible_unsafe"]
        return {key: plain(item) for key, item in value.items()}
    return value


def groups(data: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: sorted(group.get("hosts", [])) for name, group in data.items() if name not in ("_meta", "all")
    }


def test_script_and_plugin_give_the_same_content_in_one_call_each(commands: Commands) -> None:
    by_script = commands.script("--list")
    assert by_script.returncode == 0, by_script.stderr
    assert [asked.path for asked in commands.told.server.asked] == ["/api2/json/cluster/resources?type=vm"]
    by_plugin = commands.plugin()
    assert by_plugin.returncode == 0, by_plugin.stderr
    assert len(commands.told.server.asked) == 2

    script, plugin = json.loads(by_script.stdout), plain(json.loads(by_plugin.stdout))
    assert script["_meta"]["hostvars"] == plugin["_meta"]["hostvars"]
    assert groups(script) == groups(plugin)
    assert groups(script) == {
        "fleet": ["eure-web-01", "eure-web-02", "haproxy-01"],
        "haproxy": ["haproxy-01"],
        "web": ["eure-web-01", "eure-web-02"],
        "tenant_eure": ["eure-web-01", "eure-web-02"],
        "hypervisor_pve1": ["haproxy-01"],
        "hypervisor_pve3": ["eure-web-01"],
        "hypervisor_pve4": ["eure-web-02"],
        "status_running": ["eure-web-01", "haproxy-01"],
        "status_unknown": ["eure-web-02"],
    }
    assert script["_meta"]["hostvars"]["haproxy-01"]["rack"] == "r1"


def test_one_host_is_shown_with_its_variables_and_an_unknown_one_is_an_error(commands: Commands) -> None:
    known = commands.script("--host", "eure-web-01")
    assert json.loads(known.stdout)["ansible_host"] == "10.83.20.11"

    unknown = commands.script("--host", "payroll")
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert "payroll" in unknown.stderr


def test_everything_can_come_from_the_environment(commands: Commands) -> None:
    told = commands.told
    result = commands.run(
        [*SCRIPT, "--list"],
        RENFORT_PVE_HOST="127.0.0.1",
        RENFORT_PVE_PORT=str(told.server.server_port),
        RENFORT_PVE_TOKEN_ID="renfort@pve!ops",
        RENFORT_PVE_TOKEN_SECRET="from-the-environment",
        RENFORT_PVE_CA_FILE=told.ca_file,
    )

    assert "haproxy-01" in json.loads(result.stdout)["_meta"]["hostvars"]
    assert told.server.asked[0].authorization == "PVEAPIToken=renfort@pve!ops=from-the-environment"


def test_a_second_reading_comes_from_the_cache_unless_it_is_refreshed(
    commands: Commands, tmp_path: Path
) -> None:
    commands.options |= {"cache": True, "cache_plugin": "ansible.builtin.jsonfile"}
    commands.options["cache_connection"] = str(tmp_path / "cache")

    first = commands.script("--list").stdout
    assert commands.script("--list").stdout == first
    assert len(commands.told.server.asked) == 1
    assert commands.script("--list", "--refresh-cache").stdout == first
    assert len(commands.told.server.asked) == 2


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 401, "reason": "invalid token value!"}, "refuses the API token: invalid token value!"),
        ({"data": []}, "shows no guest with the tag renfort"),
    ],
)
def test_trouble_is_one_line_and_an_exit_status(
    commands: Commands, answer: dict[str, Any], words: str
) -> None:
    commands.told.server.answers = [commands.told.answer(**answer)]

    result = commands.script("--list")

    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert words in result.stderr


def test_the_plugin_s_trouble_fails_the_command(commands: Commands) -> None:
    commands.told.server.answers = [commands.told.answer(data=[])]

    assert commands.plugin().returncode != 0


def test_an_empty_fleet_is_accepted_when_told_so(commands: Commands) -> None:
    commands.told.server.answers = [commands.told.answer(data=[])]
    commands.options["allow_empty"] = True

    result = commands.script("--list")

    assert json.loads(result.stdout)["_meta"] == {"hostvars": {}}
