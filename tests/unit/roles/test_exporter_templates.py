# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's templates, rendered with its defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "exporter"
UNIT = "etc/systemd/system/prometheus-node-exporter.service.d/renfort.conf.j2"
WEB = "etc/prometheus/node-exporter-web.yml.j2"
HASH = "$2b$10$" + "a" * 53


def render(template: str, **given: Any) -> str:
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["to_json"] = json.dumps
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for name in ("defaults", "vars"):
        values |= yaml.safe_load((ROLE / name / "main.yml").read_text(encoding="utf-8"))
    values |= {"exporter_address": "10.83.0.11", "__exporter_host": "10.83.0.11", "__exporter_web": False}
    return env.get_template(template).render(values | given)


def command(text: str) -> list[str]:
    """The command line of the unit, its continued lines joined."""
    joined = text.replace("\\\n", " ")
    return next(line for line in joined.splitlines() if line.startswith("ExecStart=/")).split()


def test_only_the_collectors_asked_for_run() -> None:
    words = command(render(UNIT, exporter_collectors=["cpu", "meminfo"]))
    assert [word for word in words if word.startswith("--collector.")] == [
        "--collector.cpu",
        "--collector.meminfo",
        "--collector.disable-defaults",
    ]
    assert words[-1] == "--web.listen-address=10.83.0.11:9100"


def test_units_are_joined_into_one_expression_that_systemd_hands_on_unchanged() -> None:
    words = command(render(UNIT, exporter_units=[r"ssh\.service", r"web-.+\.service$"]))
    assert r'--collector.systemd.unit-include="(ssh\\.service|web-.+\\.service$$)"' in words


def test_addresses_of_the_machine_are_shown_where_network_figures_are() -> None:
    assert "--collector.netdev.address-info" in command(render(UNIT))
    assert "--collector.netdev.address-info" not in command(render(UNIT, exporter_collectors=["cpu"]))


def test_the_web_configuration_is_only_named_when_there_is_one() -> None:
    assert "--web.config.file=/etc/prometheus/node-exporter-web.yml" not in command(render(UNIT))
    words = command(render(UNIT, __exporter_web=True, __exporter_web_config="/etc/prometheus/w.yml"))
    assert "--web.config.file=/etc/prometheus/w.yml" in words


def test_the_daemon_joins_those_who_may_read_keys_only_where_there_is_one() -> None:
    assert "SupplementaryGroups" not in render(UNIT)
    assert "SupplementaryGroups=ssl-cert\n" in render(UNIT, exporter_tls_certificate="/c.crt")


@pytest.mark.parametrize("client_ca", ["", "/etc/renfort/tls/ca.crt"])
def test_the_web_configuration_holds_what_is_asked_for(client_ca: str) -> None:
    text = render(
        WEB,
        exporter_tls_certificate="/c.crt",
        exporter_tls_key="/c.key",
        exporter_tls_client_ca=client_ca,
        exporter_users={"prometheus": HASH},
    )
    parsed = yaml.safe_load(text)
    assert parsed["basic_auth_users"] == {"prometheus": HASH}
    assert parsed["tls_server_config"]["cert_file"] == "/c.crt"
    assert ("client_auth_type" in parsed["tls_server_config"]) == bool(client_ca)
