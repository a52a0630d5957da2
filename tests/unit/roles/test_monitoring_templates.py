# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates, rendered with the defaults; each rule says what it means, and has a test in the scenario."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROOT = Path(__file__).parents[3]
ROLE = ROOT / "roles" / "monitoring"
RULES = sorted(path.name for path in (ROLE / "templates/etc/prometheus/rules").glob("*.yml.j2"))
RULE_TESTS = ROOT / "extensions" / "molecule" / "monitoring" / "rules"
MEMBERS = [{"name": "m-1", "address": "10.83.30.31"}, {"name": "m-2", "address": "2001:db8::32"}]
RECEIVERS = [
    {"name": "operators", "emails": ["ops@ent.example"]},
    {"name": "chat", "webhooks": [{"url": "https://a/"}, {"url": "https://b/", "token": "secret"}]},
]


def variables(**given: Any) -> dict[str, Any]:
    """The defaults and constants of the role, what they are computed from put in place, and what is given."""
    values: dict[str, Any] = {"ansible_managed": "Ansible managed"}
    for name in ("defaults", "vars"):
        values |= yaml.safe_load((ROLE / name / "main.yml").read_text(encoding="utf-8"))
    values |= {
        "monitoring_name": "m-1",
        "monitoring_external_url": "http://10.83.30.31:9090/",
        "monitoring_alertmanager_url": "http://10.83.30.31:9093/",
        "monitoring_receivers": RECEIVERS,
        "monitoring_vips": ["10.83.0.8", "10.83.0.9"],
        "__monitoring_portals": "eure|haut_rhin",
        "__monitoring_everyone": MEMBERS,
        "__monitoring_peers": MEMBERS[1:],
        "__monitoring_self": MEMBERS[0]["address"],
        "__monitoring_scheme": "http",
        "__monitoring_tls": False,
        "__monitoring_web": False,
    }
    return values | given


def render(name: str, **given: Any) -> str:
    """A template as Ansible renders it; its first line may say what encloses variables."""
    source = (ROLE / "templates" / name).read_text(encoding="utf-8")
    marks = {}
    if source.startswith("#jinja2:"):
        first, source = source.split("\n", 1)
        marks = dict(re.findall(r"(variable_\w+):'([^']+)'", first))
    env = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True, **marks
    )
    env.filters["to_json"] = json.dumps
    env.filters["to_nice_yaml"] = lambda value, indent: yaml.safe_dump(value, indent=indent)
    return env.from_string(source).render(variables(**given))


def rules_of(name: str, **given: Any) -> list[dict[str, Any]]:
    groups = yaml.safe_load(render(f"etc/prometheus/rules/{name}", **given))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def all_rules() -> list[dict[str, Any]]:
    return [rule for name in RULES if name != "extra.yml.j2" for rule in rules_of(name)]


def test_every_file_of_rules_is_installed() -> None:
    installed = yaml.safe_load((ROLE / "vars" / "main.yml").read_text())["__monitoring_rule_files"]
    assert sorted([*(f"{name}.yml.j2" for name in installed), "extra.yml.j2"]) == RULES


def test_alerts_have_a_severity_and_say_what_to_do() -> None:
    alerts = [rule for rule in all_rules() if "alert" in rule]
    assert len(alerts) > 30
    assert {rule["labels"]["severity"] for rule in alerts} == {"critical", "warning", "none"}
    for rule in alerts:
        assert set(rule["annotations"]) == {"summary", "description", "runbook"}, rule["alert"]
        assert all(len(text) > 15 for text in rule["annotations"].values()), rule["alert"]


def test_no_alert_and_no_figure_of_other_roles_stands_twice() -> None:
    names = [rule["alert"] for rule in all_rules() if "alert" in rule]
    assert len(names) == len(set(names))


def test_thresholds_are_in_the_expressions() -> None:
    (rule,) = [
        rule
        for rule in rules_of("haproxy.yml.j2", monitoring_queue_warning=123)
        if rule.get("alert") == "QueueGrows"
    ]
    assert rule["expr"] == "renfort:queue_length > 123"


@pytest.mark.parametrize("kind", ["alert", "record"])
def test_every_rule_has_a_test_in_the_scenario(kind: str) -> None:
    """Promtool exists on the machine only; there these tests run."""
    tests = "".join(path.read_text(encoding="utf-8") for path in RULE_TESTS.glob("*.yml"))
    names = {rule[kind] for rule in all_rules() if kind in rule}
    wanted = {name: f'alertname="{name}"' if kind == "alert" else name for name in names}
    missing = [name for name, text in wanted.items() if not re.search(re.escape(text) + r"(?![\w:])", tests)]
    assert missing == []


def test_every_figure_is_described() -> None:
    described = (ROOT / "docs" / "reference" / "figures.md").read_text(encoding="utf-8")
    names = {rule["record"] for rule in all_rules() if "record" in rule}
    assert sorted(name for name in names if f"`{name}`" not in described) == []


def test_every_figure_on_the_pages_is_computed() -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in (ROLE / "files").rglob("*.html"))
    used = set(re.findall(r"renfort:[a-z_]+(?::[a-z]+)?", pages))
    assert used - {rule["record"] for rule in all_rules() if "record" in rule} == set()


def test_rules_of_the_site_are_written_as_they_are() -> None:
    item = {"name": "site", "groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up == 0"}]}]}
    assert rules_of("extra.yml.j2", __monitoring_item=item) == [{"alert": "A", "expr": "up == 0"}]


def test_prometheus_scrapes_what_is_asked_for_and_the_monitoring_itself() -> None:
    jobs = [
        {"name": "node", "port": 9100, "targets": []},
        {
            "name": "patroni",
            "port": 8008,
            "scheme": "https",
            "ca_file": "/ca.crt",
            "interval": "5s",
            "timeout": "4s",
            "username": "u",
            "password": "secret",
        },
    ]
    probes = [{"name": "portals", "module": "http", "targets": []}]
    text = render("etc/prometheus/prometheus.yml.j2", monitoring_jobs=jobs, monitoring_probes=probes)
    config = {job["job_name"]: job for job in yaml.safe_load(text)["scrape_configs"]}
    assert list(config) == ["alertmanager", "prometheus", "blackbox", "node", "patroni", "portals"]
    assert config["node"]["file_sd_configs"] == [{"files": ["/etc/prometheus/targets/node.json"]}]
    assert config["patroni"]["tls_config"] == {"ca_file": "/ca.crt", "min_version": "TLS12"}
    assert config["patroni"]["basic_auth"]["password_file"] == "/etc/prometheus/secrets/job-patroni"
    assert config["portals"]["params"] == {"module": ["http"]}
    assert [it["targets"] for it in config["prometheus"]["static_configs"]] == [
        ["10.83.30.31:9090"],
        ["[2001:db8::32]:9090"],
    ]
    assert "secret" not in text.replace("/secrets/", "")


def test_prometheus_verifies_and_names_itself_where_that_is_asked_for() -> None:
    text = render(
        "etc/prometheus/prometheus.yml.j2",
        __monitoring_scheme="https",
        __monitoring_tls=True,
        monitoring_tls_ca="/ca.crt",
        monitoring_client_user="prometheus",
    )
    parsed = yaml.safe_load(text)
    asked = [parsed["alerting"]["alertmanagers"][0], *parsed["scrape_configs"][:2]]
    for client in asked:
        assert client["scheme"] == "https"
        assert client["tls_config"] == {"ca_file": "/ca.crt"}
        assert client["basic_auth"]["password_file"] == "/etc/prometheus/secrets/client"


def test_alerts_go_to_the_first_receiver_unless_a_route_leads_elsewhere() -> None:
    text = render(
        "etc/prometheus/alertmanager.yml.j2",
        monitoring_smtp_smarthost="relay:25",
        monitoring_smtp_from="a@ent.example",
        monitoring_routes=[{"receiver": "chat", "matchers": ['tenant="eure"'], "repeat_interval": "1h"}],
    )
    config = yaml.safe_load(text)
    assert config["route"]["receiver"] == "operators"
    watchdog, route = config["route"]["routes"]
    assert watchdog["receiver"] == "nobody"
    assert route == {
        "receiver": "chat",
        "matchers": ['tenant="eure"'],
        "continue": False,
        "repeat_interval": "1h",
    }
    chat = config["receivers"][2]["webhook_configs"]
    assert "authorization" not in chat[0]["http_config"]
    assert chat[1]["http_config"]["authorization"] == {
        "credentials_file": "/etc/prometheus/secrets/receiver-chat-1"
    }
    assert config["receivers"][1]["email_configs"] == [{"to": "ops@ent.example", "send_resolved": True}]
    assert config["global"]["smtp_require_tls"] is True


def test_alertmanagers_form_a_cluster_and_a_single_one_listens_to_nobody() -> None:
    unit = "etc/systemd/system/prometheus-alertmanager.service.d/renfort.conf.j2"
    assert "--cluster.peer=[2001:db8::32]:9094" in render(unit)
    alone = render(unit, __monitoring_peers=[])
    assert "--cluster.peer" not in alone
    assert "--cluster.listen-address= \\" in alone


def test_the_blackbox_exporter_answers_its_own_machine_only() -> None:
    unit = render("etc/systemd/system/prometheus-blackbox-exporter.service.d/renfort.conf.j2")
    assert "--web.listen-address=127.0.0.1:9115" in unit


def test_modules_of_the_blackbox_exporter_are_written() -> None:
    text = render("etc/prometheus/blackbox.yml.j2", __monitoring_blackbox_modules={"tcp": {"prober": "tcp"}})
    assert yaml.safe_load(text) == {"modules": {"tcp": {"prober": "tcp"}}}
