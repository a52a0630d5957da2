# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of the lab: the machine is as it was before the first test."""

from __future__ import annotations

from tests.integration.machine import Traces, operate, traces


def test_lab_down_leaves_nothing_behind(before: Traces) -> None:
    down = operate("make", "lab-down")

    assert down.returncode == 0, down.stdout + down.stderr
    assert traces() == before
    assert "rf-" not in operate("ip", "route", "get", "10.83.0.11").stdout
