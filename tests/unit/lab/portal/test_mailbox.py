# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing messages: who may write to whom, and what a forged or broken form comes to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .world import Answered, World

GOOD = {"to": "pupil00001", "subject": "Sortie", "body": "Jeudi à neuf heures."}


def compose(world: World, **changes: str) -> Answered:
    """Open the form, fill it in and send it."""
    page = world.ask("/messages/new").text
    hidden = dict(re.findall(r'name="(csrf|submission)" value="([^"]*)"', page))
    return world.ask("/messages/new", form={**hidden, **GOOD, **changes})


def sent(world: World) -> list[list[str]]:
    return [names for _, names in world.messages.sent.values()]


def test_a_message_reaches_its_recipient(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    assert compose(world).header("Location") == "/messages?sent"
    assert sent(world) == [["pupil00001"]]


def test_a_teacher_writes_to_a_class(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    compose(world, to="", group="0270001A-6A")
    assert sent(world) == [["parent00001", "pupil00001"]]


def test_a_pupil_does_not(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("pupil00001")
    assert 'name="group"' not in world.ask("/messages/new").text
    assert compose(world, group="0270001A-6A").status == "400 Bad Request"
    assert sent(world) == []


def test_a_form_that_comes_from_elsewhere_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    assert compose(world, csrf="guessed").status == "403 Forbidden"
    assert compose(world, csrf="").status == "403 Forbidden"
    assert sent(world) == []


def test_a_form_sent_twice_is_one_message(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    for _ in range(2):
        assert compose(world, submission="a" * 22).status == "303 See Other"
    assert len(sent(world)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"to": "nobody00001"},
        {"to": ""},
        {"to": " ".join(f"pupil{number:05d}" for number in range(21))},
        {"subject": "  "},
        {"subject": "x" * 151},
        {"body": ""},
        {"body": "x" * 20_001},
        {"submission": "short"},
    ],
)
def test_a_form_that_cannot_be_sent_comes_back_with_what_was_written(
    tmp_path: Path, change: dict[str, str]
) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    page = compose(world, **change)
    assert page.status == "400 Bad Request"
    assert 'role="alert"' in page.text
    assert change.get("subject", GOOD["subject"]) in page.text
    assert sent(world) == []


def test_a_form_as_large_as_no_form_is_not_read(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    assert world.ask("/messages/new", form={"body": "x" * 300_000}).status.startswith("413")


@pytest.mark.parametrize(
    "path", ["/messages/0", "/messages/x", "/messages/99999999999999999999", "/messages/new/x"]
)
def test_a_message_that_is_not_in_the_inbox_is_not_found(tmp_path: Path, path: str) -> None:
    world = World(tmp_path)
    world.sign_in()
    assert world.ask(path).status == "404 Not Found"


def test_while_the_database_is_down_a_message_may_be_sent_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.sign_in("teacher00001")
    world.messages.down = True
    assert compose(world, submission="b" * 22).status == "503 Service Unavailable"
    world.messages.down = False
    assert compose(world, submission="b" * 22).status == "303 See Other"
    assert len(sent(world)) == 1
