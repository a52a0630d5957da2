# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that is watched, for the tests of those that watch it."""

from __future__ import annotations

import pytest
import testinfra
from testinfra.host import Host


@pytest.fixture(scope="session")
def watched() -> Host:
    """A load balancer, where the receiver of calls also is."""
    return testinfra.get_host("podman://monitoring-watched")
