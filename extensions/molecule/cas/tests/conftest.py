# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Browsers in front of the machines, and accounts."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from extensions.molecule.cas.tests.scenario import ACCOUNTS, ADDRESSES, FRONT, import_accounts
from lab.cas_browser import Browser


@pytest.fixture(scope="session")
def first_import() -> dict[str, int]:
    return import_accounts()


@pytest.fixture(scope="session")
def accounts(first_import: dict[str, int]) -> Callable[[str, int], str]:
    """Names of accounts by profile and number; each test takes numbers of its own."""
    assert sum(first_import.values()) == ACCOUNTS
    places = {"pupil": 0, "parent": 3, "teacher": 5, "staff": 6}
    return lambda profile, number: f"user-{number * 7 + places[profile]:06d}"


@pytest.fixture
def browser() -> Callable[..., Browser]:
    """A browser at a machine of the CAS, in the load balancer's place."""

    def opened(name: str, client: str = "192.0.2.1", language: str = "en") -> Browser:
        headers = {"X-Forwarded-Proto": "https", "X-Forwarded-For": client, "Accept-Language": language}
        return Browser(address=f"http://{ADDRESSES[name]}", host="portal.test", headers=headers)

    return opened


@pytest.fixture
def visitor() -> Callable[[], Browser]:
    """A browser at the load balancer, over TLS."""
    authority = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "ca.pem")
    return lambda: Browser(address=f"https://{FRONT}", host="portal.test", ca_file=str(authority))
