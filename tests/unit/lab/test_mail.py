# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mail servers of the internet, asked over their sockets."""

from __future__ import annotations

import json
import smtplib
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest

from lab.errors import LabError
from lab.mail import process
from lab.mail.behaviour import Book, parse_behaviours
from lab.mail.dns import Zone
from lab.mail.process import Sink

MESSAGE = "From: a@eure.example\r\nMessage-ID: <{}@test>\r\nSubject: Bonjour\r\n\r\nTexte\r\n"
BEHAVIOURS = {
    "reject.example": {"kind": "reject"},
    "busy.example": {"kind": "tempfail"},
    "grey.example": {"kind": "greylist", "seconds": 0.2},
    "gone.example": {"kind": "dead"},
    "narrow.example": {"kind": "limit", "messages": 1},
    "single.example": {"kind": "limit", "connections": 1},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def sink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sink]:
    folder = tmp_path_factory.mktemp("sink")
    behaviours = folder / "behaviours.json"
    behaviours.write_text(json.dumps(BEHAVIOURS))
    made = Sink(
        folder=folder,
        address="127.0.0.1",
        port=free_port(),
        http_port=free_port(),
        options=("--behaviours", str(behaviours), "--bodies"),
    )
    assert process.start(made)
    yield made
    assert process.stop(made)


def deliver(sink: Sink, recipient: str, name: str, *, times: int = 1) -> None:
    with smtplib.SMTP(sink.address, sink.port, timeout=10) as connection:
        for _ in range(times):
            connection.sendmail("a@eure.example", [recipient], MESSAGE.format(name))


def ask(sink: Sink, path: str) -> Any:
    with urllib.request.urlopen(sink.url + path, timeout=10) as reply:
        return json.load(reply)


def test_a_message_that_was_taken_can_be_asked_for(sink: Sink) -> None:
    deliver(sink, "Parent@mail.example", "taken")
    (found,) = ask(sink, "/messages?to=parent@mail.example&id=%3Ctaken@test%3E&raw=1")
    assert found["sender"] == "a@eure.example"
    assert found["subject"] == "Bonjour"
    assert found["dkim"] is False
    assert "Texte" in found["raw"]
    assert ask(sink, "/messages?to=nobody@mail.example") == []


def test_a_message_that_comes_twice_is_counted_as_a_duplicate(sink: Sink) -> None:
    deliver(sink, "p@twice.example", "same", times=2)
    counted = ask(sink, "/counts")["domains"]["twice.example"]
    assert (counted["accepted"], counted["duplicates"], counted["open_now"]) == (2, 1, 0)


def test_refusals_are_lasting_or_passing(sink: Sink) -> None:
    for domain, code, kind in (("reject.example", 550, "rejected"), ("busy.example", 451, "deferred")):
        with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            deliver(sink, f"p@{domain}", "refused")
        assert refused.value.recipients[f"p@{domain}"][0] == code
        assert ask(sink, "/counts")["domains"][domain][kind] == 1


def test_a_greylisted_sender_gets_through_when_it_comes_back(sink: Sink) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(sink, "p@grey.example", "grey")
    for _ in range(50):
        try:
            deliver(sink, "p@grey.example", "grey")
            break
        except smtplib.SMTPRecipientsRefused:
            time.sleep(0.1)
    assert ask(sink, "/counts")["domains"]["grey.example"]["accepted"] == 1


def test_a_dead_domain_ends_the_connection(sink: Sink) -> None:
    with pytest.raises((smtplib.SMTPException, ConnectionError)):
        deliver(sink, "p@gone.example", "dead")


def test_messages_of_a_connection_are_limited(sink: Sink) -> None:
    with pytest.raises(smtplib.SMTPException):
        deliver(sink, "p@narrow.example", "narrow", times=2)
    assert ask(sink, "/counts")["domains"]["narrow.example"]["accepted"] == 1


def test_connections_at_once_are_limited(sink: Sink) -> None:
    with smtplib.SMTP(sink.address, sink.port, timeout=10) as first:
        first.sendmail("a@eure.example", ["p@single.example"], MESSAGE.format("first"))
        with pytest.raises(smtplib.SMTPException):
            deliver(sink, "p@single.example", "second")
    deliver(sink, "p@single.example", "third")


def test_an_unknown_filter_is_refused_and_not_passed_over(sink: Sink) -> None:
    with pytest.raises(urllib.error.HTTPError, match="400"):
        ask(sink, "/messages?recipient=p@mail.example")


def test_what_arrived_is_there_after_a_restart(tmp_path: Path) -> None:
    sink = Sink(folder=tmp_path, address="127.0.0.1", port=free_port(), http_port=free_port())
    assert process.start(sink)
    assert not process.start(sink), "a second start must find it running"
    deliver(sink, "p@mail.example", "kept")
    assert process.stop(sink)
    with (tmp_path / "messages.jsonl").open("a") as log:
        log.write('{"message_id": "<half')
    assert process.start(sink)
    deliver(sink, "p@mail.example", "next")
    found = ask(sink, "/messages")
    assert process.stop(sink)
    assert [message["message_id"] for message in found] == ["<next@test>", "<kept@test>"]
    assert len([json.loads(line) for line in (tmp_path / "messages.jsonl").read_text().splitlines()]) == 2


def test_a_taken_port_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        sink = Sink(folder=tmp_path, address="127.0.0.1", port=taken.getsockname()[1], http_port=free_port())
        with pytest.raises(LabError, match="ended at once"):
            process.start(sink)


def test_the_dns_puts_dead_domains_where_nobody_is() -> None:
    book = Book(parse_behaviours({"gone.example": {"kind": "dead"}}))
    zone = Zone(address="192.0.2.1", dead_address="192.0.2.2", book=book)

    def asked(name: str, kind: str) -> str:
        reply = dns.message.from_wire(zone.answer(dns.message.make_query(name, kind).to_wire()))
        return " ".join(str(item) for rows in reply.answer for item in rows)

    assert asked("mail.example", "MX") == "10 mx.mail.example."
    assert asked("mx.mail.example", "A") == "192.0.2.1"
    assert asked("mx.gone.example", "A") == "192.0.2.2"
    assert asked("mx.mail.example", "AAAA") == ""


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "not a mapping"),
        ({"a.example": {"kind": "lazy"}}, "kind is one of"),
        ({"a.example": {"kind": "slow", "second": 1}}, "unknown keys second"),
        ({"a.example": {"kind": "slow", "seconds": "1"}}, "not a number"),
    ],
)
def test_behaviours_that_are_none_are_refused(data: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_behaviours(data)
