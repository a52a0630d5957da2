# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import multiprocessing
import os
import stat
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.journal_facts import (
    commit_of,
    plan_file,
    process_start,
    sha256_of,
    user_name,
)
from ansible_collections.ent.renfort.plugins.module_utils.journal_file import (
    MIB,
    JournalFile,
    journal_path,
    read_records,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.jsonl"


def write_many(path: Path, writer: int, count: int) -> None:
    journal = JournalFile(path, max_mib=64)
    for number in range(count):
        journal.append({"writer": writer, "number": number, "text": "é" * (writer * 997 % 6000)})


def test_a_journal_is_made_private_and_added_to(path: Path) -> None:
    JournalFile(path, max_mib=1).append({"a": 1})
    JournalFile(path, max_mib=1).append({"b": "ü"})

    assert list(read_records(path)) == [{"a": 1}, {"b": "ü"}]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_lines_of_runs_at_once_never_mix(path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_many, args=(path, number, 300)) for number in (1, 2, 3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)

    records = list(read_records(path))

    assert len(records) == 900
    for number in (1, 2, 3):
        own = [it["number"] for it in records if isinstance(it, dict) and it["writer"] == number]
        assert own == list(range(300))


def test_a_half_line_harms_no_line_after_it(path: Path) -> None:
    journal = JournalFile(path, max_mib=1)
    journal.append({"a": 1})
    journal.close()
    with path.open("a") as handle:
        handle.write('{"v":1,"ev')

    JournalFile(path, max_mib=1).append({"b": 2})

    assert list(read_records(path)) == [{"a": 1}, None, {"b": 2}]


def test_a_large_journal_is_set_aside_when_a_run_begins_and_still_read(path: Path) -> None:
    going_on = JournalFile(path, max_mib=1)
    going_on.append({"text": "x" * MIB})

    JournalFile(path, max_mib=1).append({"new": 1})
    going_on.append({"still": 1})

    assert [next(iter(record)) for record in read_records(path) if isinstance(record, dict)] == [
        "text",
        "still",
        "new",
    ]
    assert path.read_text() == '{"new":1}\n'
    assert path.with_name("journal.jsonl.1").exists()


def test_only_one_of_two_runs_sets_a_large_journal_aside(path: Path) -> None:
    JournalFile(path, max_mib=1).append({"text": "x" * MIB})
    late = JournalFile(path, max_mib=1)
    handle = late._open_file()
    JournalFile(path, max_mib=1).append({"new": 1})

    late._set_aside(handle)

    assert path.read_text() == '{"new":1}\n'


@pytest.mark.parametrize("place", ["a file/journal.jsonl", "a folder"])
def test_what_cannot_be_written_is_named_with_a_hint(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").touch()
    (tmp_path / "a folder").mkdir()

    with pytest.raises(RenfortError, match="RENFORT_JOURNAL") as caught:
        JournalFile(tmp_path / place, max_mib=1).append({"a": 1})

    assert str(tmp_path / place) in str(caught.value)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_is_an_error_of_ours() -> None:
    with pytest.raises(RenfortError, match="No space left"):
        JournalFile(Path("/dev/full"), max_mib=1).append({"a": 1})


def test_a_journal_that_is_missing_is_empty_and_one_that_is_a_folder_is_refused(tmp_path: Path) -> None:
    assert list(read_records(tmp_path / "none")) == []
    with pytest.raises(RenfortError, match="Cannot read"):
        list(read_records(tmp_path))


def test_the_environment_says_where_the_journal_is() -> None:
    assert journal_path({"RENFORT_JOURNAL": "/var/log/journal.jsonl"}) == Path("/var/log/journal.jsonl")
    assert journal_path({"RENFORT_JOURNAL": "", "XDG_STATE_HOME": "/state"}) is None
    assert journal_path({"XDG_STATE_HOME": "/state"}) == Path("/state/renfort/journal.jsonl")
    assert journal_path({}) == Path.home() / ".local/state/renfort/journal.jsonl"


def test_the_plan_is_that_which_is_stated_or_that_of_the_inventory(tmp_path: Path) -> None:
    plan = tmp_path / "lab/group_vars/all/fleet.yml"
    plan.parent.mkdir(parents=True)
    plan.write_text("renfort_fleet: {}\n")
    source = tmp_path / "lab/pve.fleet.yml"
    source.touch()

    assert plan_file([str(tmp_path / "none"), str(tmp_path / "lab")], "") == plan
    assert plan_file([str(source)], "") == plan
    assert plan_file([str(tmp_path)], "/elsewhere.yml") == Path("/elsewhere.yml")
    assert plan_file(["localhost,"], "") is None
    assert sha256_of(plan) == hashlib.sha256(plan.read_bytes()).hexdigest()
    assert sha256_of(tmp_path / "none") == sha256_of(None) == ""


def test_the_person_behind_sudo_is_named() -> None:
    own = user_name({})

    assert user_name({"SUDO_USER": "marie"}) == f"{own} (marie)"
    assert user_name({"SUDO_USER": own}) == own


def test_the_commit_is_that_of_awx_or_git_or_none(tmp_path: Path) -> None:
    assert commit_of(tmp_path, {"PROJECT_REVISION": "abc"}) == "abc"
    assert commit_of(tmp_path, {}) == ""


def test_a_process_is_known_by_its_start() -> None:
    assert process_start(os.getpid()) == process_start(os.getpid()) > 0
    assert process_start(2**22 + 1) == 0
