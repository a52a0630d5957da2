# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.journal import (
    End,
    Event,
    ObjectChange,
    Start,
    TaskEnd,
    record_of,
)
from ansible_collections.ent.renfort.plugins.module_utils.journal_facts import process_start, sha256_of
from ansible_collections.ent.renfort.plugins.module_utils.journal_file import JournalFile
from scripts.cli.journal import moment
from scripts.cli.journal_view import took
from scripts.cli.main import main

DAYS = {"20200316T080000-aaaaaa": 16, "20200317T080000-bbbbbb": 17, "20200318T080000-cccccc": 18}


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs: one that went well and wrote the plan, one that failed, one that was killed."""
    plan = tmp_path / "fleet.yml"
    plan.write_text("renfort_fleet: {}\n")
    path = tmp_path / "journal.jsonl"
    monkeypatch.setenv("RENFORT_JOURNAL", str(path))
    start = Start(
        playbook="playbooks/surge.yml", inventory=("inventories/lab",), user="marie", controller="ctl",
        extra_vars=("secret",), plan=str(plan), plan_sha256="0" * 64,
    )  # fmt: skip
    guest = ObjectChange(host="localhost", object="eure-web-04", action="clone", reason="is missing")
    failure = TaskEnd(host="eure-web-02", task="Start nginx", role="web", result="failed", message="no port")
    events: dict[str, list[Event]] = {
        "20200316T080000-aaaaaa": [
            start,
            guest,
            End(result="ok", seconds=187, hosts=1, ok=5, changed=2, plan_sha256=sha256_of(plan)),
        ],
        "20200317T080000-bbbbbb": [start, failure, End(result="failed", seconds=3, failed=1)],
        "20200318T080000-cccccc": [start],
    }
    file = JournalFile(path, max_mib=1)
    for run, said in events.items():
        for event in said:
            file.append(record_of(event, run=run, at=f"2020-03-{DAYS[run]}T08:00:00.000+00:00"))
    return path


def shown(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["journal", *options]) == 0
    return [line for line in capsys.readouterr().out.splitlines() if line.strip()]


def ids(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    return [run["id"][-6:] for run in json.loads("\n".join(shown(capsys, "--json", *options)))]


@pytest.mark.usefixtures("journal")
def test_the_list_has_one_row_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [line.split() for line in shown(capsys)[2:]]

    assert [(row[0], row[-1]) for row in rows] == [
        ("aaaaaa", "ok"),
        ("bbbbbb", "failed"),
        ("cccccc", "unfinished"),
    ]
    assert " ".join(rows[0][3:-1]) == "marie surge on lab 2 0 3 min 07 s"


@pytest.mark.usefixtures("journal")
def test_the_options_choose_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(capsys, "--failed") == ["bbbbbb", "cccccc"]
    assert ids(capsys, "--host", "eure-web-04") == ["aaaaaa"]
    assert ids(capsys, "--host", "eure-web-02") == ["bbbbbb"]
    assert ids(capsys, "--since", "2020-03-17T07:00:00+00:00") == ["bbbbbb", "cccccc"]
    assert ids(capsys, "-n", "1") == ids(capsys, "--run", "last") == ["cccccc"]
    assert ids(capsys, "--since", "7d") == []


@pytest.mark.usefixtures("journal")
def test_a_run_is_found_by_either_end_of_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    assert ids(capsys, "--run", "20200317") == ids(capsys, "--run", "bbbbbb") == ["bbbbbb"]
    assert main(["journal", "--run", "2020"]) == 1
    assert "3 runs called '2020'" in capsys.readouterr().err
    assert main(["journal", "--run", "x"]) == 1
    assert "no runs called 'x'" in capsys.readouterr().err


@pytest.mark.usefixtures("journal")
def test_a_run_in_full_tells_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "--run", "bbbbbb")

    assert "extra variables: secret" in lines
    assert lines[-1].split(maxsplit=1) == ["failed", "eure-web-02: web | Start nginx (0.0 s): no port"]


def test_the_digest_tells_what_became_of_the_plan(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def plan_line() -> str:
        return next(line for line in shown(capsys, "--run", "aaaaaa") if line.startswith("plan:"))

    assert plan_line().endswith("written by this run, as it is now")
    (journal.parent / "fleet.yml").write_text("renfort_fleet: {version: 2}\n")
    assert plan_line().endswith("changed since")
    (journal.parent / "fleet.yml").unlink()
    assert plan_line().endswith("gone since")


def test_a_run_whose_process_is_there_is_running(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = Start(controller=socket.gethostname(), pid=os.getpid(), pid_start=process_start(os.getpid()))
    before = Start(controller=socket.gethostname(), pid=os.getpid(), pid_start=1)
    file = JournalFile(journal, max_mib=1)
    file.append(record_of(here, run="20200319T080000-dddddd", at="2020-03-19T08:00:00.000+00:00"))
    file.append(record_of(before, run="20200320T080000-eeeeee", at="2020-03-20T08:00:00.000+00:00"))

    assert [line.split()[-1] for line in shown(capsys, "-n", "2")[2:]] == ["running", "unfinished"]
    assert ids(capsys, "--failed", "-n", "1") == ["eeeeee"]


def test_what_cannot_be_read_is_counted_and_left_out(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with journal.open("a") as handle:
        handle.write('{"v":99,"run":"x"}\n{"v":1,"ev')

    assert main(["journal", "--json"]) == 0

    output = capsys.readouterr()
    assert len(json.loads(output.out)) == 3
    assert "no records and were left out: 1." in output.err
    assert "a newer Renfort wrote and were left out: 1." in output.err


def test_no_journal_yet_is_no_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "--file", str(tmp_path / "none.jsonl")]) == 0
    output = capsys.readouterr()
    assert "there is no journal" in output.err
    assert output.out == "No run.\n"


def test_a_journal_that_is_off_or_unreadable_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["journal", "--file", str(tmp_path)]) == 1
    monkeypatch.setenv("RENFORT_JOURNAL", "")
    assert main(["journal"]) == 2
    assert "switched off" in capsys.readouterr().err


def test_a_wrong_moment_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["journal", "--since", "yesterday"])

    assert caught.value.code == 2
    assert "neither a date" in capsys.readouterr().err


def test_a_span_counts_back_from_now() -> None:
    age = datetime.now(UTC) - datetime.fromisoformat(moment("12h"))

    assert timedelta(hours=12) <= age < timedelta(hours=12, minutes=1)


def test_durations_are_read_easily() -> None:
    assert [took(seconds) for seconds in (4.21, 187, 7500)] == ["4.2 s", "3 min 07 s", "2 h 05 min"]
