# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins, tickets, CSRF tokens and API tokens."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from lab.pve.auth import REFUSAL_DELAY_S, TICKET_LIFE_S, Authenticator, AuthError, hash_token
from lab.pve.call import Identity
from lab.pve.errors import ApiError
from lab.pve.store import Store


class Clock:
    """Time that stands until it is moved."""

    def __init__(self) -> None:
        self.time = 1_800_000_000.0

    def now(self) -> float:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def auth(clock: Clock) -> Authenticator:
    store = Store()
    store.table("users")["ann@pve"] = {"enable": 1}
    store.table("users")["off@pve"] = {"enable": 0}
    store.table("users")["root@pam"] = {"enable": 1}
    store.table("tokens")["ann@pve!ci"] = {"privsep": 1, "expire": 0, "secret": hash_token("s3cret")}
    store.table("tokens")["ann@pve!old"] = {"expire": 1_000_000_000, "secret": hash_token("s3cret")}
    auth = Authenticator(store, clock)
    auth.set_password("ann@pve", "right")
    return auth


def token(value: str) -> dict[str, str]:
    """The header of an API token."""
    return {"authorization": f"PVEAPIToken={value}"}


def session(auth: Authenticator, user: str) -> dict[str, str]:
    """The headers of a session."""
    return {
        "cookie": f"PVEAuthCookie={quote(auth.ticket(user), safe='')}",
        "csrfpreventiontoken": auth.csrf_token(user),
    }


def test_token(auth: Authenticator) -> None:
    assert auth.identify("POST", token("ann@pve!ci=s3cret"), csrf=True) == Identity(
        user="ann@pve", token="ci"
    )


@pytest.mark.parametrize(
    "header",
    ["PVEAPIToken ann@pve!ci=s3cret", "PVEAPIToken=ann%40pve%21ci=s3cret", "x PVEAPIToken=ann@pve!ci=s3cret"],
)
def test_ways_to_write_a_token(auth: Authenticator, header: str) -> None:
    assert auth.identify("GET", {"authorization": header}, csrf=True).authid == "ann@pve!ci"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "No ticket"),
        ({"authorization": "Bearer abc"}, "No ticket"),
        ({"authorization": "pveapitoken=ann@pve!ci=s3cret"}, "No ticket"),
        (token("garbage"), "no tokenid specified"),
        (token("ann@pve!ci:s3cret"), "no tokenid specified"),
        (token("nonsense=s3cret"), "value 'nonsense' does not look like a valid token ID"),
        (token("ann@pve!nope=s3cret"), "no such token 'nope' for user 'ann@pve'"),
        (token("ghost@pve!ci=s3cret"), "no such user ('ghost@pve')"),
        (token("off@pve!ci=s3cret"), "user 'off@pve' is disabled"),
        (token("ann@pve!old=s3cret"), "token 'old' access expired"),
        (token("ann@pve!ci=wrong"), "invalid token value!"),
        ({"cookie": "PVEAuthCookie=PVE:ann@pve:6B046344::x"}, "permission denied - invalid PVE ticket"),
    ],
)
def test_refusals(auth: Authenticator, headers: dict[str, str], text: str) -> None:
    with pytest.raises(AuthError) as caught:
        auth.identify("GET", headers, csrf=True)
    assert str(caught.value) == text


def test_session(auth: Authenticator) -> None:
    assert auth.identify("PUT", session(auth, "ann@pve"), csrf=True) == Identity(user="ann@pve")


def test_reading_needs_no_csrf_token_and_writing_does(auth: Authenticator) -> None:
    headers = session(auth, "ann@pve") | {"csrfpreventiontoken": auth.csrf_token("root@pam")}
    assert auth.identify("GET", headers, csrf=True).user == "ann@pve"
    with pytest.raises(AuthError, match="Permission denied - invalid csrf token"):
        auth.identify("POST", headers, csrf=True)
    assert auth.identify("POST", headers, csrf=False).user == "ann@pve"


def test_a_ticket_ends(auth: Authenticator, clock: Clock) -> None:
    headers = session(auth, "ann@pve")
    clock.time += TICKET_LIFE_S - 1
    assert auth.identify("GET", headers, csrf=True).user == "ann@pve"
    clock.time += 2
    with pytest.raises(AuthError, match="invalid PVE ticket"):
        auth.identify("GET", headers, csrf=True)


def test_a_ticket_of_another_cluster_is_worth_nothing(auth: Authenticator, clock: Clock) -> None:
    foreign = Authenticator(Store(), clock).ticket("ann@pve")
    with pytest.raises(AuthError):
        auth.verify_ticket(foreign)


@pytest.mark.parametrize(
    ("user", "password"),
    [("ann@pve", "wrong"), ("ghost@pve", "right"), ("off@pve", "right"), ("ann@pve", "")],
)
def test_every_failed_login_reads_the_same(auth: Authenticator, user: str, password: str) -> None:
    with pytest.raises(ApiError) as caught:
        auth.log_in(user, password)
    assert (caught.value.status, caught.value.message) == (401, "authentication failure\n")


def test_logins(auth: Authenticator) -> None:
    auth.log_in("ann@pve", "right")
    auth.log_in("ann@pve", auth.ticket("ann@pve"))
    auth.log_in("ann@pve", auth.ticket("root@pam"))
    with pytest.raises(ApiError):
        auth.log_in("root@pam", auth.ticket("ann@pve"))


def test_passwords_are_not_stored() -> None:
    store = Store()
    auth = Authenticator(store, Clock())
    auth.set_password("ann@pve", "right")
    assert "right" not in str(dict(store.table("secrets")))
    assert auth.password_matches("ann@pve", "right")
    assert not auth.password_matches("ann@pve", "righ")


def test_refusals_take_three_seconds() -> None:
    assert REFUSAL_DELAY_S == 3.0
