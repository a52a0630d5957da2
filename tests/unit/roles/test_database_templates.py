# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role's templates, rendered with its defaults: who is let in, what is encrypted, what is kept secret."""

from __future__ import annotations

import configparser
import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible.plugins.filter.core import combine, comment, regex_replace, to_json, to_nice_yaml

from ansible_collections.ent.renfort.plugins.filter.database_tuning import database_tuning

ROLE = Path(__file__).parents[3] / "roles" / "database"
MEMBERS = [{"name": f"db-{number}", "address": f"10.83.20.4{number}"} for number in (1, 2, 3)]
SECRETS = {
    "database_replication_password": "replication: 'secret' #1",
    "database_rewind_password": 'rewind"secret\\2',
    "database_rest_password": "rest-secret-3",
}
TUNING = database_tuning(4096, 2, 2)
COMPUTED = {
    "__database_address": "10.83.20.41",
    "__database_data": "/var/lib/postgresql/17/eure",
    "__database_programs": "/usr/lib/postgresql/17/bin",
    "__database_etcd_data": "/var/lib/etcd/eure",
    "__database_backup_key": "/var/lib/postgresql/.ssh/pgbackrest",
    "__database_backup_user": "pgbackrest",
    "__database_rest": "https://10.83.20.41:8008",
    "__database_tuning": TUNING,
    "__database_dynamic": {"ttl": 20, "postgresql": {"parameters": TUNING["common"]}},
    "__database_parameters": TUNING["local"] | {"ssl": "on", "log_line_prefix": "%m [%p] %q%u@%d "},
}


def render(template: str, **given: Any) -> str:
    """A template of the role, with its defaults, what it computes, and what is given."""
    env = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    env.filters |= {
        "comment": comment,
        "combine": combine,
        "dirname": lambda path: str(Path(path).parent),
        "regex_replace": regex_replace,
        "to_json": to_json,
        "to_nice_yaml": to_nice_yaml,
    }
    values = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    values |= COMPUTED | SECRETS | {"ansible_managed": "Ansible managed", "inventory_hostname": "db-1"}
    values |= {"database_cluster": "eure", "database_members": MEMBERS, "database_etcd_members": MEMBERS}
    return env.get_template(f"{template}.j2").render(values | given)


def patroni(**given: Any) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(render("etc/patroni/config.yml", **given))
    return loaded


def test_every_template_renders_and_says_who_manages_it() -> None:
    host = {"name": "backup-01", "address": "10.83.20.71"}
    for path in sorted((ROLE / "templates").rglob("*.j2")):
        name = str(path.relative_to(ROLE / "templates")).removesuffix(".j2")
        text = render(name, database_backup_path="/srv/backups", database_backup_host=host)
        assert "Ansible managed" in text, name


def test_passwords_of_any_characters_reach_patroni_whole() -> None:
    config = patroni()
    authentication = config["postgresql"]["authentication"]
    assert authentication["replication"]["password"] == SECRETS["database_replication_password"]
    assert authentication["rewind"]["password"] == SECRETS["database_rewind_password"]
    assert config["restapi"]["authentication"]["password"] == SECRETS["database_rest_password"]
    assert "password" not in authentication["superuser"]


def test_members_verify_each_other() -> None:
    config = patroni()
    for role in ("replication", "rewind"):
        assert config["postgresql"]["authentication"][role]["sslmode"] == "verify-full"
    assert config["restapi"]["verify_client"] == "optional"
    assert config["etcd3"]["protocol"] == "https"
    assert config["etcd3"]["hosts"] == "10.83.20.41:2379,10.83.20.42:2379,10.83.20.43:2379"


@pytest.mark.parametrize("networks", [[], ["10.83.9.0/24"]])
def test_nobody_is_let_in_without_tls_or_password(networks: list[str]) -> None:
    rules = [rule.split() for rule in patroni(database_direct_networks=networks)["postgresql"]["pg_hba"]]
    remote = [rule for rule in rules if rule[0] != "local"]
    assert {(rule[0], rule[4]) for rule in remote} == {("hostssl", "scram-sha-256")}
    everybody = [rule[3] for rule in remote if rule[1:3] == ["all", "all"]]
    assert everybody == networks
    assert {rule[3] for rule in remote if rule[1] == "replication"} == {
        f"{member['address']}/32" for member in MEMBERS
    }


def test_by_the_socket_the_daemons_are_known_and_others_need_their_password() -> None:
    rules = [rule.split() for rule in patroni()["postgresql"]["pg_hba"]]
    local = [rule[1:4] for rule in rules if rule[0] == "local"]
    assert local[-1] == ["all", "all", "scram-sha-256"]
    assert {method for *_, method in local[:-1]} == {"peer"}
    assert patroni()["postgresql"]["pg_ident"] == [
        "daemons  postgres     pgbouncer",
        "daemons  postgres     replicator",
    ]


def test_a_replica_has_no_way_to_the_archive_that_would_delay_its_promotion() -> None:
    config = patroni(database_backup_path="/srv/backups")["postgresql"]
    assert config["create_replica_methods"] == ["basebackup"]
    assert "recovery_conf" not in config


def test_pgbouncer_holds_no_password_and_pools_by_transaction() -> None:
    text = render("etc/pgbouncer/pgbouncer.ini")
    config = configparser.ConfigParser(interpolation=None, comment_prefixes=(";",))
    config.read_string(text)
    settings = config["pgbouncer"]
    assert "auth_file" not in settings
    assert settings["pool_mode"] == "transaction"
    assert settings["client_tls_sslmode"] == "require"
    assert int(settings["default_pool_size"]) == TUNING["pool_size"]
    assert re.search(r"password", text.replace("Passwords are looked up", "")) is None


def test_applications_come_to_pgbouncer_from_their_networks_over_tls() -> None:
    text = render("etc/pgbouncer/hba.conf", database_client_networks=["10.83.1.0/24"])
    rules = [line.split() for line in text.splitlines() if line and not line.startswith("#")]
    assert [rule[0] for rule in rules] == ["local", "hostssl", "hostssl"]
    assert rules[0] == ["local", "pgbouncer", "pgbouncer", "peer"]
    assert {(rule[3], rule[4]) for rule in rules[1:]} == {
        ("10.83.1.0/24", "scram-sha-256"),
        ("127.0.0.1/32", "scram-sha-256"),
    }


def test_etcd_speaks_tls_and_members_need_the_name_asked_for() -> None:
    text = render("etc/default/etcd", database_etcd_allowed_name="eure.etcd.ent.example")
    settings = dict(line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
    urls = [value for name, value in settings.items() if name.endswith("URLS") and "METRICS" not in name]
    assert len(urls) == 4
    assert all(url.startswith("https://10.83.20.41:") for url in urls)
    assert settings["ETCD_CLIENT_CERT_AUTH"] == settings["ETCD_PEER_CLIENT_CERT_AUTH"] == "true"
    assert settings["ETCD_PEER_CERT_ALLOWED_HOSTNAME"] == "eure.etcd.ent.example"
    assert settings["ETCD_ELECTION_TIMEOUT"] == "1000"
    assert "ETCD_INITIAL_CLUSTER" not in settings, "how a member came is told once, elsewhere"


def test_the_repository_over_sftp_is_known_and_encrypted() -> None:
    host = {"name": "backup-01", "address": "10.83.20.71"}
    text = render(
        "etc/pgbackrest.conf",
        database_backup_path="/srv/backups",
        database_backup_host=host,
        database_backup_passphrase="secret",
    )
    assert "repo1-sftp-host-key-check-type=strict" in text
    assert "repo1-cipher-type=aes-256-cbc" in text
    plain = render("etc/pgbackrest.conf", database_backup_path="/srv/backups")
    assert "sftp" not in plain
    assert "cipher" not in plain
