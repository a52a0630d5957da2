# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notifications leave in their order, each once, whatever the relay, the database and the switches do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from lab.portal.portal.database import DatabaseUnavailableError
from lab.portal.portal.mailer import DeferredError, RefusedError, RelayUnavailableError
from lab.portal.portal.outbox import LONGEST_WAIT, Row, wait_after
from lab.portal.portal.switches import State
from lab.portal.portal.worker import Sender


def row(number: int, address: str = "", *, external: bool = True) -> Row:
    return Row(
        id=number,
        message=7,
        sender_name="Zoé",
        address=address or f"p{number}@courriel.example",
        external=external,
        language="fr",
        attempts=0,
    )


class Outbox:
    """Rows by state."""

    def __init__(self, rows: list[Row]) -> None:
        self.waiting = list(rows)
        self.given: list[Row] = []
        self.sent: list[int] = []
        self.failed: list[int] = []
        self.deferred: list[int] = []
        self.down = False
        self.recovered = 0

    def recover(self) -> None:
        self.recovered += 1

    def claim(self, *, hold: bool, limit: int) -> list[Row]:
        taken = [it for it in self.waiting if not (hold and it.external)][:limit]
        self.waiting = [it for it in self.waiting if it not in taken]
        return taken

    def done(self, done: Row, *, sent: bool, detail: str) -> None:
        if self.down:
            raise DatabaseUnavailableError("down")
        (self.sent if sent else self.failed).append(done.id)

    def defer(self, later: Row, detail: str) -> None:
        self.deferred.append(later.id)

    def release(self, rows: list[Row]) -> None:
        self.given += rows


class Relay:
    """Takes mail, or does what is said for an address."""

    def __init__(self, **answers: Exception) -> None:
        self.answers = answers
        self.taken: list[int] = []
        self.then: Callable[[], None] = lambda: None

    def send(self, sent: Row) -> None:
        answer = self.answers.get(sent.address.partition("@")[0])
        if answer:
            raise answer
        self.taken.append(sent.id)
        self.then()

    def close(self) -> None:
        """Nothing is open."""


class Switch:
    """hold_notification_mail, by hand."""

    hold = False

    def state(self) -> State:
        return State(hold_notification_mail=self.hold)


def sender(
    outbox: Outbox, relay: Relay, switch: Any = None, stopping: Callable[[], bool] = lambda: False
) -> Sender:
    return Sender(
        outbox=cast(Any, outbox),
        mailer=cast(Any, relay),
        switches=cast(Any, switch or Switch()),
        stopping=stopping,
    )


def test_rows_are_sent_in_order_and_noted() -> None:
    outbox, relay = Outbox([row(1), row(2), row(3)]), Relay()
    assert sender(outbox, relay).run() == 3
    assert relay.taken == outbox.sent == [1, 2, 3]


def test_what_is_put_off_holds_back_the_same_address_only() -> None:
    outbox = Outbox([row(1, "slow@a.example"), row(2), row(3, "slow@a.example")])
    relay = Relay(slow=DeferredError("450"))
    sender(outbox, relay).run()
    assert outbox.deferred == [1]
    assert relay.taken == [2]
    assert [it.id for it in outbox.given] == [3]


def test_what_is_refused_is_not_tried_again() -> None:
    outbox, relay = Outbox([row(1, "gone@a.example"), row(2)]), Relay(gone=RefusedError("550"))
    sender(outbox, relay).run()
    assert outbox.failed == [1]
    assert outbox.sent == [2]


def test_without_a_relay_nothing_is_settled() -> None:
    outbox, relay = Outbox([row(1), row(2)]), Relay(p1=RelayUnavailableError("down"))
    worker = sender(outbox, relay)
    with pytest.raises(RelayUnavailableError):
        worker.run()
    assert outbox.sent == outbox.failed == outbox.deferred == []
    relay.answers.clear()
    outbox.waiting = [row(1), row(2)]
    worker.run()
    assert outbox.recovered == 2
    assert relay.taken == [1, 2]


def test_what_the_relay_took_is_noted_before_anything_else_is_sent() -> None:
    outbox, relay = Outbox([row(1), row(2)]), Relay()
    worker = sender(outbox, relay)
    outbox.down = True
    for _ in range(3):
        with pytest.raises(DatabaseUnavailableError):
            worker.run()
    assert relay.taken == [1]
    outbox.down = False
    outbox.waiting = [row(2)]
    worker.run()
    assert relay.taken == outbox.sent == [1, 2]


def test_held_rows_are_left_and_go_afterwards() -> None:
    outbox, relay, switch = Outbox([row(1), row(2, external=False), row(3)]), Relay(), Switch()
    switch.hold = True
    worker = sender(outbox, relay, switch)
    worker.run()
    assert relay.taken == [2]
    switch.hold = False
    worker.run()
    assert relay.taken == [2, 1, 3]


def test_a_switch_thrown_meanwhile_holds_what_is_in_hand() -> None:
    outbox, relay, switch = Outbox([row(1), row(2), row(3)]), Relay(), Switch()
    relay.then = lambda: setattr(switch, "hold", True)
    sender(outbox, relay, switch).run()
    assert relay.taken == [1]
    assert [it.id for it in outbox.given] == [2, 3]


def test_who_is_told_to_stop_gives_the_rest_back() -> None:
    outbox, relay = Outbox([row(1), row(2)]), Relay()
    sender(outbox, relay, stopping=lambda: bool(relay.taken)).run()
    assert relay.taken == [1]
    assert [it.id for it in outbox.given] == [2]


def test_attempts_become_rarer_up_to_a_limit() -> None:
    waits = [wait_after(attempts) for attempts in range(30)]
    assert waits[:3] == [10, 20, 40]
    assert waits == sorted(waits)
    assert waits[-1] == LONGEST_WAIT


def test_a_round_that_finds_nothing_has_settled_nothing(tmp_path: Path) -> None:
    assert sender(Outbox([]), Relay()).run() == 0
