# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One replay for all tests, and the share of what matched at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .replay import Outcome, Replay, recordings

RESULTS: dict[str, list[Outcome]] = {}


class Results:
    """The outcomes of a recording, replayed after all those before it."""

    def __init__(self) -> None:
        self._replay: Replay | None = None
        self._files = iter(recordings())

    def of(self, file: str) -> list[Outcome]:
        """The outcomes of one recording."""
        if self._replay is None:
            self._replay = Replay.begin()
        while file not in RESULTS:
            name = next(self._files)
            RESULTS[name] = self._replay.play(name)
        return RESULTS[file]

    def close(self) -> None:
        """End the emulator."""
        if self._replay is not None:
            self._replay.background.close()


@pytest.fixture(scope="session")
def results() -> Iterator[Results]:
    """The outcomes, made when they are asked for."""
    found = Results()
    yield found
    found.close()


def share(outcomes: list[Outcome]) -> tuple[int, int]:
    """Matching and compared exchanges."""
    compared = [outcome for outcome in outcomes if not outcome.out_of_scope]
    return sum(not outcome.differences for outcome in compared), len(compared)


def report(outcomes: list[Outcome]) -> str:
    """What differs, exchange by exchange."""
    return "".join(
        f"  {outcome.exchange.label} [{outcome.exchange.data['method']} {outcome.exchange.path}]\n"
        + "".join(f"      {text}\n" for text in (*outcome.differences, *outcome.texts))
        for outcome in outcomes
        if outcome.differences or (outcome.texts and not outcome.out_of_scope)
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the matched share by recording, and of all."""
    if not RESULTS:
        return
    terminalreporter.section("conformance with the recorded Proxmox VE 8.4")
    everything = [outcome for outcomes in RESULTS.values() for outcome in outcomes]
    for file, outcomes in RESULTS.items():
        matched, compared = share(outcomes)
        terminalreporter.write_line(f"{file:28} {matched:4} of {compared:4} match")
        if terminalreporter.verbosity > 0:
            terminalreporter.write(report(outcomes))
    matched, compared = share(everything)
    exact = sum(not o.differences and not o.texts for o in everything if not o.out_of_scope)
    left = len(everything) - compared
    terminalreporter.write_line(
        f"{'all':28} {matched:4} of {compared:4} match: {matched / max(1, compared):.1%}"
        f" ({exact} with every text of `errors`); {left} out of scope"
    )
