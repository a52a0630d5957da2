# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's made-up people are the same from one start to the next, and their passwords are theirs alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lab.control.people import MAIL_DOMAINS, ensure_people, read_accounts
from lab.control.state import State


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(folder=tmp_path / "lab")
    state.prepare()
    return state


def test_the_second_start_changes_nothing(state: State) -> None:
    assert ensure_people(state, {"eure": 40})
    before = state.accounts("eure").read_bytes()
    assert not ensure_people(state, {"eure": 40})
    assert state.accounts("eure").read_bytes() == before


def test_more_people_are_more_accounts_and_those_there_keep_their_password(state: State) -> None:
    ensure_people(state, {"eure": 40})
    before = {row["username"]: row["password"] for row in read_accounts(state.accounts("eure"))}
    assert ensure_people(state, {"eure": 80})
    after = {row["username"]: row["password"] for row in read_accounts(state.accounts("eure"))}
    assert len(after) == 80
    assert before.items() <= after.items()


def test_every_profile_is_there_and_nobody_shares_a_password(state: State) -> None:
    ensure_people(state, {"eure": 100, "haut_rhin": 100})
    people = [row for tenant in ("eure", "haut_rhin") for row in read_accounts(state.accounts(tenant))]
    profiles = Counter(row["profile"] for row in people)
    assert profiles.keys() == {"pupil", "parent", "teacher", "staff"}
    assert len({row["password"] for row in people}) == len(people) == 200
    assert {row["mail"].partition("@")[2] for row in people} <= set(MAIL_DOMAINS)


def test_only_their_owner_reads_them(state: State) -> None:
    ensure_people(state, {"eure": 40})
    assert state.accounts("eure").stat().st_mode & 0o777 == 0o600
    assert state.people_secret.stat().st_mode & 0o777 == 0o600
