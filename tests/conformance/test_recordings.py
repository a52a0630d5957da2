# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator answers as the recorded server did."""

from __future__ import annotations

import pytest

from .conftest import RESULTS, Results, report, share
from .replay import recordings

TARGET = 0.95
FILE_TARGET = 0.85
"""A recording on its own may lie lower than all together, but not by much."""


@pytest.mark.parametrize("file", recordings())
def test_recording(results: Results, file: str) -> None:
    outcomes = results.of(file)
    matched, compared = share(outcomes)
    assert compared, f"nothing of {file} is compared"
    assert matched >= FILE_TARGET * compared, f"{matched} of {compared} match:\n{report(outcomes)}"


def test_all_recordings_together(results: Results) -> None:
    for file in recordings():
        results.of(file)
    matched, compared = share([outcome for outcomes in RESULTS.values() for outcome in outcomes])
    assert matched >= TARGET * compared, f"only {matched} of {compared} exchanges match"
