# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service as its operators see it: health, figures, accounts, housekeeping, secrets."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import httpx
import pytest

from extensions.molecule.cas.tests.scenario import ACCOUNTS, ADDRESSES, PASSWORD, import_accounts, machine
from lab.cas_browser import Browser, ticket_in

SERVICE = "https://portal.test/"
Open = Callable[..., Browser]
Names = Callable[[str, int], str]


def figure(text: str, name: str) -> float:
    """A figure of Prometheus' text format; 0 when it has not been counted yet."""
    return float(next((line.split()[-1] for line in text.splitlines() if line.startswith(f"{name} ")), 0))


def sql(statement: str) -> str:
    """What the database answers."""
    return str(
        machine("front").check_output("runuser -u postgres -- psql -qAtc %s eure_cas", statement)
    ).strip()


def test_a_hundred_thousand_accounts_are_imported_and_the_second_time_none_changes(
    first_import: dict[str, int],
) -> None:
    assert sum(first_import.values()) == ACCOUNTS
    started = time.monotonic()
    # The hash of a password is another one each time: what is compared is the file of before.
    again = import_accounts()
    assert again["added"] == 0
    assert time.monotonic() - started < 120


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("username;profile;name\nnew-one;pupil;A\nother;king;B\n", "line 3: profile is none of pupil"),
        ('{"username": "new-one", "profile": "pupil"}\n', "line 1: name is missing"),
    ],
)
def test_a_file_with_a_mistake_changes_nothing(content: str, complaint: str) -> None:
    command = f"printf '{content}' | cas-manage cas_import_accounts -"
    done = machine("a").run(command)
    assert done.rc != 0
    assert complaint in done.stderr
    assert sql("SELECT count(*) FROM renfort_cas_account WHERE username = 'new-one'") == "0"


def test_a_first_password_is_for_new_accounts_and_a_hash_changes_with_its_cost(browser: Open) -> None:
    row = "username,profile,name,password\nfresh,staff,Fresh,%s\n"
    for password, expected in (("first-1", {"added": 1}), ("second-2", {"unchanged": 1})):
        command = f"printf '{row % password}' | cas-manage cas_import_accounts -"
        done = json.loads(machine("b").check_output(command))
        assert {name: count for name, count in done.items() if count} == expected
    assert ticket_in(browser("a").sign_in("Fresh", "first-1", SERVICE))


def test_only_nginx_is_reached_from_outside() -> None:
    host = machine("a")
    assert host.socket("tcp://0.0.0.0:80").is_listening
    assert host.socket("tcp://127.0.0.1:8081").is_listening
    assert not host.socket("tcp://0.0.0.0:8081").is_listening
    assert httpx.get(f"http://{ADDRESSES['a']}/").status_code == 404


def test_figures_are_for_the_monitoring_and_count_what_happened(browser: Open, accounts: Names) -> None:
    def figures() -> str:
        return httpx.get(f"http://{ADDRESSES['b']}/cas/metrics").text

    names = (
        'renfort_cas_logins_total{result="accepted"}',
        'renfort_cas_logins_total{result="refused"}',
        'renfort_cas_tickets_total{kind="service"}',
        'renfort_cas_validations_total{result="accepted"}',
        "renfort_cas_password_seconds_count",
    )
    before = [figure(figures(), name) for name in names]
    browser("b").sign_in(accounts("staff", 70), "wrong", SERVICE)
    browser("b").validate(ticket_in(browser("b").sign_in(accounts("staff", 70), PASSWORD, SERVICE)), SERVICE)
    after = [figure(figures(), name) for name in names]
    assert [late - early for late, early in zip(after, before, strict=True)] == [1, 1, 1, 1, 2]
    elsewhere = f"curl -sS -o /dev/null -w '%{{http_code}}' http://{ADDRESSES['b']}/cas/metrics"
    assert machine("a").check_output(elsewhere) == "403"


def test_the_application_is_not_root_and_its_service_is_hardened() -> None:
    host = machine("a")
    assert {process.user for process in host.process.filter(comm="gunicorn")} == {"cas"}
    for unit in ("cas.service", "cas-clean.service"):
        verdict = host.check_output(f"systemd-analyze security --no-pager {unit} | tail -n 1")
        assert float(verdict.split(":")[1].split()[0]) <= 2.5, verdict


def test_secrets_are_for_root_and_the_application() -> None:
    settings = machine("a").file("/etc/renfort/cas/settings.json")
    assert (settings.user, settings.group, settings.mode) == ("root", "cas", 0o640)
    assert "ticket=" not in machine("a").check_output("cat /var/log/nginx/access.log")
    assert "ST-" not in machine("a").check_output("journalctl -u cas --no-pager")


def test_what_has_expired_is_removed_at_one_machine_at_a_time(browser: Open, accounts: Names) -> None:
    name = accounts("staff", 71)
    browser("a").sign_in(name, PASSWORD, SERVICE)
    sql(f"UPDATE cas_server_user SET date = now() - interval '2 days' WHERE username = '{name}'")
    sql("UPDATE cas_server_serviceticket SET creation = now() - interval '2 days'")
    sql("UPDATE django_session SET expire_date = now() - interval '1 second'")
    lock = "BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('clean', 1)); SELECT pg_sleep(8);"
    machine("front").check_output(
        f'runuser -u postgres -- sh -c "psql -qc \\"{lock}\\" eure_cas >/dev/null 2>&1 &"'
    )
    time.sleep(1)
    assert json.loads(machine("a").check_output("cas-manage cas_clean")) == {"elsewhere": 1}
    time.sleep(9)
    machine("b").check_output("systemctl start cas-clean.service")
    assert sql("SELECT count(*) FROM django_session") == "0"
    assert sql("SELECT count(*) FROM cas_server_serviceticket") == "0"
    assert sql(f"SELECT count(*) FROM cas_server_user WHERE username = '{name}'") == "0"


def test_everything_starts_at_boot() -> None:
    for unit in ("cas", "nginx", "cas-clean.timer"):
        assert machine("a").service(unit).is_enabled


def test_a_change_of_settings_interrupts_nobody(browser: Open) -> None:
    main = machine("c").service("cas").systemd_properties["MainPID"]
    machine("c").check_output("systemctl reload cas")
    for _ in range(20):
        assert browser("c").get("/cas/login").status_code == 200
        time.sleep(0.1)
    assert machine("c").service("cas").systemd_properties["MainPID"] == main


def test_health_follows_the_database_and_names_the_machine(browser: Open) -> None:
    front = machine("front")
    address = f"http://{ADDRESSES['a']}/cas/healthz"
    healthy = httpx.get(address)
    assert (healthy.status_code, healthy.headers["x-renfort-machine"]) == (200, "cas-a")
    front.check_output("systemctl stop pgbouncer")
    try:
        ill = httpx.get(address, timeout=15)
        assert (ill.status_code, ill.headers["x-renfort-machine"]) == (503, "cas-a")
        page = browser("a").get("/cas/login", service=SERVICE)
        assert (page.status_code, page.headers["retry-after"]) == (503, "2")
        assert "not possible for a moment" in page.text
    finally:
        front.check_output("systemctl start pgbouncer")
    deadline = time.monotonic() + 20
    while httpx.get(address, timeout=15).status_code != 200:
        assert time.monotonic() < deadline, "not healthy 20 s after the database came back"
        time.sleep(0.5)


def test_another_cas_is_run_from_its_archive() -> None:
    for path, text in (("/cas/actuator/health", "UP"), ("/cas/login", "another CAS")):
        answer = httpx.get(f"http://10.84.0.45{path}")
        assert (answer.status_code, answer.text) == (200, text)
        assert answer.headers["x-renfort-machine"] == "cas-other"
    assert machine("other").service("web-app").is_enabled
