# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest

from tests.integration.machine import Traces, operate, traces


@pytest.fixture(scope="session")
def before() -> Traces:
    """The machine before the lab: an earlier lab is ended first, since these tests are about a fresh one."""
    down = operate("make", "lab-down")
    assert down.returncode == 0, down.stdout + down.stderr
    return traces()
