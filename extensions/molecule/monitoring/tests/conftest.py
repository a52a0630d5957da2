# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machine that is watched, for the tests of those that watch it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import testinfra
from testinfra.host import Host


@pytest.fixture(scope="session")
def watched() -> Host:
    """A load balancer, where the receiver of calls also is."""
    return testinfra.get_host("podman://monitoring-watched")


@pytest.fixture(scope="session")
def silence(watched: Host) -> Iterator[float]:
    """When the watched machine fell silent. An alert takes a minute of that; other tests use it meanwhile."""
    began = time.time()
    watched.check_output("systemctl stop prometheus-node-exporter")
    yield began
    watched.check_output("systemctl start prometheus-node-exporter")
