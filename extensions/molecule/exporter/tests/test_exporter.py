# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine's figures as Prometheus meets them."""

from __future__ import annotations

import re

import pytest
from testinfra.host import Host

UNIT = "prometheus-node-exporter"
TEXTFILES = "/var/lib/prometheus/node-exporter"
ADDRESSES = {"exporter-13": "10.84.0.86", "exporter-tls": "10.84.0.87"}


def name_of(host: Host) -> str:
    return str(host.backend.get_hostname())


def metrics(host: Host) -> str:
    """All figures, read as the machine's own protection asks for it."""
    if name_of(host) == "exporter-tls":
        return host.check_output(
            "curl --silent --show-error --fail --user prometheus:school "
            "--cacert /etc/renfort/tls/ca.crt https://10.84.0.87:9100/metrics"
        )
    return host.check_output("curl --silent --show-error --fail http://10.84.0.86:9100/metrics")


def figure(text: str, series: str) -> float:
    match = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    assert match, f"no {series}"
    return float(match[1])


def test_it_runs_and_starts_at_boot(host: Host) -> None:
    service = host.service(UNIT)
    assert service.is_running
    assert service.is_enabled


def test_the_figures_of_the_machine_are_there(host: Host) -> None:
    text = metrics(host)
    assert figure(text, "node_memory_MemTotal_bytes") > 0
    assert "node_filesystem_avail_bytes{" in text
    assert "node_cpu_seconds_total{" in text
    assert "node_timex_sync_status" in text
    assert f'address="{ADDRESSES[name_of(host)]}"' in text


def test_what_systemd_says_of_failed_units_is_there(host: Host) -> None:
    assert figure(metrics(host), 'node_systemd_units{state="failed"}') >= 1


def test_units_are_shown_one_by_one_only_where_asked_for(host: Host) -> None:
    shown = set(re.findall(r'node_systemd_unit_state\{name="([^"]+)"', metrics(host)))
    assert shown == ({"ssh.service"} if name_of(host) == "exporter-13" else set())


def test_collectors_that_are_not_asked_for_are_off(host: Host) -> None:
    ran = set(re.findall(r'node_scrape_collector_success\{collector="(\w+)"\}', metrics(host)))
    assert {"cpu", "systemd", "textfile", "timex"} <= ran
    assert ran.isdisjoint({"zfs", "arp", "wifi", "btrfs"})


def test_a_file_of_another_role_is_served(host: Host) -> None:
    host.check_output(f"sh -c 'umask 022; echo renfort_test_figure 42 > {TEXTFILES}/test.prom'")
    try:
        text = metrics(host)
        assert figure(text, "renfort_test_figure") == 42
        assert figure(text, "node_textfile_scrape_error") == 0
    finally:
        host.check_output(f"rm {TEXTFILES}/test.prom")


def test_file_systems_are_shown_as_the_machine_sees_them(host: Host) -> None:
    """The locked-in service sees all of them read-only, which would alarm for every machine."""
    shown = dict(
        re.findall(r'^node_filesystem_readonly\{.*mountpoint="([^"]+)"\} (\d)$', metrics(host), re.M)
    )
    # The root of a container is an overlay, which is none of the machine's own file systems.
    assert shown["/var/log/journal"] == "0"


def test_it_listens_on_its_own_address_only(host: Host) -> None:
    if name_of(host) == "exporter-13":
        assert host.socket("tcp://10.84.0.86:9100").is_listening
        assert not host.socket("tcp://127.0.0.1:9100").is_listening


def test_the_service_is_locked_in(host: Host) -> None:
    shown = host.check_output(
        f"systemctl show {UNIT} -p User -p ProtectSystem -p NoNewPrivileges -p CapabilityBoundingSet"
    ).splitlines()
    assert {
        "User=prometheus",
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "CapabilityBoundingSet=",
    } <= set(shown)


def test_only_the_programs_asked_for_run(host: Host) -> None:
    assert host.service(f"{UNIT}-apt.timer").is_enabled
    assert not host.service(f"{UNIT}-smartmon.timer").is_enabled
    assert not host.service(f"{UNIT}-smartmon.timer").is_running


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--cacert /etc/renfort/tls/ca.crt", "401"),
        ("--cacert /etc/renfort/tls/ca.crt --user prometheus:wrong", "401"),
        ("--cacert /etc/renfort/tls/ca.crt --user prometheus:school", "200"),
    ],
)
def test_with_users_the_password_decides(host: Host, options: str, expected: str) -> None:
    if name_of(host) != "exporter-tls":
        pytest.skip("this machine serves without a password")
    url = "https://10.84.0.87:9100/metrics"
    code = host.check_output(f"curl --silent --output /dev/null --write-out '%{{http_code}}' {options} {url}")
    assert code == expected


def test_hashes_are_for_the_daemon_only(host: Host) -> None:
    file = host.file("/etc/prometheus/node-exporter-web.yml")
    if name_of(host) != "exporter-tls":
        assert not file.exists
        return
    assert (file.user, file.group, file.mode) == ("root", "prometheus", 0o640)
