# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CAS protocol, each step of it at another machine."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from extensions.molecule.cas.tests.scenario import PASSWORD, machine
from lab.cas_browser import Browser, ticket_in

SERVICE = "https://portal.test/home?tab=1"
LIBRARY = "https://library.test/books"
Open = Callable[..., Browser]
Names = Callable[[str, int], str]


def recorded(kind: str) -> list[dict[str, str]]:
    """What the service has been told."""
    found: list[dict[str, str]] = json.loads(
        machine("front").check_output("curl -sS http://127.0.0.1:9000/recorded")
    )[kind]
    return found


def granting_ticket(browser: Browser, ticket: str) -> str:
    """The proxy-granting ticket that the service got while its ticket was validated."""
    answer = browser.validate(ticket, SERVICE, pgtUrl="https://portal.test/callback")
    iou = re.search("<cas:proxyGrantingTicket>(.*)</cas:proxyGrantingTicket>", answer)
    assert iou, answer
    return next(call["id"] for call in recorded("callbacks") if call["iou"] == iou[1])


def test_a_ticket_of_one_machine_is_validated_at_another_with_the_profile(
    browser: Open, accounts: Names
) -> None:
    name = accounts("parent", 0)
    answer = browser("a").sign_in(name, PASSWORD, SERVICE)
    assert answer.headers["location"].startswith("https://portal.test/home?tab=1&ticket=ST-")
    told = browser("b").validate(ticket_in(answer), SERVICE)
    assert f"<cas:user>{name}</cas:user>" in told
    assert "<cas:profile>parent</cas:profile>" in told
    assert "<cas:name>Élève &amp; Fils &lt;3&gt;</cas:name>" in told
    assert f"<cas:mail>{name}@school.example</cas:mail>" in told
    assert "<cas:school>Collège 0</cas:school>" in told


def test_a_ticket_is_good_once_even_at_the_same_moment(browser: Open, accounts: Names) -> None:
    signed_in = browser("a")
    signed_in.sign_in(accounts("pupil", 1), PASSWORD, SERVICE)
    for _ in range(5):
        ticket = ticket_in(signed_in.get("/cas/login", service=SERVICE))
        with ThreadPoolExecutor(6) as pool:
            askers = [browser(node) for node in "abcabc"]
            answers = list(pool.map(lambda asker, t=ticket: asker.validate(t, SERVICE), askers))
        assert sum("authenticationSuccess" in answer for answer in answers) == 1


def test_a_ticket_for_another_service_is_refused_and_used_up(browser: Open, accounts: Names) -> None:
    ticket = ticket_in(browser("a").sign_in(accounts("pupil", 2), PASSWORD, SERVICE))
    assert 'code="INVALID_SERVICE"' in browser("b").validate(ticket, "https://portal.test/other")
    assert 'code="INVALID_TICKET"' in browser("b").validate(ticket, SERVICE)


def test_who_logged_in_at_one_machine_is_known_at_another(browser: Open, accounts: Names) -> None:
    first, second = browser("a"), browser("b")
    first.sign_in(accounts("staff", 3), PASSWORD, SERVICE)
    second.cookies = first.cookies
    assert "authenticationSuccess" in browser("c").validate(
        ticket_in(second.get("/cas/login", service=SERVICE)), SERVICE
    )


def test_the_session_has_a_new_key_after_the_login(browser: Open, accounts: Names) -> None:
    visitor = browser("a")
    page = visitor.get("/cas/login", service=SERVICE)
    planted = visitor.cookies["cas_session"]
    ticket_in(visitor.send_form(page, accounts("pupil", 4), PASSWORD, SERVICE))
    assert visitor.cookies["cas_session"] != planted


def test_cookies_are_for_the_cas_alone_and_over_https(browser: Open) -> None:
    lines = browser("a").get("/cas/login").headers.get_list("set-cookie")
    assert len(lines) == 2
    for line in lines:
        assert {"HttpOnly", "Path=/cas/", "SameSite=Lax", "Secure"} <= set(line.split("; "))


def test_proxy_tickets(browser: Open, accounts: Names) -> None:
    name = accounts("teacher", 5)
    granted = granting_ticket(browser("b"), ticket_in(browser("a").sign_in(name, PASSWORD, SERVICE)))
    answer = browser("c").get("/cas/proxy", pgt=granted, targetService=LIBRARY).text
    ticket = re.search("<cas:proxyTicket>(PT-.*)</cas:proxyTicket>", answer)
    assert ticket, answer
    told = browser("a").get("/cas/p3/proxyValidate", ticket=ticket[1], service=LIBRARY).text
    assert f"<cas:user>{name}</cas:user>" in told
    assert "<cas:proxy>https://portal.test/callback</cas:proxy>" in told
    assert "<cas:name>" in told
    assert "<cas:profile>" not in told


def test_proxy_tickets_are_for_registered_services_and_their_profiles(browser: Open, accounts: Names) -> None:
    ticket = ticket_in(browser("a").sign_in(accounts("pupil", 6), PASSWORD, SERVICE))
    granted = granting_ticket(browser("b"), ticket)
    refused = {
        LIBRARY: "UNAUTHORIZED_USER",
        "https://portal.test/": "UNAUTHORIZED_SERVICE",
        "https://elsewhere.test/": "UNAUTHORIZED_SERVICE",
    }
    for target, code in refused.items():
        assert f'code="{code}"' in browser("c").get("/cas/proxy", pgt=granted, targetService=target).text
    assert 'code="INVALID_TICKET"' in browser("c").get("/cas/proxy", pgt="PGT-0", targetService=LIBRARY).text


def test_a_callback_that_is_not_registered_gets_nothing(browser: Open, accounts: Names) -> None:
    ticket = ticket_in(browser("a").sign_in(accounts("pupil", 7), PASSWORD, SERVICE))
    told = browser("b").validate(ticket, SERVICE, pgtUrl="https://library.test/callback")
    assert 'code="INVALID_PROXY_CALLBACK"' in told


def test_a_logout_ends_the_session_everywhere_and_tells_the_service(browser: Open, accounts: Names) -> None:
    first, second = browser("a"), browser("b")
    ticket = ticket_in(first.sign_in(accounts("parent", 8), PASSWORD, SERVICE))
    browser("c").validate(ticket, SERVICE)
    second.cookies = dict(first.cookies)
    assert "You are signed out" in second.get("/cas/logout").text
    assert "Sign in" in first.get("/cas/login", service=SERVICE).text
    assert any(f"<samlp:SessionIndex>{ticket}</samlp:SessionIndex>" in str(it) for it in recorded("logouts"))


@pytest.mark.parametrize(
    "service",
    [
        "https://elsewhere.test/",
        "https://portal.test.elsewhere.test/",
        "https://portal.test@elsewhere.test/",
        "https://portal.test\\@elsewhere.test/",
        "https://elsewhere.test/https://portal.test/",
        "http://portal.test/",
        "https://portal.test:8443/",
        "https://portal.test/\r\nX: y",
    ],
)
def test_a_service_that_is_not_registered_is_refused(browser: Open, service: str) -> None:
    page = browser("a").get("/cas/login", service=service, gateway="true")
    assert page.status_code == 403
    assert "Unknown service" in page.text
    assert browser("b").get("/cas/logout", service=service, url=service).status_code == 200


def test_a_logout_leads_back_to_a_registered_service(browser: Open) -> None:
    answer = browser("a").get("/cas/logout", service=SERVICE)
    assert (answer.status_code, answer.headers["location"]) == (302, SERVICE)


def test_a_wrong_password_is_refused_like_an_unknown_account(browser: Open, accounts: Names) -> None:
    pages = [
        browser("a", language="fr").sign_in(name, "wrong", SERVICE)
        for name in (accounts("pupil", 9), "nobody-at-all")
    ]
    assert [page.status_code for page in pages] == [200, 200]
    alerts = [re.findall('role="alert">(.*?)<', page.text) for page in pages]
    assert alerts[0] == alerts[1] != []


def test_a_wrong_password_when_a_service_asks_for_it_again_ends_the_session(
    browser: Open, accounts: Names
) -> None:
    signed_in = browser("a")
    ticket_in(signed_in.sign_in(accounts("staff", 11), PASSWORD, SERVICE))
    page = signed_in.get("/cas/login", service=SERVICE, renew="true")
    again = signed_in.send_form(page, accounts("staff", 11), "wrong", SERVICE)
    assert (again.status_code, 'role="alert"' in again.text) == (200, True)
    assert signed_in.get("/cas/login", service=SERVICE).status_code == 200


def test_a_closed_account_can_do_nothing_from_then_on(browser: Open, accounts: Names) -> None:
    name = accounts("pupil", 10)
    signed_in = browser("a")
    ticket_in(signed_in.sign_in(name, PASSWORD, SERVICE))
    sql = f"UPDATE renfort_cas_account SET active = false WHERE username = '{name}'"
    machine("front").check_output('runuser -u postgres -- psql -qc "%s" eure_cas' % sql)  # noqa: UP031 - quotes
    answer = signed_in.get("/cas/login", service=SERVICE)
    assert (answer.status_code, "ticket" in answer.headers["location"]) == (302, False)
    assert browser("b").sign_in(name, PASSWORD, SERVICE).status_code == 200


def test_tickets_cannot_be_foretold() -> None:
    program = (
        "import random; from cas_server import utils; random.seed(1); first = utils.gen_st(); "
        "random.seed(1); print(first == utils.gen_st())"
    )
    assert machine("a").check_output(f'cas-manage shell -v 0 -c "{program}"') == "False"
