# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets the machines be verified side by side, and the tests of one machine one after another."""

from __future__ import annotations

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Group the tests by the machine in their name: incidents of one must not meet tests of the same."""
    for item in items:
        machine = item.name.partition("[")[2].rstrip("]")
        item.add_marker(pytest.mark.xdist_group(machine or "none"))
