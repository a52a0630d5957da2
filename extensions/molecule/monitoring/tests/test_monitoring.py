# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two monitoring machines as operators and Alertmanager's receivers meet them."""

from __future__ import annotations

import json
import shlex

import pytest
from testinfra.host import Host

from extensions.molecule.monitoring.tests.asking import ADDRESSES, CURL, ask, name_of, query, until

testinfra_hosts = ["podman://monitoring-1", "podman://monitoring-2"]

UNITS = ["prometheus", "prometheus-alertmanager", "prometheus-blackbox-exporter"]


@pytest.mark.parametrize("unit", UNITS)
def test_the_daemons_run_locked_in_and_start_at_boot(host: Host, unit: str) -> None:
    service = host.service(unit)
    assert service.is_running
    assert service.is_enabled
    shown = host.check_output(
        f"systemctl show {unit} -p ProtectSystem -p NoNewPrivileges -p User"
    ).splitlines()
    assert set(shown) == {"ProtectSystem=strict", "NoNewPrivileges=yes", "User=prometheus"}


def test_every_target_is_looked_at(host: Host) -> None:
    def states() -> dict[str, float]:
        return query(host, "sum by (job, machine) (up)")

    expected = {
        "alertmanager,monitoring-1": 1,
        "alertmanager,monitoring-2": 1,
        f"blackbox,{name_of(host)}": 1,
        "haproxy,monitoring-watched": 1,
        "node,monitoring-1": 1,
        "node,monitoring-lost": 0,
        "node,monitoring-watched": 1,
        "portal": 1,
        "prometheus,monitoring-1": 1,
        "prometheus,monitoring-2": 1,
    }
    assert until(states, lambda it: it == expected, 30) == expected


def test_a_portal_is_asked_by_its_name_from_outside(host: Host) -> None:
    found = until(lambda: query(host, 'probe_success{job="portal"}'), lambda it: 1 in it.values(), 30)
    assert found == {"eure.ent.example,http://10.84.0.83:8080/,portal,eure": 1}


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("renfort:servers_in_service", {"eure,web": 1}),
        ("renfort:sessions_capacity", {"monitoring-watched,eure": 4}),
        ("renfort:queue_length", {"eure": 0}),
        ("renfort:machines_down", {"haproxy": 0, "eure,web": 1, "eure,monitoring": 0}),
        ("renfort:vip_holders", {"10.84.0.83": 1, "10.84.0.85": 0}),
        ("renfort:tls_handshakes_per_second", {"": 0}),
    ],
)
def test_the_figures_are_those_of_the_platform(host: Host, figure: str, expected: dict[str, float]) -> None:
    def read() -> dict[str, float]:
        return {",".join(sorted(name.split(","))): value for name, value in query(host, figure).items()}

    wanted = {",".join(sorted(name.split(","))): value for name, value in expected.items()}
    assert until(read, lambda it: it == wanted, 30) == wanted


def test_requests_are_counted_for_their_tenant(host: Host, watched: Host) -> None:
    def per_second() -> dict[str, float]:
        watched.check_output("for i in $(seq 20); do curl -s -o /dev/null http://127.0.0.1:8080/; done")
        return query(host, "renfort:requests_per_second")

    found = until(per_second, lambda it: it.get("eure", 0) > 1, 60)
    assert found["eure"] > 1


def test_no_rule_is_in_trouble(host: Host) -> None:
    groups = json.loads(ask(host, "/api/v1/rules"))["data"]["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) > 80
    assert [rule["name"] for rule in rules if rule["health"] == "err"] == []
    texts = [text for rule in rules for it in rule.get("alerts", ()) for text in it["annotations"].values()]
    assert texts
    assert [text for text in texts if "error" in text.lower() and "expanding" in text] == []


def test_nobody_reads_without_a_password_or_without_tls(host: Host) -> None:
    for port in (9090, 9093):
        url = f"https://{ADDRESSES[name_of(host)]}:{port}/"
        code = host.check_output(f"{CURL} --output /dev/null --write-out '%{{http_code}}' {url}")
        assert code == "401", port
        assert host.run(f"curl --silent --fail http://{ADDRESSES[name_of(host)]}:{port}/").rc != 0


def test_nobody_stops_or_empties_prometheus_over_http(host: Host) -> None:
    for path in ("/-/quit", "/-/reload", "/api/v1/admin/tsdb/snapshot"):
        url = f"https://{ADDRESSES[name_of(host)]}:9090{path}"
        posted = f"{CURL} --user prometheus:school --request POST --output /dev/null"
        code = host.check_output(f"{posted} --write-out '%{{http_code}}' {url}")
        assert code in {"403", "404", "405", "500", "503"}, path
    assert host.service("prometheus").is_running


def test_the_blackbox_exporter_is_for_its_own_machine(host: Host) -> None:
    assert host.socket("tcp://127.0.0.1:9115").is_listening
    assert host.run(f"curl --silent --max-time 5 http://{ADDRESSES[name_of(host)]}:9115/").rc == 7


def test_secrets_are_in_files_of_their_own(host: Host) -> None:
    for name, secret in {"client": "school", "receiver-operators-0": "shibboleth"}.items():
        file = host.file(f"/etc/prometheus/secrets/{name}")
        assert (file.content_string, file.user, file.group, file.mode) == (
            secret,
            "root",
            "prometheus",
            0o640,
        )
    found = host.run(
        "grep -rlE 'shibboleth|password: .*school' /etc/prometheus --include=*.yml --include=*.json"
    )
    assert found.stdout == ""


def test_the_alertmanagers_are_one_cluster(host: Host) -> None:
    def members() -> int:
        return len(json.loads(ask(host, "/api/v2/status", port=9093))["cluster"]["peers"])

    assert until(members, lambda it: it == 2, 30) == 2


def test_a_new_target_needs_no_reload(host: Host) -> None:
    path = "/etc/prometheus/targets/node.json"
    before = host.file(path).content_string
    taken = query(host, 'prometheus_config_last_reload_success_timestamp_seconds{job="prometheus"}')
    more = [*json.loads(before), {"targets": ["10.84.0.82:9100"], "labels": {"machine": "new"}}]
    write = f"cat > {path}.new && mv {path}.new {path}"
    try:
        host.check_output(f"printf %s {shlex.quote(json.dumps(more))} | ({write})")
        found = until(lambda: query(host, 'up{machine="new"}'), lambda it: 1 in it.values(), 30)
        assert list(found.values()) == [1]
    finally:
        host.check_output(f"printf %s {shlex.quote(before)} | ({write})")
    assert query(host, 'prometheus_config_last_reload_success_timestamp_seconds{job="prometheus"}') == taken
