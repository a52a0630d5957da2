# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever happens to a run, and at whatever call: run again, the same final state."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from lab.pve.faults import Rule
from tests.crash.runs import (
    MACHINES,
    SPEED,
    Run,
    kill_at_call,
    killed_at_every_call,
    problems,
    provision,
    running,
    work_in,
)

MOST_CALLS = 200
"""More than any run of three guests sends."""

FAULTS = {
    "refused": {"action": "fail", "message": "storage 'vmdata' is not online"},
    "done and refused": {
        "action": "fail",
        "message": "got no worker upid - start worker failed",
        "after": True,
    },
    "lock busy": {
        "action": "fail",
        "message": "can't lock file '/var/lock/qemu-server/lock-9000.conf' - got timeout",
    },
    "proxy error": {"action": "fail", "status": 596, "message": "Broken pipe"},
    "cut": {"action": "cut"},
    "done and cut": {"action": "cut", "after": True},
    "task fails": {"action": "task-fail", "message": "no space left on device"},
    "answered too late": {"action": "delay", "seconds": 2.5 * SPEED},
}


def test_killed_at_any_call_a_run_is_completed_by_the_next(certificate: Path, tmp_path: Path) -> None:
    rows = list(killed_at_every_call(certificate, tmp_path))
    print("", *rows, sep="\n")

    assert len(rows) > 20
    assert [str(row) for row in rows if row.wrong] == []


@pytest.mark.parametrize("shared", [True, False], ids=["one plan file", "two copies of it"])
def test_two_operators_at_once_end_with_one_fleet(certificate: Path, tmp_path: Path, shared: bool) -> None:
    with running(certificate) as emulator:
        first = work_in(tmp_path / "first", emulator.settings())
        second = first if shared else work_in(tmp_path / "second", emulator.settings())
        runs = [Run(first), Run(second)]
        for run in runs:
            run.release()

        assert [run.end() for run in runs] == [0, 0]
        assert emulator.api.counters.by_call["POST /nodes/{node}/qemu/{vmid}/clone"] > len(MACHINES)
        assert problems(emulator, first) == []
        assert problems(emulator, second) == []


def test_two_operators_of_whom_one_is_killed(certificate: Path, tmp_path: Path) -> None:
    for number in (4, 8, 12, 16, 24):
        with running(certificate) as emulator:
            first = work_in(tmp_path / f"first-{number}", emulator.settings())
            second = work_in(tmp_path / f"second-{number}", emulator.settings())
            other = Run(second)
            other.release()
            kill_at_call(emulator, first, number)

            assert other.end() == 0
            assert problems(emulator, first) == []


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_any_call_is_told_or_mended_and_the_next_run_completes(
    certificate: Path, tmp_path: Path, kind: str
) -> None:
    wrong: list[tuple[int, list[str]]] = []
    number = 0
    for number in range(1, MOST_CALLS):
        with running(certificate) as emulator:
            work = work_in(tmp_path / str(number), emulator.settings())
            emulator.disturb(Rule.from_data({**FAULTS[kind], "nth": number}))
            try:
                calm = not provision(work).failures
            except RenfortError:
                calm = False
            met = emulator.disturbed()
            found = problems(emulator, work)
            if found:
                wrong.append((number, found))
            if calm and not met:
                break

    assert number > 20
    assert wrong == []
