# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of role web, rendered with its defaults."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).parents[3] / "roles" / "web"


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
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        values |= yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
    return env.get_template(template).render(values | {"web_machine_name": "eure-web-01"} | given)


def unit(beside: dict[str, Any] | None = None, **given: Any) -> list[str]:
    """The service of the application, or of what runs beside it."""
    own = {"name": "", "start": "/usr/bin/app"} | (beside or {})
    return render("etc/systemd/system/web-app.service.j2", __web_unit=own, **given).splitlines()


def timer(**given: Any) -> list[str]:
    own = {"name": "import", "calendar": "*-*-* 05:00"} | given
    return render("etc/systemd/system/web-app.timer.j2", __web_timer=own).splitlines()


def nginx(**given: Any) -> list[str]:
    return [line.strip() for line in render("etc/nginx/nginx.conf.j2", **given).splitlines()]


@pytest.mark.parametrize(
    "value", ["plain", "two words", 'a "quote"', "back\\slash", "100 %", "$HOME", "l'Eure", "#", ""]
)
def test_an_environment_value_survives_its_quotes(value: str) -> None:
    lines = render("etc/renfort/web-app.env.j2", web_environment={"X": value}).splitlines()
    assert shlex.split(lines[-1]) == [f"X={value}"]


def test_numbers_are_values_too() -> None:
    assert 'PORTAL_SCHOOLS="56"' in render(
        "etc/renfort/web-app.env.j2", web_environment={"PORTAL_SCHOOLS": 56}
    )


def test_a_service_option_is_replaced_added_and_removed() -> None:
    lines = unit(web_service_options={"MemoryDenyWriteExecute": "no", "PrivateTmp": "", "Nice": 5})
    assert "MemoryDenyWriteExecute=no" in lines
    assert "MemoryDenyWriteExecute=yes" not in lines
    assert "Nice=5" in lines
    assert not [line for line in lines if line.startswith("PrivateTmp")]


def test_the_application_has_no_capability() -> None:
    assert "CapabilityBoundingSet=" in unit()


@pytest.mark.parametrize(("limit", "lines"), [("", []), ("1G", ["MemoryMax=1G"])])
def test_memory_is_limited_when_asked(limit: str, lines: list[str]) -> None:
    assert [line for line in unit(web_memory_max=limit) if line.startswith("MemoryMax")] == lines


def test_nobody_is_believed_by_default() -> None:
    lines = nginx()
    assert not [line for line in lines if line.startswith("set_real_ip_from")]
    assert not [line for line in lines if line.endswith(" 1;")]


def test_the_proxies_are_believed_about_address_and_scheme() -> None:
    lines = nginx(web_proxy_networks=["10.83.0.0/24"])
    assert "set_real_ip_from 10.83.0.0/24;" in lines
    assert "10.83.0.0/24 1;" in lines


def test_a_page_is_asked_for_again_when_a_process_ends_under_it() -> None:
    """There must be a next server for nginx to try, and posted forms are not among what it repeats."""
    lines = nginx()
    assert lines.count("server 127.0.0.1:8080 max_fails=0;") == 4
    assert "proxy_next_upstream error;" in lines


def test_every_block_of_nginx_is_closed() -> None:
    lines = nginx(web_proxy_networks=["10.83.0.0/24"])
    assert sum(line.endswith("{") for line in lines) == lines.count("}")
    assert 'add_header X-Renfort-Machine "eure-web-01" always;' in lines


def test_what_runs_beside_the_application_has_its_restrictions_and_own_limits() -> None:
    lines = unit(
        {"name": "worker", "memory_max": "256M", "service_options": {"Nice": 5}}, web_memory_max="1G"
    )
    assert "MemoryMax=256M" in lines
    assert "Nice=5" in lines
    assert "ProtectSystem=strict" in lines
    assert "Restart=always" in lines
    assert "WantedBy=multi-user.target" in lines


def test_each_service_has_a_runtime_directory_of_its_own() -> None:
    """It is removed with its service: sharing one would take it from the others."""
    assert "RuntimeDirectory=web-app" in unit()
    assert "RuntimeDirectory=web-app-worker" in unit({"name": "worker"})


def test_what_a_timer_starts_ends_by_itself() -> None:
    lines = unit({"name": "import", "oneshot": True, "timeout": "10m"})
    assert "Type=oneshot" in lines
    assert "TimeoutStartSec=10m" in lines
    assert not [line for line in lines if line.startswith(("Restart=", "WantedBy="))]


@pytest.mark.parametrize(("delay", "lines"), [("", []), ("10m", ["RandomizedDelaySec=10m"])])
def test_a_timer_is_spread_when_asked(delay: str, lines: list[str]) -> None:
    written = timer(delay=delay)
    assert "OnCalendar=*-*-* 05:00" in written
    assert [line for line in written if line.startswith("RandomizedDelaySec")] == lines


def test_the_application_alone_needs_the_socket() -> None:
    assert "Requires=web-app.socket" in unit(web_app_socket=True)
    assert "Requires=web-app.socket" not in unit(web_app_socket=False)
    assert "Requires=web-app.socket" not in unit({"name": "worker"}, web_app_socket=True)
    assert "ListenStream=127.0.0.1:8080" in render("etc/systemd/system/web-app.socket.j2").splitlines()


def test_paths_are_opened_when_asked() -> None:
    lines = unit(web_write_paths=["/srv/files"], web_read_paths=["/home/ops/data"])
    assert "ReadWritePaths=/srv/files" in lines
    assert "BindReadOnlyPaths=/home/ops/data" in lines


def test_private_addresses_are_for_the_machine_and_the_networks_named() -> None:
    lines = nginx(web_private_paths=["/metrics"], web_private_networks=["10.0.9.0/24"])
    start = lines.index("location = /metrics {")
    block = lines[start : lines.index("}", start)]
    assert [line for line in block if line.startswith(("allow", "deny"))] == [
        "allow 127.0.0.1;",
        "allow ::1;",
        "allow 10.0.9.0/24;",
        "deny all;",
    ]
