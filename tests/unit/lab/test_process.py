# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import asyncio

import pytest
import uvloop

from lab import process
from lab.errors import LabError


def test_a_command_gets_its_input_and_gives_its_output_and_status() -> None:
    ended = asyncio.run(process.attempt(["sh", "-c", "cat; echo oops >&2; exit 3"], stdin=b"hello"))
    assert (ended.code, ended.stdout, ended.complaint) == (3, b"hello", "oops")


def test_a_command_that_must_succeed_names_itself_and_its_last_words() -> None:
    with pytest.raises(LabError, match=r"`sh -c 'echo first; echo last >&2; exit 1'` failed: last"):
        asyncio.run(process.run(["sh", "-c", "echo first; echo last >&2; exit 1"]))


def test_a_missing_program_is_named() -> None:
    with pytest.raises(LabError, match="needs no-such-program and this host has none"):
        asyncio.run(process.attempt(["no-such-program"]))


def test_a_monitor_that_outlives_the_command_holds_nobody_up_under_the_emulators_event_loop() -> None:
    """The emulator runs on uvloop, whose own pipes would be inherited and kept open."""
    script = "sleep 5 < /dev/null > /dev/null 2>&1 & echo done"
    waited = asyncio.wait_for(process.attempt(["sh", "-c", script]), timeout=4)
    assert uvloop.run(waited).text == "done"


def test_many_commands_wait_side_by_side() -> None:
    async def together() -> list[process.Ended]:
        return await asyncio.gather(*(process.attempt(["echo", str(number)]) for number in range(20)))

    assert [ended.text for ended in asyncio.run(together())] == [str(number) for number in range(20)]
