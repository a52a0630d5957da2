# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's templates and its filters, rendered with the defaults."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter import interface_of, vip_instances, vip_moves

ROLE = Path(__file__).parents[3] / "roles" / "keepalived"
VIPS = [
    {"name": "portals_1", "address": "10.0.0.5/24"},
    {"name": "portals_2", "address": "10.0.0.6/24", "interface": "eth1", "router_id": 99},
]
MEMBERS = [{"name": "lb-01", "address": "10.0.0.11"}, {"name": "lb-02", "address": "10.0.0.12"}]


def instances() -> list[dict[str, Any]]:
    return vip_instances.vip_instances(VIPS, MEMBERS, "eth0")


def render(template: str, machine: str = "lb-01") -> str:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["basename"] = lambda path: Path(path).name
    values: dict[str, Any] = {"ansible_managed": "Ansible managed", "inventory_hostname": machine}
    for file in ("defaults", "vars"):
        values |= yaml.safe_load((ROLE / file / "main.yml").read_text(encoding="utf-8"))
    own = next(member for member in MEMBERS if member["name"] == machine)
    values["__keepalived_own"] = own
    values["__keepalived_peers"] = [it["address"] for it in MEMBERS if it is not own]
    values["__keepalived_instances"] = instances()
    return env.get_template(template).render(values)


def test_each_address_is_an_instance_with_the_machine_s_priority() -> None:
    lines = [line.strip() for line in render("etc/keepalived/keepalived.conf.j2").splitlines()]
    assert [line for line in lines if line.startswith("vrrp_instance")] == [
        "vrrp_instance portals_1 {",
        "vrrp_instance portals_2 {",
    ]
    assert [line for line in lines if line.startswith("priority")] == ["priority 250", "priority 240"]
    assert [line for line in lines if line.startswith("virtual_router_id")] == [
        "virtual_router_id 50",
        "virtual_router_id 99",
    ]
    assert "interface eth1" in lines
    assert lines.count("nopreempt") == 2
    assert lines.count("10.0.0.12") == 2, "the words go to the other member alone"


def test_braces_of_the_configuration_are_paired() -> None:
    text = render("etc/keepalived/keepalived.conf.j2", "lb-02")
    assert text.count("{") == text.count("}")


@pytest.mark.parametrize(
    "program", ["usr/local/sbin/renfort-vip.j2", "usr/local/libexec/renfort/keepalived-health.j2"]
)
def test_programs_are_shell_that_parses(program: str) -> None:
    done = subprocess.run(["sh", "-n"], input=render(program), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_firewall_lets_the_other_members_speak_and_nobody_else() -> None:
    assert "ip saddr { 10.0.0.12 } ip protocol vrrp accept" in render(
        "etc/renfort/firewall.d/keepalived.nft.j2"
    )


def printed(**addresses: list[str]) -> str:
    """What `ip -json -4 address show` prints for interfaces and their addresses."""
    rows = [
        {"ifname": name, "addr_info": [{"local": address} for address in found]}
        for name, found in addresses.items()
    ]
    return json.dumps(rows)


def test_the_interface_is_the_one_that_has_the_member_s_address() -> None:
    text = printed(lo=["127.0.0.1"], eth0=["192.0.2.1"], eth1=["10.0.0.11"])
    assert interface_of.interface_of(text, "10.0.0.11") == "eth1"
    with pytest.raises(AnsibleFilterError, match=r"No interface of the machine has the address 10\.0\.0\.99"):
        interface_of.interface_of(text, "10.0.0.99")


def test_an_address_on_the_loopback_counts_for_nothing() -> None:
    held = {
        "lb-01": printed(lo=["10.0.0.6"], eth0=["10.0.0.11", "10.0.0.5"], eth1=["10.0.0.6"]),
        "lb-02": printed(lo=["10.0.0.5"], eth0=["10.0.0.12"]),
    }
    (move,) = vip_moves.vip_moves(instances(), MEMBERS, held, {"lb-01": 0, "lb-02": 0})
    assert move == {
        "name": "portals_2",
        "address": "10.0.0.6",
        "interface": "eth1",
        "from": "lb-01",
        "from_address": "10.0.0.11",
        "to": "lb-02",
    }
    assert vip_moves.vip_moves(instances(), MEMBERS, held, {"lb-01": 0, "lb-02": 1}) == []
