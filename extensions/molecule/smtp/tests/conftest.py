# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from testinfra.host import Host

from extensions.molecule.smtp.tests.parts import machine


@pytest.fixture
def relay() -> Iterator[Host]:
    """A relay that is switched as usual, before and after."""
    found = machine("smtp-1")
    yield found
    found.check_output("renfort-smtp release && renfort-smtp undrain")
