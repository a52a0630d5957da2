# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates of role cas: what the network may reach, and what the services may do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "cas"


def render(template: str, **given: Any) -> str:
    """A template as Ansible would render it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["comment"] = lambda text: f"# {text}"
    env.filters["combine"] = lambda left, right: {**left, **right}
    env.filters["to_nice_json"] = lambda value, **options: json.dumps(value, **options)
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        values |= yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
    return env.get_template(template).render(values | {"cas_machine_name": "eure-cas-01"} | given)


def nginx(**given: Any) -> list[str]:
    return [line.strip() for line in render("etc/nginx/nginx.conf.j2", **given).splitlines()]


def unit(name: str = "cas.service", **given: Any) -> list[str]:
    return render(f"etc/systemd/system/{name}.j2", **given).splitlines()


def test_every_block_of_nginx_is_closed() -> None:
    lines = nginx(cas_proxy_networks=["10.83.0.0/24"], cas_metrics_networks=["10.83.30.0/24"])
    assert sum(line.endswith("{") for line in lines) == lines.count("}")


def test_only_the_cas_is_answered_for() -> None:
    text = " ".join(nginx())
    assert "location / { return 404; }" in text
    assert "location /cas/ { proxy_pass http://application; }" in text


def test_figures_are_for_the_machine_and_the_networks_named() -> None:
    lines = nginx(cas_metrics_networks=["10.83.30.0/24"])
    start = lines.index("location = /cas/metrics {")
    rules = [line for line in lines[start : lines.index("}", start)] if line.startswith(("allow", "deny"))]
    assert rules == ["allow 127.0.0.1;", "allow ::1;", "allow 10.83.30.0/24;", "deny all;"]


def test_nobody_is_believed_by_default() -> None:
    assert not [line for line in nginx() if line.startswith("set_real_ip_from") or line.endswith(" 1;")]


def test_tickets_stay_out_of_the_log() -> None:
    (log,) = [line for line in nginx() if line.startswith("log_format")]
    assert "$uri" in log
    assert "$request " not in log
    assert '$request"' not in log


@pytest.mark.parametrize("name", ["cas.service", "cas-clean.service"])
def test_services_have_no_capability_and_take_other_settings(name: str) -> None:
    lines = unit(name, cas_service_options={"PrivateTmp": "", "Nice": 5, "MemoryDenyWriteExecute": "no"})
    assert {"CapabilityBoundingSet=", "User=cas", "Nice=5", "MemoryDenyWriteExecute=no"} <= set(lines)
    assert not [line for line in lines if line.startswith("PrivateTmp")]


@pytest.mark.parametrize(("limit", "lines"), [("", []), ("1G", ["MemoryMax=1G"])])
def test_memory_is_limited_when_asked(limit: str, lines: list[str]) -> None:
    assert [line for line in unit(cas_memory_max=limit) if line.startswith("MemoryMax")] == lines


def test_a_stop_waits_for_requests_at_work() -> None:
    assert "TimeoutStopSec=35" in unit(cas_page_timeout=30)


def test_the_settings_are_json_whatever_they_hold() -> None:
    told = json.loads(render("etc/renfort/cas/settings.json.j2", __cas_settings={"title": {"fr": 'L"Eure'}}))
    assert told == {"managed": "Ansible managed", "title": {"fr": 'L"Eure'}}
