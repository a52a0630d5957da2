# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster as applications, load balancers, operators and intruders meet it."""

from __future__ import annotations

import json
import time

import pytest

from extensions.molecule.database.tests import cluster
from extensions.molecule.database.tests.cluster import (
    ADDRESSES,
    CLIENT,
    EURE,
    HAUT_RHIN,
    answer,
    as_postgres,
    dsn,
    leader,
    machine,
    members,
    patroni,
    sql,
    until,
    whole,
)

FACTORY_OF_ROWS = "CREATE TABLE IF NOT EXISTS kept (moment timestamptz DEFAULT clock_timestamp(), word text)"


@pytest.fixture(autouse=True)
def healthy() -> None:
    assert until(whole, 90), members()


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize(
    "unit",
    ["etcd", "patroni", "pgbouncer", "prometheus-postgres-exporter", "pgbackrest-backup@full.timer"],
)
def test_daemons_run_and_start_at_boot(name: str, unit: str) -> None:
    service = machine(name).service(unit)
    assert service.is_running
    assert service.is_enabled


def test_two_replicas_came_by_themselves_and_one_confirms_every_commit() -> None:
    lead = leader()
    assert as_postgres(lead, "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "2"
    assert as_postgres(lead, "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") == "1"
    assert (
        as_postgres(lead, "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_replication USING (pid)") == "t"
    )


@pytest.mark.parametrize("who", [EURE, HAUT_RHIN], ids=lambda who: str(who[0]))
def test_a_tenant_reaches_its_database_through_the_load_balancer(who: tuple[str, str, str]) -> None:
    assert answer(dsn(*who), "SELECT current_user, current_database()") == f"{who[0]}|{who[2]}"
    created = sql(dsn(*who), "CREATE TABLE IF NOT EXISTS sessions (id int); SELECT pg_is_in_recovery()")
    assert created.stdout.split()[-1] == "f", created.stderr


def test_a_tenant_does_not_reach_the_database_of_another_one() -> None:
    for database in ("haut_rhin_portal", "postgres"):
        refused = sql(dsn("eure_portal", "eure", database), "SELECT 1")
        assert refused.rc != 0
        assert "permission denied for database" in refused.stderr


def test_a_role_that_reads_does_not_write() -> None:
    reader = dsn("eure_statistics", "statistics", "eure_portal")
    answer(dsn(*EURE), "CREATE TABLE IF NOT EXISTS sessions (id int)")
    assert answer(reader, "SELECT count(*) >= 0 FROM sessions") == "t"
    assert "permission denied" in sql(reader, "INSERT INTO sessions VALUES (1)").stderr
    assert sql(dsn("eure_statistics", "statistics", "haut_rhin_portal"), "SELECT 1").rc != 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"password": "wrong"}, "SASL authentication failed"),
        ({"sslmode": "disable"}, "SSL required"),
        ({"user": "postgres"}, "no such user"),
        ({"user": "replicator"}, "no such user"),
        ({"sslrootcert": "/etc/ssl/certs/ca-certificates.crt"}, "certificate verify failed"),
    ],
    ids=["wrong password", "no TLS", "superuser", "role of replication", "another authority"],
)
def test_who_has_nothing_to_do_there_is_refused(options: dict[str, str], said: str) -> None:
    refused = sql(dsn(*EURE, **options), "SELECT 1")
    assert refused.rc != 0
    assert said in refused.stderr, refused.stderr


@pytest.mark.parametrize("name", ADDRESSES)
def test_postgresql_itself_is_closed_to_applications(name: str) -> None:
    refused = sql(dsn(*EURE, host=ADDRESSES[name]), "SELECT 1")
    assert "no pg_hba.conf entry" in refused.stderr, refused.stderr


def test_passwords_are_kept_as_scram_and_in_no_file_of_pgbouncer() -> None:
    kept = as_postgres(leader(), "SELECT left(rolpassword, 14) FROM pg_authid WHERE rolname = 'eure_portal'")
    assert kept == "SCRAM-SHA-256$"
    for name in ADDRESSES:
        found = machine(name).run("grep -rl %s /etc --include=*", cluster.secret("eure"))
        assert found.stdout == ""


def test_only_pgbouncer_may_look_up_passwords() -> None:
    assert (
        as_postgres(
            leader(), "SELECT has_function_privilege('prometheus', 'pooler.credentials(text)', 'execute')"
        )
        == "f"
    )
    assert as_postgres(leader(), "SELECT count(*) FROM pooler.credentials('postgres')") == "0"


def test_prepared_statements_work_across_transactions() -> None:
    program = (
        "import psycopg2, sys; c = psycopg2.connect(sys.argv[1]); c.autocommit = True; q = c.cursor(); "
        "q.execute('SELECT pg_backend_pid()'); print(q.fetchone()[0] > 0)"
    )
    assert machine(CLIENT).check_output("python3 -c %s %s", program, dsn(*EURE)) == "True"


@pytest.mark.parametrize("name", ADDRESSES)
def test_the_rest_api_reads_for_everybody_and_changes_for_nobody(name: str) -> None:
    assert patroni(name, "health")[0] == 200
    assert patroni(name, "primary")[0] == (200 if name == leader() else 503)
    command = f"curl --silent --cacert {cluster.AUTHORITY} -X POST -d '{{}}' -w '%{{http_code}}' -o /dev/null"
    assert machine(CLIENT).check_output(f"{command} https://{ADDRESSES[name]}:8008/restart") in {"401", "403"}


@pytest.mark.parametrize("name", ADDRESSES)
def test_etcd_answers_members_alone(name: str) -> None:
    lines = machine(name).check_output(
        "ETCDCTL_API=3 etcdctl --cacert /etc/renfort/tls/ca.crt --cert /etc/renfort/tls/database.crt "
        f"--key /etc/renfort/tls/database.key --endpoints https://{ADDRESSES[name]}:2379 member list"
    )
    assert lines.count("started") == 3
    assert "true" not in lines, "a member only learns"
    refused = machine(CLIENT).run(
        f"curl --silent --show-error --max-time 5 --cacert {cluster.AUTHORITY} https://{ADDRESSES[name]}:2379/version"
    )
    assert refused.rc != 0


@pytest.mark.parametrize("name", ADDRESSES)
def test_secrets_are_readable_by_their_daemon_alone(name: str) -> None:
    patroni_file = machine(name).file("/etc/patroni/config.yml")
    assert (patroni_file.user, patroni_file.mode) == ("postgres", 0o600)
    backup = machine(name).file("/etc/pgbackrest.conf")
    assert (backup.user, backup.group, backup.mode) == ("root", "postgres", 0o640)


def test_the_settings_follow_the_size_given() -> None:
    for name in ADDRESSES:
        assert as_postgres(name, "SHOW shared_buffers") == "128MB"
        assert as_postgres(name, "SHOW max_wal_size") == "256MB"
        assert as_postgres(name, "SHOW data_checksums") == "on"
        assert as_postgres(name, "SELECT count(*) FROM pg_settings WHERE pending_restart") == "0"


def test_exporters_tell_the_lag_and_the_pools() -> None:
    for name in ADDRESSES:
        text = machine(CLIENT).check_output(f"curl --silent http://{ADDRESSES[name]}:9187/metrics")
        assert "pg_up 1" in text
        assert f"pg_replication_is_replica {0 if name == leader() else 1}" in text
        assert "pg_replication_lag_seconds" in text
        assert "pgbouncer_up 1" in machine(CLIENT).check_output(
            f"curl --silent http://{ADDRESSES[name]}:9127/metrics"
        )


def test_there_is_an_encrypted_backup_and_the_archive_is_complete() -> None:
    lead = machine(leader())
    info = json.loads(
        lead.check_output("su postgres -s /bin/sh -c 'pgbackrest --stanza=main --output=json info'")
    )
    assert info[0]["status"]["code"] == 0
    assert info[0]["backup"][0]["type"] == "full"
    assert info[0]["cipher"] == "aes-256-cbc"
    lead.check_output("su postgres -s /bin/sh -c 'pgbackrest --stanza=main check'")
    assert "status: ok" in lead.check_output(
        "su postgres -s /bin/sh -c 'pgbackrest --stanza=main verify --output=text --verbose'"
    )


def test_a_backup_by_timer_runs_on_the_leader_and_nowhere_else() -> None:
    for name in ADDRESSES:
        host = machine(name)
        host.check_output("systemctl start pgbackrest-backup@incr.service")
        result = host.check_output(
            "systemctl show -p ConditionResult -p Result -p ExecMainStatus pgbackrest-backup@incr"
        )
        assert ("exec-condition" not in result) == (name == leader()), result


def test_a_planned_switchover_loses_nothing() -> None:
    before = leader()
    answer(dsn(*EURE), f"{FACTORY_OF_ROWS}; INSERT INTO kept (word) VALUES ('before the switchover')")
    target = next(name for name, row in members().items() if row["role"] == "sync_standby")
    done = cluster.playbook("database_switchover.yml", database_switchover_to=target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{target}: leader, running" in done.stdout
    assert leader() == target != before
    assert until(lambda: sql(dsn(*EURE), "SELECT 1").rc == 0, 15)
    assert answer(dsn(*EURE), "SELECT count(*) > 0 FROM kept WHERE word = 'before the switchover'") == "t"


def test_a_member_that_lost_everything_comes_back_by_itself() -> None:
    name = next(name for name, row in members().items() if row["role"] == "replica")
    host = machine(name)
    host.check_output("systemctl stop patroni")
    host.check_output("rm -rf /var/lib/postgresql/17/main")
    answer(dsn(*EURE), f"{FACTORY_OF_ROWS}; INSERT INTO kept (word) VALUES ('while one was away')")
    host.check_output("systemctl start patroni")
    assert until(lambda: patroni(name, "replica")[0] == 200 and whole(), 120), members()
    found = as_postgres(
        name, "SELECT count(*) > 0 FROM kept WHERE word = 'while one was away'", "eure_portal"
    )
    assert found == "t"


def test_a_restore_holds_exactly_the_rows_before_the_time() -> None:
    answer(dsn(*EURE), f"DROP TABLE IF EXISTS lost; CREATE TABLE lost (number int); {FACTORY_OF_ROWS}")
    answer(dsn(*EURE), "INSERT INTO lost SELECT generate_series(1, 500)")
    time.sleep(1)
    moment = answer(dsn(*EURE), "SELECT clock_timestamp()")
    time.sleep(1)
    answer(dsn(*EURE), "DELETE FROM lost WHERE number > 7")
    lead = leader()
    as_postgres(lead, "SELECT pg_switch_wal()")
    name = next(name for name in ADDRESSES if name != lead)
    done = cluster.playbook(
        "database_restore.yml",
        database_restore_machine=name,
        database_restore_target=moment,
        database_restore_confirm=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    try:
        socket = "psql --no-psqlrc -At -h /var/lib/postgresql/restored -d eure_portal"
        query = f"{socket} -c 'SELECT count(*), max(number) FROM lost'"
        assert machine(name).check_output("su postgres -s /bin/sh -c %s", query) == "500|500"
        assert answer(dsn(*EURE), "SELECT count(*) FROM lost") == "7"
    finally:
        machine(name).check_output("systemctl stop database-restored; rm -rf /var/lib/postgresql/restored")
