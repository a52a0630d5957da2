# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the relay's programs read: names of queue files, lines of logs, the recipients that are held."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILES = Path(__file__).parents[3] / "roles" / "smtp" / "files"


def load(name: str) -> ModuleType:
    """A program of the role, as it finds its neighbours on a machine."""
    spec = importlib.util.spec_from_file_location(name, FILES / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


queues, follow, control = load("queues"), load("follow"), load("control")

SENT = (
    "Nov 25 17:40:34 smtp-1 postfix{}[6016]: 4jZRm14gz7z2QDxn: to=<y@mail.example>, "
    "relay=mx.mail.example[192.0.2.1]:25, delay={}, delays=2.5/0.35/0.01/0.01, dsn={}, status={} (Taken)\n"
)


def figures(*lines: str) -> Any:
    made = follow.Figures()
    for line in lines:
        made.add(line)
    return made


@pytest.mark.parametrize(
    ("name", "second"),
    [
        ("4jZRlz1LjWz2QDxp", 1795628431),
        ("4jZRlz0dmKz2QDxn", 1795628431),
        ("3F2A1B0C9D", 0),
        ("short", 0),
        ("4jZRa!1LjWz", 0),
    ],
)
def test_a_long_queue_id_tells_when_the_message_came(name: str, second: int) -> None:
    assert queues.second_of(name) == second


def test_a_queue_is_counted_with_its_subfolders(tmp_path: Path) -> None:
    (tmp_path / "4").mkdir()
    for name in ("4/4jZRlz1LjWz2QDxp", "4/4jZRL12N46z2Q70B", "4jZRlz0dmKz2QDxn"):
        (tmp_path / name).touch()
    found = queues.read_queue(tmp_path)
    assert (found.messages, found.oldest) == (3, queues.second_of("4jZRL12N46z2Q70B"))


def test_a_queue_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert queues.read_queue(tmp_path / "hold").messages == 0


def test_deliveries_are_counted_by_how_they_ended() -> None:
    made = figures(
        SENT.format("/smtp", "2.9", "2.0.0", "sent"),
        SENT.format("/smtp", "70", "2.0.0", "sent"),
        SENT.format("/smtp", "1", "4.4.1", "deferred"),
        SENT.format("-notify/error", "1", "5.1.1", "bounced"),
        SENT.format("-notify/discard", "1", "2.0.0", "sent"),
        SENT.format("/handover/smtp", "0.4", "2.0.0", "sent"),
    )
    assert made.deliveries == {"sent": 2, "deferred": 1, "bounced": 1, "dropped": 1, "handed_over": 1}
    assert made.delays == {5.0: 1, 300.0: 1}
    assert made.delay_sum == pytest.approx(72.9)


def test_what_comes_in_and_what_is_refused_is_counted() -> None:
    head = (
        "Nov 25 17:21:32 smtp-1 postfix/proxied/smtpd[3860]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: "
    )
    made = figures(
        "Nov 25 17:21:31 smtp-1 postfix/cleanup[3866]: 4jZRL31WvRz2Q7Dy: message-id=<n1.0@smtp-client>\n",
        head + "550 5.7.1 <x@other.example>: Sender address rejected; from=<x@other.example>\n",
        head.replace("reject: RCPT", "milter-reject: END-OF-MESSAGE") + "4.7.1 Service unavailable; x\n",
        head + "452 4.3.1 Insufficient system storage; from=<x@eure.example>\n",
        "Nov 25 17:21:32 smtp-1 postfix/smtpd[1]: warning: connect to Milter service inet:127.0.0.1: no\n",
        "Nov 25 17:21:32 smtp-1 sshd[1]: reject: 550 \n",
    )
    assert made.taken == 1
    assert made.refused == {"lasting": 1, "passing": 2}
    assert made.milter_failures == 1


def test_a_log_is_followed_from_its_end_and_through_its_rotation(tmp_path: Path) -> None:
    path = tmp_path / "people.log"
    path.write_text("before\n")
    log = follow.Log(path)
    with path.open("a") as file:
        file.write("one\nha")
        file.flush()
        assert list(log.lines()) == ["one\n"]
        file.write("lf\n")
        file.flush()
        assert list(log.lines()) == ["half\n"]
        path.rename(tmp_path / "people.log.1")
        file.write("last\n")
    path.write_text("new\n")
    assert list(log.lines()) == ["last\n", "new\n"]
    assert list(log.lines()) == []


def test_a_log_that_comes_later_is_read_from_its_start(tmp_path: Path) -> None:
    log = follow.Log(tmp_path / "people.log")
    assert list(log.lines()) == []
    (tmp_path / "people.log").write_text("first\n")
    assert list(log.lines()) == ["first\n"]


def test_only_what_leaves_the_platform_is_held() -> None:
    lines = control.hold_map(["mailbox.example"]).splitlines()
    rules = [(re.compile(line.split("/")[1]), line.split("/ ", 1)[1]) for line in lines]

    def verdict(recipient: str) -> str:
        return next(action for pattern, action in rules if pattern.search(recipient)).split()[0]

    assert verdict("p@mailbox.example") == "DUNNO"
    assert verdict("p@mailboxxexample") == "HOLD"
    assert verdict("p@sub.mailbox.example") == "HOLD"
    assert verdict("p@mail.example") == "HOLD"


@pytest.mark.parametrize(
    ("addresses", "held"),
    [
        (["p@Mailbox.example"], False),
        (["p@mail.example"], True),
        (["p@mailbox.example", "p@mail.example"], True),
    ],
)
def test_a_message_with_one_recipient_outside_is_held(addresses: list[str], held: bool) -> None:
    row = {"recipients": [{"address": address} for address in addresses]}
    assert control.external(row, ["mailbox.example"]) is held


@pytest.mark.parametrize(
    ("text", "wanted"),
    [(None, False), ("{}", False), ('{"hold_notification_mail": true}', True), ('{"other": 1}', False)],
)
def test_a_switch_is_on_only_where_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None, wanted: bool
) -> None:
    path = tmp_path / "switches.json"
    if text is not None:
        path.write_text(text)
    monkeypatch.setattr(control, "SWITCHES", path)
    assert control.wanted() is wanted


@pytest.mark.parametrize(
    "text", ["[]", '{"hold_notification_mail": "yes"}', '{"hold_notification_mail": 1}', "{"]
)
def test_a_switch_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    path = tmp_path / "switches.json"
    path.write_text(text)
    monkeypatch.setattr(control, "SWITCHES", path)
    with pytest.raises((control.ControlError, ValueError)):
        control.wanted()
