# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""People sign in at one machine and go on at another; what is behind the portal fails and comes back."""

from __future__ import annotations

import re
import threading
import time
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest

from .portal import FIRST, NAME, SECOND, Browser, machine, mails, run_portal, state, switch, until

BUSY_HOST = 3
"""How much longer things may take than they should, where two scenarios share two processors."""


@pytest.fixture(scope="module", autouse=True)
def people() -> None:
    until(lambda: "people in" in run_portal(FIRST, "portal.seed --users 400"), 30)
    assert "unchanged" in run_portal(FIRST, "portal.seed --users 400")


@pytest.fixture(autouse=True)
def ordinary_day() -> Iterator[None]:
    yield
    for address in (FIRST, SECOND):
        machine(address).check_output("rm -f /etc/renfort/portal-switches.json")


def teacher() -> Browser:
    browser = Browser()
    assert browser.sign_in("teacher00001").headers["location"] == "/home"
    return browser


def numbers(found: list[str]) -> list[int]:
    return [int(name.partition("-")[2].partition(".")[0]) for name in found]


def test_a_session_is_known_on_every_machine_until_it_is_ended_on_one() -> None:
    browser = teacher()
    assert "Zoé &amp; teacher00001" in browser.ask("/home", SECOND).text
    assert 'id="block-timetable"' in browser.ask("/home", SECOND).text
    browser.ask("/logout", SECOND)
    assert browser.ask("/home", FIRST).headers["location"] == "/login?next=/home"


def test_cas_ends_a_session_at_whichever_machine_it_calls() -> None:
    browser = Browser()
    browser.sign_in("pupil00002")
    ended = httpx.get(
        f"http://{FIRST}:8090/cas/end", params={"as": "pupil00002", "at": SECOND}, headers={"Host": NAME}
    )
    assert ended.status_code == 200
    assert browser.ask("/home", FIRST).status_code == 303


def test_a_message_to_a_class_is_read_elsewhere_and_told_by_mail() -> None:
    browser, before = teacher(), len(mails())
    assert browser.send("Sortie au musée", group=browser.group()).headers["location"] == "/messages?sent"
    pupil = Browser()
    pupil.sign_in("pupil00001", SECOND)
    inbox = pupil.ask("/messages", SECOND).text
    assert "Sortie au musée" in inbox
    until(lambda: len(mails()) >= before + 28, 20)
    time.sleep(2)
    came = mails()[before:]
    assert max(Counter(mail["headers"]["Message-ID"] for mail in came).values()) == 1
    assert len({mail["to"][0] for mail in came}) == len(came)
    assert {mail["headers"]["X-Renfort-Kind"] for mail in came} == {"notification"}
    assert not [mail for mail in came if "musée" in mail["text"]]


def test_held_notifications_wait_and_are_released_once_and_in_order() -> None:
    browser, before = teacher(), len(mails())
    switch(hold_notification_mail=True)
    for number in range(3):
        browser.send(f"Message {number}", group=browser.group())
    held = state()["outbox"]["held"]
    time.sleep(3)
    assert held > 60
    assert len(mails()) == before
    switch()
    until(lambda: len(mails()) >= before + held, 40)
    time.sleep(2)
    came = mails()[before:]
    assert len(came) == held == len({mail["headers"]["Message-ID"] for mail in came})
    for address in {mail["to"][0] for mail in came}:
        own = [mail["headers"]["Message-ID"] for mail in came if mail["to"][0] == address]
        assert numbers(own) == sorted(numbers(own))
    assert state()["outbox"]["held"] == 0


def test_workers_that_are_killed_lose_nothing() -> None:
    browser, before = teacher(), len(mails())
    machine().check_output("touch /var/lib/relay-stand-in/later")
    browser.send("Pendant la panne", group=browser.group())
    until(lambda: state()["outbox"]["waiting"] > 20, 30)
    waiting = state()["outbox"]["waiting"]
    machine().check_output("rm /var/lib/relay-stand-in/later")
    kills = 0
    while len(mails()) < before + waiting and kills < 12:
        for address in (FIRST, SECOND):
            machine(address).check_output("systemctl kill --signal=KILL web-app-worker")
        kills += 2
        time.sleep(3)
    until(lambda: len({mail["headers"]["Message-ID"] for mail in mails()[before:]}) == waiting, 60)
    came = [mail["headers"]["Message-ID"] for mail in mails()[before:]]
    assert len(came) - len(set(came)) <= kills


def test_while_the_databases_are_down_public_pages_stay_and_personal_ones_come_back_by_themselves() -> None:
    browser = teacher()
    machine().check_output("systemctl stop pgbouncer")
    try:
        for _ in range(3):
            started = time.monotonic()
            refused = browser.ask("/home", SECOND)
            assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
            assert time.monotonic() - started < BUSY_HOST * 4
            for path in ("/", "/healthz"):
                assert browser.ask(path, SECOND).status_code == 200
    finally:
        machine().check_output("systemctl start pgbouncer")
    until(lambda: browser.ask("/home", SECOND).status_code == 200, BUSY_HOST * 6)


def test_a_hidden_block_is_gone_at_once_and_back_at_once() -> None:
    browser = teacher()
    switch(hidden_blocks=["messages"])
    assert 'id="block-messages"' not in browser.ask("/home").text
    switch()
    assert 'id="block-messages"' in browser.ask("/home").text


def test_a_broken_file_of_switches_is_reported_and_harmless() -> None:
    browser = teacher()
    machine().check_output("echo '{' > /etc/renfort/portal-switches.json")
    time.sleep(1.2)
    assert 'id="block-canteen"' in browser.ask("/home").text
    assert "portal_switches_broken 1.0" in machine().check_output("curl -sS http://127.0.0.1/metrics")
    switch(hidden_blocks=["canteen"])
    assert 'id="block-canteen"' not in browser.ask("/home").text
    assert "portal_switches_broken 0.0" in machine().check_output("curl -sS http://127.0.0.1/metrics")


def imported() -> int:
    """How many timetables have been imported, newly asked of the database."""
    figures = machine().check_output("sleep 5.1; curl -sS http://127.0.0.1/metrics")
    found = re.search(r'portal_imports_total\{outcome="imported"\} (\d+)', figures)
    return int(found[1]) if found else 0


def test_timetables_are_imported_by_the_timer_unless_switched_off() -> None:
    assert machine().service("web-app-timetables.timer").is_running
    folder, week = "/var/lib/web-app/timetables", int(time.time())
    before = imported()
    run_portal(FIRST, f"portal.seed --users 400 --timetables {folder} --variant {week}")
    switch(timetable_imports=False)
    machine().check_output("systemctl start web-app-timetables.service")
    assert imported() == before
    assert "imported 240 lessons" in run_portal(FIRST, "portal.import_timetables")
    switch()
    run_portal(FIRST, f"portal.seed --users 400 --timetables {folder} --variant {week + 1}")
    machine().check_output("systemctl start web-app-timetables.service")
    assert imported() == before + 2


def test_figures_are_for_the_machine_and_its_monitoring_alone() -> None:
    for path in ("/metrics", "/status.json"):
        assert httpx.get(f"http://{FIRST}{path}").status_code == 403
        for source, status in (("127.0.0.8", "200"), ("127.0.0.9", "403")):
            ask = f"curl -sS -o /dev/null -w '%{{http_code}}' --interface {source} http://127.0.0.1{path}"
            assert machine().check_output(ask) == status
    figures = machine().check_output("curl -sS http://127.0.0.1/metrics")
    assert 'portal_logins_total{outcome="ok"}' in figures
    assert 'portal_requests_total{kind="home",status="2xx"}' in figures
    assert "portal_sessions_active" in figures


def test_a_restart_refuses_nobody() -> None:
    browser = teacher()
    answers: list[int] = []
    stop = threading.Event()

    def visit() -> None:
        while not stop.is_set():
            answers.append(browser.ask("/home", SECOND).status_code)

    visitors = [threading.Thread(target=visit) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    try:
        for _ in range(3):
            machine(SECOND).check_output("systemctl restart web-app")
            answered = len(answers)
            until(lambda seen=answered: len(answers) > seen + 20, 60)
    finally:
        stop.set()
        for visitor in visitors:
            visitor.join()
    assert set(answers) == {200}


def test_what_is_no_longer_asked_for_is_gone() -> None:
    for address in (FIRST, SECOND):
        assert not machine(address).file("/etc/systemd/system/web-app-former.service").exists
        assert not machine(address).service("web-app-former").is_running
