# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in through CAS, and out again, as a browser and a CAS server see it."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.portal.portal.sign_in import safe_next

from .world import World

LOGOUT = "<LogoutRequest><SessionIndex>{}</SessionIndex></LogoutRequest>"


@pytest.mark.parametrize("target", ["/home", "/messages?before=3", "/messages/12"])
def test_a_path_of_the_portal_is_followed(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "home",
        "",
        "/home\r\nSet-Cookie: a=b",
        "///evil.example",
        "http:/home",
        "/" + "a" * 600,
    ],
)
def test_nobody_is_led_elsewhere(target: str) -> None:
    assert safe_next(target) == "/home"


def test_who_is_not_signed_in_is_sent_to_cas_and_back_to_the_page(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked = world.ask("/messages")
    assert asked.status == "303 See Other"
    assert asked.header("Location") == "/login?next=/messages"
    arrived = world.sign_in(target="/messages")
    assert (arrived.status, arrived.header("Location")) == ("303 See Other", "/messages")
    assert "Zoé Petit" in world.ask("/home").text


def test_the_service_is_the_portals_own_address_whatever_the_request_says(tmp_path: Path) -> None:
    assert World(tmp_path).begin().startswith("https://eure.ent.example/login?state=")


def test_the_session_cookie_is_kept_from_scripts_other_sites_and_plain_http(tmp_path: Path) -> None:
    headers = World(tmp_path).sign_in().headers
    cookie = next(value for name, value in headers if "__Host-portal=" in value)
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_a_ticket_of_somebody_elses_attempt_is_refused(tmp_path: Path) -> None:
    """Nobody can be signed in as another one by following a link."""
    attacker, victim = World(tmp_path), World(tmp_path)
    service = attacker.begin()
    answered = victim.ask("/login", f"{service.partition('?')[2]}&ticket=ST-1")
    assert answered.status == "403 Forbidden"
    assert victim.portal_database.open_sessions == {}


def test_a_ticket_that_cas_does_not_know_is_refused_and_counted(tmp_path: Path) -> None:
    world = World(tmp_path)
    service = world.begin()
    assert world.ask("/login", f"{service.partition('?')[2]}&ticket=ST-0").status == "403 Forbidden"
    assert 'portal_logins_total{outcome="refused"} 1.0' in world.ask("/metrics").text


def test_signing_in_again_ends_the_session_before(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("pupil00001")
    world.sign_in("teacher00001")
    assert len(world.portal_database.open_sessions) == 1


def test_signing_out_ends_the_session_here_and_leads_to_cas(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in()
    assert world.ask("/logout").header("Location").startswith("https://eure.ent.example/cas/logout?")
    assert world.portal_database.open_sessions == {}
    assert world.ask("/home").status == "303 See Other"


def test_cas_ends_the_session_of_a_ticket(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in()
    cas = World(tmp_path)
    cas.portal_database.open_sessions = world.portal_database.open_sessions
    assert cas.ask("/login", form={"logoutRequest": LOGOUT.format("ST-other")}).text == "0\n"
    assert world.ask("/home").status == "200 OK"
    assert cas.ask("/login", form={"logoutRequest": LOGOUT.format("ST-1")}).text == "1\n"
    assert world.ask("/home").status == "303 See Other"


@pytest.mark.parametrize("text", ["", "no XML", "<Other/>", '<!DOCTYPE x [<!ENTITY e "1">]><LogoutRequest/>'])
def test_what_is_no_logout_request_is_refused(tmp_path: Path, text: str) -> None:
    assert World(tmp_path).ask("/login", form={"logoutRequest": text}).status == "400 Bad Request"


def test_a_database_that_is_down_takes_personal_pages_only(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in()
    world.portal_database.down = True
    refused = world.ask("/home")
    assert (refused.status, refused.header("Retry-After")) == ("503 Service Unavailable", "5")
    for path in ("/", "/healthz", "/style.css", "/metrics", "/status.json"):
        assert world.ask(path).status == "200 OK", path
    world.portal_database.down = False
    assert world.ask("/home").status == "200 OK"
