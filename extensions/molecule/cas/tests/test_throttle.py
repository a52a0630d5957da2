# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Failed logins are counted by all machines together, by account and by the client's real address."""

from __future__ import annotations

import time
from collections.abc import Callable

import httpx

from extensions.molecule.cas.tests.scenario import ADDRESSES, PASSWORD, machine
from lab.cas_browser import Browser, ticket_in

SERVICE = "https://portal.test/"
ACCOUNT_FAILURES = 5
ADDRESS_FAILURES = 8
Open = Callable[..., Browser]
Names = Callable[[str, int], str]


def fail(browser: Open, name: str, times: int, client: str = "192.0.2.7") -> list[httpx.Response]:
    """Log in with a wrong password, each time at another machine."""
    return [browser("abc"[time % 3], client).sign_in(name, "wrong", SERVICE) for time in range(times)]


def test_an_account_has_to_wait_at_all_machines_then_may_go_on(browser: Open, accounts: Names) -> None:
    name = accounts("teacher", 20)
    assert [page.status_code for page in fail(browser, name, ACCOUNT_FAILURES)] == [200] * ACCOUNT_FAILURES
    refused = browser("c", language="fr").sign_in(name, PASSWORD, SERVICE)
    assert refused.status_code == 429
    seconds = int(refused.headers["retry-after"])
    assert 1 <= seconds <= 10
    assert f"Réessayez dans {seconds} secondes." in refused.text
    assert "Try again in" in browser("b").sign_in(name.upper(), PASSWORD, SERVICE).text
    time.sleep(seconds + 0.5)
    assert ticket_in(browser("a").sign_in(name, PASSWORD, SERVICE))


def test_logins_that_succeed_do_not_count(browser: Open, accounts: Names) -> None:
    name = accounts("teacher", 21)
    for time_ in range(ACCOUNT_FAILURES + 2):
        assert ticket_in(browser("abc"[time_ % 3]).sign_in(name, PASSWORD, SERVICE))


def test_an_address_has_to_wait_whatever_account_it_tries(browser: Open, accounts: Names) -> None:
    client = "203.0.113.9"
    for number in range(ADDRESS_FAILURES):
        fail(browser, accounts("pupil", 30 + number), 1, client)
    assert browser("b", client).sign_in(accounts("pupil", 39), PASSWORD, SERVICE).status_code == 429
    assert ticket_in(browser("b", "203.0.113.10").sign_in(accounts("pupil", 39), PASSWORD, SERVICE))


def test_a_school_behind_one_address_is_not_stopped(browser: Open, accounts: Names) -> None:
    for number in range(ADDRESS_FAILURES + 2):
        fail(browser, accounts("pupil", 40 + number), 1, "192.0.2.200")
    assert ticket_in(browser("a", "192.0.2.200").sign_in(accounts("pupil", 59), PASSWORD, SERVICE))


def test_who_is_no_proxy_is_not_believed_about_the_client() -> None:
    mark = f"/cas/from-{time.time_ns()}"
    address = f"http://{ADDRESSES['a']}{mark}"
    machine("b").check_output("curl -sS -o /dev/null -H 'X-Forwarded-For: 198.51.100.1' %s", address)
    line = machine("a").check_output("grep -F %s /var/log/nginx/access.log", mark)
    assert line.split()[:2] == [ADDRESSES["b"], ADDRESSES["b"]]
