# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every testinfra test of a scenario on each of its machines, or on those that its module names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml


def pytest_configure(config: pytest.Config) -> None:
    """Reach the machines as their names say: Molecule asks for connections by Ansible, which take longer."""
    if os.environ.get("MOLECULE_FILE") and not config.getoption("hosts"):
        config.option.connection = None


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Name the machines of the scenario that Molecule is verifying, where a module names none.

    Not by --hosts, which the plugin would take before what a module says.
    """
    scenario = os.environ.get("MOLECULE_FILE")
    if scenario and not hasattr(metafunc.module, "testinfra_hosts"):
        platforms = yaml.safe_load(Path(scenario).read_text(encoding="utf-8"))["platforms"]
        metafunc.module.testinfra_hosts = [f"podman://{platform['name']}" for platform in platforms]
