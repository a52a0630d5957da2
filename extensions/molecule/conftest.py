# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every testinfra test of a scenario on each of its machines."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml


def pytest_configure(config: pytest.Config) -> None:
    """Take the machines from the scenario that Molecule is verifying, unless --hosts names some."""
    scenario = os.environ.get("MOLECULE_FILE")
    if scenario and not config.getoption("hosts"):
        platforms = yaml.safe_load(Path(scenario).read_text(encoding="utf-8"))["platforms"]
        config.option.hosts = ",".join(f"podman://{platform['name']}" for platform in platforms)
        config.option.connection = None
