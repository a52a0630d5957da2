# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verifies the machines side by side: each worker takes some machines and all the tests of these."""

from __future__ import annotations

import os

import pytest


def machine_of(item: pytest.Item) -> str:
    """The machine in the name of a test, such as podman://haproxy-13."""
    return item.name.partition("[")[2].rstrip("]")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what this worker does: incidents of one test must not meet another test of the same machine."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    machines = sorted({machine_of(item) for item in items})
    items[:] = [item for item in items if machines.index(machine_of(item)) % workers == int(worker)]
