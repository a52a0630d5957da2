# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A user's journey: gone to its end at every machine, or stopped where a user would be, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.browser import Browser, forms_of
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.portal_probe import probe, trust
from ansible_collections.ent.renfort.plugins.module_utils.user_journey import (
    Account,
    JourneyError,
    Request,
    Traveller,
)
from tests.unit.clients.school import PASSWORD, PORTAL, USER, School, State, make_certificate


class Trip:
    """The school, its mailbox and the journey that is asked for."""

    def __init__(self, certificate: Path) -> None:
        # As a load balancer deals them out: the form comes from the one, and the password goes to another.
        self.state = State(web=["web-01", "web-02", "web-03"], cas=["cas-01", "cas-02", "cas-03"])
        self.school = School(self.state, certificate)
        self.mailbox = School(self.state, None)
        self.request = Request(
            portal=PORTAL,
            address="127.0.0.1",
            port=self.school.server_port,
            ca_file=str(certificate),
            account=Account(
                username=USER,
                password=PASSWORD,
                mailbox=f"http://127.0.0.1:{self.mailbox.server_port}/mails",
            ),
            web=frozenset(self.state.web),
            cas=frozenset(self.state.cas),
            wait_s=20,
        )

    def go(self, **changes: object) -> list[str]:
        request = replace(self.request, **changes)  # type: ignore[arg-type] # tests change whatever they like
        return Traveller(request, pause=lambda _seconds: None).go().steps

    def close(self) -> None:
        self.school.close()
        self.mailbox.close()


@pytest.fixture(scope="module")
def portal_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("school") / "portal.pem")


@pytest.fixture
def trip(portal_certificate: Path) -> Iterator[Trip]:
    made = Trip(portal_certificate)
    yield made
    made.close()


def test_every_machine_has_its_part(trip: Trip) -> None:
    steps = trip.go()

    assert [step.partition(":")[0] for step in steps] == [
        "public page",
        "sign-in",
        "personal page",
        "message",
        "inbox",
        "mail",
        "sign-out",
    ]
    assert steps[1] == "sign-in: cas-01, cas-02, cas-03"
    assert steps[2] == "personal page: web-01, web-02, web-03"
    assert trip.state.sessions != set()  # those of the first sign-ins, whose browsers were just closed
    assert [mail["to"] for mail in trip.state.mails] == [USER]


def test_without_a_message_none_is_written(trip: Trip) -> None:
    assert trip.go(message=False)[-1] == "sign-out"
    assert trip.state.subjects == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"web": frozenset({"web-01", "web-09"})}, "personal page: never shown by web-09"),
        ({"cas": frozenset({"cas-09"})}, "sign-in: no sign-in led to cas-09"),
        (
            {"account": Account(username=USER, password="wrong")},
            f"sign-in: {USER} was not let in: /cas/login answered 200",
        ),
    ],
)
def test_who_had_no_part_or_is_not_let_in_is_named(
    trip: Trip, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(JourneyError) as raised:
        trip.go(wait_s=1, **changes)

    assert f"{PORTAL} through 127.0.0.1: {message}" in str(raised.value)
    assert "Before it: public page: web-01" in str(raised.value)
    assert "wrong" not in str(raised.value)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"keeps_sessions": False}, "personal page: /cas/login answered 200"),
        ({"loses_messages": True}, "inbox: the message 'Verification "),
        ({"sends_mail": False}, "mail: no mail arrived in 1 s at http://"),
        ({"ends_sessions": False}, "sign-out: the personal page is still shown"),
        (
            {"leads_to": "https://elsewhere.example"},
            "the way leads to elsewhere.example, which is not the portal",
        ),
    ],
)
def test_where_a_user_would_be_stopped_is_said(trip: Trip, broken: dict[str, object], message: str) -> None:
    for name, value in broken.items():
        setattr(trip.state, name, value)

    with pytest.raises(JourneyError) as raised:
        trip.go(wait_s=1)

    assert message in str(raised.value)


def test_a_certificate_of_somebody_else_is_not_taken(trip: Trip, tmp_path: Path) -> None:
    stranger = make_certificate(tmp_path / "other.pem")

    with pytest.raises(JourneyError, match=r"public page: .*CERTIFICATE_VERIFY_FAILED"):
        trip.go(ca_file=str(stranger))


def test_a_certificate_for_another_name_is_not_taken(trip: Trip) -> None:
    with pytest.raises(JourneyError, match=r"public page: .*not valid for 'other\.ent\.example'"):
        trip.go(portal="other.ent.example")


def test_an_address_where_nobody_answers_is_said(trip: Trip) -> None:
    trip.school.close()

    with pytest.raises(JourneyError, match=r"public page: .*GET /: .*refused"):
        trip.go()


def test_an_authority_that_cannot_be_read_is_named() -> None:
    with pytest.raises(RenfortError, match=r"The authority /nowhere\.pem cannot be read"):
        Browser(PORTAL, "127.0.0.1", ca_file="/nowhere.pem")


def test_forms_bring_their_hidden_fields_and_no_button() -> None:
    (made,) = forms_of(
        '<form method="POST" action="/x"><input type="hidden" name="csrf" value="a&amp;b">'
        '<input type="checkbox" name="warn"><select name="group"><option value="1"></select>'
        '<input type="submit" name="go" value="Go"></form><input name="outside">'
    )

    assert (made.action, made.method) == ("/x", "post")
    assert made.fields == {"csrf": "a&b", "group": ""}


def test_the_probe_asks_over_tls_under_the_name_of_the_portal(trip: Trip, portal_certificate: Path) -> None:
    def asked(portal: str) -> tuple[dict[str, int], tuple[str, ...]]:
        verdict = probe(
            ["127.0.0.1"],
            port=trip.school.server_port,
            portal=portal,
            path="/",
            machines=["web-01"],
            wait_s=0,
            tls=trust(str(portal_certificate)),
        )
        return verdict.answered, verdict.failures

    assert asked(PORTAL) == ({"web-01": 1, "web-02": 1}, ())
    assert asked("other.ent.example")[0] == {}
    assert "not valid for 'other.ent.example'" in asked("other.ent.example")[1][0]
