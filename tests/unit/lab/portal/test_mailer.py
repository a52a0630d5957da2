# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a notification says, and what the relay's answers mean."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from lab.portal.portal.mailer import DeferredError, Mailer, RefusedError, RelayUnavailableError, compose
from lab.portal.portal.outbox import Row
from lab.portal.portal.settings import Mail, Settings

from .world import ENVIRON

ROW = Row(
    id=12,
    message=7,
    sender_name="Zoé\r\nBcc: all@evil.example",
    address="camille@courriel.example",
    external=True,
    language="en",
    attempts=0,
)


class Relay(socketserver.ThreadingTCPServer):
    """Answers as it is told: what to say to RCPT, and after how many mails to hang up."""

    allow_reuse_address = True
    daemon_threads = True
    to_recipient = "250 ok"
    connections = 0
    mails = 0
    hang_up = False


class Handler(socketserver.StreamRequestHandler):
    """One connection of it."""

    def handle(self) -> None:
        relay: Any = self.server
        relay.connections += 1
        self.wfile.write(b"220 relay\r\n")
        in_data = False
        while line := self.rfile.readline():
            if in_data and line != b".\r\n":
                continue
            verb = line[:4].upper()
            if relay.hang_up and verb == b"MAIL":
                return
            relay.mails += in_data
            answer = {b"RCPT": relay.to_recipient, b"DATA": "354 go on"}.get(verb, "250 ok")
            in_data = verb == b"DATA"
            self.wfile.write(f"{answer}\r\n".encode())


@pytest.fixture
def relay() -> Iterator[Relay]:
    with Relay(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield server
        server.shutdown()


def settings_for(port: int) -> tuple[Settings, Mail]:
    settings = Settings.from_environ({**ENVIRON, "PORTAL_SMTP": f"127.0.0.1:{port}"})
    assert settings.mail
    return settings, settings.mail


def mailer(relay: Relay) -> Mailer:
    return Mailer(*settings_for(relay.server_address[1]))


def test_a_notification_says_where_the_message_is_and_not_what_it_says() -> None:
    settings, mail = settings_for(25)
    message = compose(ROW, settings, mail)
    assert message["X-Renfort-Kind"] == "notification"
    assert message["From"] == "Collèges de l'Eure <ne-pas-repondre@eure.ent.example>"
    assert message["To"] == "camille@courriel.example"
    assert "https://eure.ent.example/messages/7" in message.get_content()
    assert message["Subject"].startswith("New message from Zoé")


def test_a_senders_name_adds_no_header() -> None:
    assert "Bcc" not in compose(ROW, *settings_for(25))


def test_a_notification_made_again_has_the_same_id() -> None:
    assert compose(ROW, *settings_for(25))["Message-ID"] == "<notification-12.eure@eure.ent.example>"


def test_one_connection_carries_many(relay: Relay) -> None:
    sending = mailer(relay)
    for _ in range(5):
        sending.send(ROW)
    sending.close()
    assert (relay.connections, relay.mails) == (1, 5)


@pytest.mark.parametrize(("said", "meaning"), [("451 later", DeferredError), ("550 no", RefusedError)])
def test_an_answer_about_a_recipient_concerns_that_mail(
    relay: Relay, said: str, meaning: type[Exception]
) -> None:
    sending = mailer(relay)
    relay.to_recipient = said
    with pytest.raises(meaning, match=said[:3]):
        sending.send(ROW)
    relay.to_recipient = "250 ok"
    sending.send(ROW)
    sending.close()
    assert relay.mails == 1


def test_a_relay_that_hangs_up_is_connected_to_again(relay: Relay) -> None:
    sending = mailer(relay)
    relay.hang_up = True
    with pytest.raises(RelayUnavailableError):
        sending.send(ROW)
    relay.hang_up = False
    sending.send(ROW)
    sending.close()
    assert relay.mails == 1


def test_a_relay_that_is_not_there_is_named() -> None:
    with pytest.raises(RelayUnavailableError, match=r"127\.0\.0\.1:1 is not reached"):
        Mailer(*settings_for(1)).send(ROW)
