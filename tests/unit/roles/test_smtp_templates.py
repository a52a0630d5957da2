# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of role smtp, rendered with its defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils.smtp_config import signed_domains

ROLE = Path(__file__).parents[3] / "roles" / "smtp"
TENANTS = [
    {
        "name": "eure",
        "domains": ["Eure.example"],
        "dkim_selector": "s1",
        "notification_senders": ["N@eure.example"],
    },
    {
        "name": "rhin",
        "domains": ["rhin.example"],
        "notification_senders": ["alertes@rhin.example"],
        "bounce_address": "retours@rhin.example",
    },
]
DESTINATIONS = [
    {
        "name": "orange",
        "domains": ["orange.fr", "wanadoo.fr"],
        "concurrency": 3,
        "notification_concurrency": 1,
    },
    {
        "name": "slow",
        "domains": ["slow.example"],
        "concurrency": 1,
        "rate_delay": 2,
        "processes": 4,
        "messages_per_connection": 20,
        "next_hop": "[mx.slow.example]:25",
        "tls": "encrypt",
    },
]


def render(template: str, **given: Any) -> list[str]:
    """The lines of a template as Ansible would render it."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters["comment"] = lambda text: f"# {text}"
    env.filters["to_json"] = json.dumps
    env.filters["to_nice_json"] = json.dumps
    values: dict[str, Any] = {"ansible_managed": "Ansible managed", "smtp_hostname": "smtp-01"}
    for file in ("defaults/main.yml", "vars/main.yml"):
        read = yaml.safe_load((ROLE / file).read_text(encoding="utf-8"))
        values |= {name: value for name, value in read.items() if "{{" not in str(value)}
    values |= {
        "smtp_tenants": TENANTS,
        "smtp_destinations": DESTINATIONS,
        "__smtp_signed": signed_domains(TENANTS),
    }
    return env.get_template(template).render(values | given).splitlines()


def table(template: str, **given: Any) -> dict[str, str]:
    rows = [line.split(" ", 1) for line in render(template, **given) if line and not line.startswith("#")]
    return dict(rows)


def parameters(template: str, **given: Any) -> dict[str, str]:
    rows = [line.split(" =", 1) for line in render(template, **given) if " =" in line and line[0] not in "# "]
    return {name: value.strip() for name, value in rows}


def test_senders_are_looked_up_in_lower_case() -> None:
    assert table("etc/postfix/sender_domains.j2") == {"eure.example": "OK", "rhin.example": "OK"}
    assert table("etc/postfix/notification_senders.j2") == {
        "n@eure.example": "FILTER handover:[127.0.0.1]:10027",
        "alertes@rhin.example": "FILTER handover:[127.0.0.1]:10027",
    }


def test_a_tenant_with_an_address_for_bounces_sends_from_it() -> None:
    assert table("etc/postfix/return_paths.j2") == {
        "retours@rhin.example": "retours@rhin.example",
        "@rhin.example": "retours@rhin.example",
    }


def test_only_bounces_that_nobody_reads_are_dropped() -> None:
    dropped = {
        key
        for key, value in table("etc/postfix-notify/transports.j2").items()
        if value.startswith("discard:")
    }
    assert dropped == {"n@eure.example"}
    assert not [
        value for value in table("etc/postfix/transports.j2").values() if value.startswith("discard:")
    ]


def test_destinations_have_transports_of_their_own_in_both_classes() -> None:
    for folder in ("postfix", "postfix-notify"):
        transports = table(f"etc/{folder}/transports.j2")
        assert transports["wanadoo.fr"] == "to_orange:"
        assert transports["slow.example"] == "to_slow:[mx.slow.example]:25"
        services = render(f"etc/{folder}/master.cf.j2")
        start = services.index("to_slow unix - - n - 4 smtp")
        assert services[start + 1 : start + 3] == [
            "    -o smtp_connection_reuse_count_limit=20",
            "    -o smtp_tls_security_level=encrypt",
        ]
        assert parameters(f"etc/{folder}/main.cf.j2")["to_slow_destination_rate_delay"] == "2s"


def test_notifications_may_have_a_narrower_limit() -> None:
    name = "to_orange_destination_concurrency_limit"
    assert parameters("etc/postfix/main.cf.j2")[name] == "3"
    assert parameters("etc/postfix-notify/main.cf.j2")[name] == "1"


def test_a_next_hop_for_all_mail_is_where_destinations_go_too() -> None:
    given = {"smtp_next_hop": "[relay.example]:2525"}
    assert parameters("etc/postfix/main.cf.j2", **given)["default_transport"] == "smtp:[relay.example]:2525"
    assert table("etc/postfix/transports.j2", **given)["orange.fr"] == "to_orange:[relay.example]:2525"


def test_each_class_has_its_lifetime_and_its_folders() -> None:
    people, notify = parameters("etc/postfix/main.cf.j2"), parameters("etc/postfix-notify/main.cf.j2")
    assert (people["maximal_queue_lifetime"], notify["maximal_queue_lifetime"]) == ("3d", "12h")
    assert notify["queue_directory"] == "/var/spool/postfix-notify"
    assert "queue_directory" not in people


def test_only_the_platform_may_send() -> None:
    given = {"smtp_client_networks": ["10.83.10.0/24"]}
    assert (
        parameters("etc/postfix/main.cf.j2", **given)["mynetworks"] == "127.0.0.0/8, [::1]/128, 10.83.10.0/24"
    )
    assert parameters("etc/postfix-notify/main.cf.j2", **given)["inet_interfaces"] == "127.0.0.1"


def test_tls_is_offered_with_a_certificate_only() -> None:
    assert "smtpd_tls_security_level" not in parameters("etc/postfix/main.cf.j2")
    given = {"smtp_tls_certificate": "/tls/a.crt", "smtp_tls_key": "/tls/a.key"}
    assert parameters("etc/postfix/main.cf.j2", **given)["smtpd_tls_chain_files"] == "/tls/a.key, /tls/a.crt"


def test_mail_is_put_off_while_nothing_signs() -> None:
    assert parameters("etc/postfix/main.cf.j2")["milter_default_action"] == "tempfail"


def test_parameters_of_the_inventory_come_last_in_both_classes() -> None:
    for folder in ("postfix", "postfix-notify"):
        lines = render(f"etc/{folder}/main.cf.j2", smtp_options={"smtp_helo_timeout": "9s"})
        assert lines[-1] == "smtp_helo_timeout = 9s"


@pytest.mark.parametrize(("resolvers", "bound"), [([], False), (["192.0.2.53"], True)])
def test_postfix_sees_its_own_resolvers_when_there_are_some(resolvers: list[str], bound: bool) -> None:
    lines = render("etc/systemd/system/postfix.service.d/renfort.conf.j2", smtp_resolvers=resolvers)
    assert any(line.startswith("BindReadOnlyPaths=") for line in lines) is bound
    assert (
        "nameserver 192.0.2.53" in render("etc/renfort/smtp-resolv.conf.j2", smtp_resolvers=resolvers)
    ) is bound


def test_rspamd_signs_the_tenants_domains_and_answers_the_machine_alone() -> None:
    lines = [line.strip() for line in render("etc/rspamd/renfort.conf.j2")]
    assert '"eure.example" {' in lines
    assert 'selectors [{ path = "/etc/rspamd/dkim/eure.example.s1.key"; selector = "s1"; }]' in lines
    assert '"rhin.example" {' not in lines, "a tenant without a selector is not signed"
    assert {line for line in lines if line.startswith("bind_socket")} == {
        'bind_socket = "127.0.0.1:11332";',
        'bind_socket = "127.0.0.1:11334";',
    }
