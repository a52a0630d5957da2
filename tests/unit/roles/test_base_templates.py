# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of role base, rendered with its defaults, and judged by nft where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "base"
ANY = ["0.0.0.0/0", "::/0"]


def render(template: str, **given: Any) -> str:
    """A template as Ansible would render it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["comment"] = lambda text, style="plain": f"{'//' if style == 'c' else '#'} {text}"
    env.filters["combine"] = lambda left, right: {**left, **right}
    env.tests["search"] = lambda text, part: part in text
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        values |= yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
    values |= given
    lists = ("base_firewall_allow", "base_firewall_group_allow", "base_firewall_host_allow")
    values["__base_firewall_rules"] = [rule for name in lists for rule in values[name]]
    return env.get_template(template).render(values)


def firewall(**given: Any) -> list[str]:
    return [line.strip() for line in render("etc/renfort/firewall.nft.j2", **given).splitlines()]


@pytest.mark.parametrize("networks", [ANY, ["10.0.0.0/8"], ["2001:db8::/32"]])
@pytest.mark.parametrize("port", [22, 2222])
def test_ssh_is_accepted_before_anything_that_could_drop_it(networks: list[str], port: int) -> None:
    lines = firewall(base_ssh_networks=networks, base_ssh_port=port)
    accepts = [index for index, line in enumerate(lines) if f"tcp dport {{ {port} }} accept" in line]
    others = [index for index, line in enumerate(lines) if line.startswith(("ct state", "include"))]
    assert len(accepts) == 1
    assert len(others) == 2
    assert max(accepts) < min(others)


def test_networks_are_matched_by_their_family() -> None:
    rule = {"name": "status", "ports": [9100, 8404], "networks": ["10.0.0.0/8", "2001:db8::/32"]}
    lines = firewall(base_firewall_host_allow=[rule])
    assert 'ip saddr { 10.0.0.0/8 } tcp dport { 8404, 9100 } accept comment "status"' in lines
    assert 'ip6 saddr { 2001:db8::/32 } tcp dport { 8404, 9100 } accept comment "status"' in lines


def test_one_family_alone_does_not_open_the_other() -> None:
    lines = firewall(base_firewall_allow=[{"name": "v4", "ports": [80], "networks": ["0.0.0.0/0"]}])
    assert 'ip saddr { 0.0.0.0/0 } tcp dport { 80 } accept comment "v4"' in lines
    assert not [line for line in lines if line.startswith("tcp dport { 80 }")]


def test_the_three_lists_add_up() -> None:
    lines = firewall(
        base_firewall_allow=[{"name": "all", "ports": [1]}],
        base_firewall_group_allow=[{"name": "group", "ports": [2], "protocol": "udp"}],
        base_firewall_host_allow=[{"name": "host", "ports": [3]}],
    )
    assert [line for line in lines if line.split('"')[1:2] in (["all"], ["group"], ["host"])] == [
        'tcp dport { 1 } accept comment "all"',
        'udp dport { 2 } accept comment "group"',
        'tcp dport { 3 } accept comment "host"',
    ]


@pytest.mark.skipif(
    shutil.which("nft") is None or os.geteuid() != 0,
    reason="nft judges rules for root only; `make unit` as root",
)
def test_nft_accepts_the_rules(tmp_path: Path) -> None:
    rules = tmp_path / "rules.nft"
    text = render(
        "etc/renfort/firewall.nft.j2",
        __base_firewall_directory=str(tmp_path / "none"),
        base_ssh_networks=["10.0.0.0/8", "2001:db8::/32"],
        base_firewall_allow=[
            {"name": "http", "ports": [80, 443]},
            {"name": "dns", "ports": [53], "protocol": "udp"},
        ],
    )
    rules.write_text(text)
    done = subprocess.run(["nft", "-c", "-f", rules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_ssh_options_of_the_inventory_take_the_place_of_the_roles_own() -> None:
    lines = render(
        "etc/ssh/sshd_config.d/10-renfort.conf.j2", base_ssh_options={"MaxAuthTries": 2, "Banner": "none"}
    )
    assert "MaxAuthTries 2" in lines.splitlines()
    assert "Banner none" in lines.splitlines()
    assert lines.count("MaxAuthTries") == 1


def test_only_present_accounts_with_sudo_may_become_root() -> None:
    users = [
        {"name": "one", "sudo": True},
        {"name": "two"},
        {"name": "three", "sudo": True, "state": "absent"},
    ]
    lines = render("etc/sudoers.d/renfort.j2", base_users=users).splitlines()
    assert [line.split()[0] for line in lines if "NOPASSWD" in line] == ["one"]


@pytest.mark.parametrize(("wanted", "value"), [(False, "0"), (True, "1")])
def test_upgrades_by_themselves_follow_the_switch(wanted: bool, value: str) -> None:
    text = render("etc/apt/apt.conf.d/90renfort.j2", base_apt_unattended_upgrades=wanted)
    assert f'APT::Periodic::Unattended-Upgrade "{value}";' in text
    assert f'APT::Periodic::Update-Package-Lists "{value}";' in text


def test_sources_are_stanzas_of_their_fields() -> None:
    source = {
        "Types": "deb",
        "URIs": "https://mirror.example/debian",
        "Suites": "trixie",
        "Components": "main",
    }
    stanzas = render("etc/apt/sources.list.d/renfort.sources.j2", base_apt_sources=[source, source]).split(
        "\n\n"
    )
    assert [stanza.strip().splitlines() for stanza in stanzas[1:]] == [
        [f"{name}: {value}" for name, value in source.items()]
    ] * 2


def test_time_comes_from_the_named_servers() -> None:
    text = render("etc/chrony/chrony.conf.j2", base_time_servers=["ntp.example"], base_time_pools=[])
    assert "server ntp.example iburst prefer" in text.splitlines()
    assert not [line for line in text.splitlines() if line.startswith("pool")]
