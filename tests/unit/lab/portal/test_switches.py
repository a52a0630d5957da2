# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The file of switches is read as it changes; what makes no sense changes nothing."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from lab.portal.portal import switches
from lab.portal.portal.switches import State, Switches, SwitchesError, parse


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(switches, "LOOK_SECONDS", 0.0)
    return tmp_path / "switches.json"


def put(file: Path, **state: Any) -> None:
    """Replace the file as a configuration tool does."""
    partial = file.with_suffix(".new")
    partial.write_text(json.dumps(state))
    partial.replace(file)


def test_without_a_file_it_is_an_ordinary_day(file: Path) -> None:
    assert Switches(file).state() == State()
    assert State() == State(hold_notification_mail=False, hidden_blocks=frozenset(), timetable_imports=True)


def test_a_change_is_in_force_at_once_and_its_absence_is_its_inverse(file: Path) -> None:
    read = Switches(file)
    put(file, hold_notification_mail=True, hidden_blocks=["news"], timetable_imports=False)
    assert read.state() == State(
        hold_notification_mail=True, hidden_blocks=frozenset({"news"}), timetable_imports=False
    )
    put(file)
    assert read.state() == State()
    put(file, hold_notification_mail=True)
    assert read.state().hold_notification_mail
    file.unlink()
    assert read.state() == State()


def test_it_is_looked_at_once_a_second_at_most(tmp_path: Path) -> None:
    file = tmp_path / "switches.json"
    read = Switches(file)
    assert not read.state().hold_notification_mail
    put(file, hold_notification_mail=True)
    assert not read.state().hold_notification_mail


def test_a_broken_file_leaves_the_last_good_state_and_is_complained_about_once(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read = Switches(file)
    put(file, hold_notification_mail=True)
    read.state()
    caplog.clear()
    file.write_text("{")
    with caplog.at_level(logging.WARNING):
        states = [read.state() for _ in range(3)]
    assert all(state.hold_notification_mail for state in states)
    assert "no JSON" in read.trouble
    assert len(caplog.records) == 1
    put(file, hold_notification_mail=False)
    assert not read.state().hold_notification_mail
    assert read.trouble == ""


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        '{"hold_notification_mail": "yes"}',
        '{"timetable_imports": 1}',
        '{"hidden_blocks": "news"}',
        "nil",
    ],
)
def test_what_is_not_meant_is_refused(text: str) -> None:
    with pytest.raises(SwitchesError):
        parse(text)


def test_what_is_unknown_is_named_and_harmless() -> None:
    assert parse('{"waiting_room": true}') == State(unknown=("waiting_room",))
