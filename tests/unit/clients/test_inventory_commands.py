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
    from tests.unit.clients.conftest import Told

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = [sys.executable, str(ROOT / "scripts" / "inventory.py")]
PLUGIN = [str(Path(sys.executable).parent / "ansible-inventory"), "--list", "--export"]


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
        self.environment = {
            "TEST_STATE": str(folder),
            "XDG_STATE_HOME": str(folder / "state"),
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        }

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


def test_script_and_plugin_print_the_same_bytes_after_one_call_each(commands: Commands) -> None:
    script = commands.script("--list")
    assert script.returncode == 0, script.stderr
    assert script.stderr == ""
    assert [asked.path for asked in commands.told.server.asked] == ["/api2/json/cluster/resources?type=vm"]
    plugin = commands.plugin()
    assert plugin.returncode == 0, plugin.stderr
    assert len(commands.told.server.asked) == 2

    assert script.stdout == plugin.stdout
    data = json.loads(script.stdout)
    assert {name: group["hosts"] for name, group in data.items() if name not in ("_meta", "all")} == {
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
    assert data["_meta"]["hostvars"]["haproxy-01"] == {
        "ansible_host": "10.83.0.11",
        "ansible_user": "ops",
        "rack": "r1",
        "renfort_hypervisor": "pve1",
        "renfort_status": "running",
        "renfort_tenant": "",
        "renfort_tier": "haproxy",
        "renfort_vmid": 2000,
    }


EXPRESSIONS: dict[str, Any] = {
    "compose": {
        "port": "2222 if renfort_tier == 'haproxy' else 22",
        "label": "inventory_hostname.split('-')[0] ~ '/' ~ (renfort_tenant | default('all', true))",
        "facts": "{'tier': renfort_tier, 'even': renfort_vmid is even, 'groups': group_names}",
        "lacking": "nowhere.at.all",
    },
    "groups": {"the front": "renfort_tier in ['haproxy', 'web']", "nobody": "renfort_vmid > 5000"},
    "keyed_groups": [
        {"key": "renfort_tenant", "prefix": "of", "default_value": "all", "parent_group": "customers"},
        {"key": "facts", "separator": ""},
        {"key": "[renfort_tier, renfort_status]", "parent_group": "kinds"},
        {"key": "lacking"},
    ],
    "leading_separator": False,
}

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "expressions": EXPRESSIONS,
    "expressions that must not fail": {
        "strict": True,
        "compose": {"id": "renfort_vmid + 1"},
        "groups": {"odd": "renfort_vmid is odd"},
    },
    "filters": {"filters": ["renfort_tenant == 'eure'", "renfort_vmid != 2003"], "compose": {}},
    "a named cluster and its port": {"cluster_name": "nord"},
    "a filter of Ansible's": {"compose": {"second": "renfort_tier | regex_replace('^w', 'W')"}},
    "a lookup of Ansible's": {"remote_user": "{{ lookup('vars', 'none', default='root') }}"},
    "texts that look like templates": {"remote_user": "{{ 'a{' ~ '{b' }}"},
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_every_configuration_gives_the_same_bytes(commands: Commands, name: str) -> None:
    commands.options |= CONFIGURATIONS[name]

    script, plugin = commands.script("--list"), commands.plugin()

    assert script.returncode == plugin.returncode == 0, script.stderr + plugin.stderr
    assert script.stdout == plugin.stdout
    assert ("asking ansible-inventory" in script.stderr) == ("Ansible's" in name)


SERVER = {"name": "shelf-01", "site": "nord", "rack": "r1", "state": "in_service", "reason": "demand"} | {
    "since": "2026-11-25T10:00:00Z",
    "machine": "eure-database-01",
    "tier": "database",
    "tenant": "eure",
    "address": "10.83.20.40/24",
    "gateway": "10.83.20.1",
}


def test_servers_and_hosts_of_a_cluster_that_is_away_give_the_same_bytes(
    commands: Commands, tmp_path: Path
) -> None:
    empty = {"machines": [], "shortages": [], "served": [], "stages": [], "orders": []}
    plan = {"renfort_fleet": {"version": 3, "servers": [SERVER], **empty}}
    (tmp_path / "plan.yml").write_text(json.dumps(plan))
    commands.options |= {"cluster_name": "nord", "groups": {"old": "renfort_stale is defined"}}
    fresh = commands.script("--list")
    commands.told.server.answers = [commands.told.answer(cut=True)]

    script, plugin = commands.script("--list"), commands.plugin()

    assert script.returncode == plugin.returncode == 0, script.stderr + plugin.stderr
    assert script.stdout == plugin.stdout
    for told in (script.stderr, plugin.stderr):
        assert "in the group stale" in " ".join(told.split())
    data = json.loads(script.stdout)
    guests = sorted(set(json.loads(fresh.stdout)["fleet"]["hosts"]) - {"eure-database-01"})
    assert data["stale"]["hosts"] == data["old"]["hosts"] == data["cluster_nord"]["hosts"] == guests
    assert data["database"]["hosts"] == data["rack_nord_r1"]["hosts"] == ["eure-database-01"]
    assert "renfort_stale" not in data["_meta"]["hostvars"]["eure-database-01"]


def test_variables_beside_the_configuration_are_exported_too(commands: Commands, tmp_path: Path) -> None:
    for name, text in {
        "group_vars/all/a.yml": "site: Île-de-France\nsince: 2026-03-16\n",
        "group_vars/all/b.json": '{"site": "Alsace", "deep": {"list": [1, 2.5, null, true]}}',
        "group_vars/all/.hidden.yml": "hidden: true",
        "group_vars/web.yml": "greeting: '{{ site }}'",
        "group_vars/unknown.yml": "a: 1",
        "host_vars/haproxy-01": "ansible_user: root",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    script, plugin = commands.script("--list"), commands.plugin()

    assert script.stdout == plugin.stdout
    data = json.loads(script.stdout)
    assert data["all"]["vars"] == {
        "deep": {"list": [1, 2.5, None, True]},
        "since": "2026-03-16",
        "site": "Alsace",
    }
    assert data["_meta"]["hostvars"]["haproxy-01"]["ansible_user"] == "root"


def test_other_rules_of_combining_variables_are_left_to_ansible(commands: Commands, tmp_path: Path) -> None:
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / "haproxy-01.yml").write_text("rack: {row: 1}")
    commands.options["compose"] = {"rack": "{'room': 2}"}
    commands.environment["ANSIBLE_HASH_BEHAVIOUR"] = "merge"

    script, plugin = commands.script("--list"), commands.plugin()

    assert "ANSIBLE_HASH_BEHAVIOUR" in script.stderr
    assert script.stdout == plugin.stdout
    assert json.loads(script.stdout)["_meta"]["hostvars"]["haproxy-01"]["rack"] == {"room": 2, "row": 1}


def test_trouble_that_ansible_has_is_a_failure_of_the_script(commands: Commands) -> None:
    commands.options["compose"] = {"a": "renfort_tier | nowhere_to_be_found"}
    commands.options["strict"] = True
    commands.environment["ANSIBLE_CONFIG"] = os.devnull
    commands.environment["ANSIBLE_COLLECTIONS_PATH"] = str(ROOT / "collections")

    result = commands.script("--list")

    assert (result.returncode, result.stdout) == (1, "")
    assert "nowhere_to_be_found" in result.stderr


@pytest.mark.parametrize(
    "text", ["a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  3031\n", "a: !unsafe '{{ x }}'\n"]
)
def test_variables_with_ansible_s_own_tags_are_read_by_ansible(
    commands: Commands, tmp_path: Path, text: str
) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all.yml").write_text(text)

    script, plugin = commands.script("--list"), commands.plugin()

    assert "group_vars/all.yml" in script.stderr
    assert script.stdout == plugin.stdout
    assert "__ansible_" in script.stdout


def test_the_script_imports_nothing_of_ansible(commands: Commands) -> None:
    commands.options |= EXPRESSIONS
    commands.config.write_text(json.dumps(commands.options))
    program = (
        "import sys; sys.path[:0] = ['.', 'collections']; from scripts.cli.inventory import main; "
        f"assert main(['--list', '--config', {str(commands.config)!r}]) == 0; "
        "sys.exit(', '.join(sorted(name for name in sys.modules if name.split('.')[0] == 'ansible')) or 0)"
    )

    result = commands.run([sys.executable, "-c", program])

    assert (result.returncode, result.stderr) == (0, "")
    assert "haproxy-01" in result.stdout


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


def test_a_second_reading_comes_from_the_cache_unless_it_is_refreshed(commands: Commands) -> None:
    commands.options |= {"cache": True, "cache_timeout": 600}

    first = commands.script("--list").stdout
    assert commands.script("--list").stdout == first
    assert len(commands.told.server.asked) == 1
    assert commands.plugin().stdout == first
    assert len(commands.told.server.asked) == 1
    assert commands.script("--list", "--refresh-cache").stdout == first
    assert len(commands.told.server.asked) == 2
    assert commands.run([*PLUGIN, "-i", str(commands.config), "--flush-cache"]).stdout == first
    assert len(commands.told.server.asked) == 3


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

    assert json.loads(result.stdout)["_meta"]["hostvars"] == {}
    assert result.stdout == commands.plugin().stdout
