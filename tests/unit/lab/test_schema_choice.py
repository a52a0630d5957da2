# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another release's description in place of the one that comes with the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lab.pve.errors import ParameterError
from lab.pve.schema import DEFAULT, choose, default_schema
from lab.pve.verify import Verifier

CREATE = ("POST", "/nodes/{node}/qemu")


@pytest.fixture
def later_release(tmp_path: Path) -> Iterator[Path]:
    """A description in which a guest can have `turbo`, and numbered `fpga` cards."""
    description: dict[str, Any] = json.loads(DEFAULT.read_text())
    options = description["/nodes/{node}/qemu"]["POST"]["parameters"]["properties"]
    options["turbo"] = {"type": "integer", "minimum": 1, "maximum": 9, "optional": 1}
    options["fpga[n]"] = {"type": "string", "optional": 1}
    path = tmp_path / "pve-later.json"
    path.write_text(json.dumps(description))
    yield path
    choose(DEFAULT)


def verify(**params: str) -> dict[str, Any]:
    schema = default_schema()
    return Verifier(schema).verify(schema.methods[CREATE], {"node": "pve1", "vmid": "100"} | params)


def test_a_later_release_s_options_are_known_and_verified(later_release: Path) -> None:
    with pytest.raises(ParameterError, match="Parameter verification failed"):
        verify(turbo="3")

    choose(later_release)

    assert verify(turbo="3", fpga2="x")["turbo"] == 3
    with pytest.raises(ParameterError) as refused:
        verify(turbo="10")
    assert refused.value.errors == {"turbo": "value must have a maximum value of 9"}


def test_a_description_that_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    before = default_schema()

    with pytest.raises(OSError, match="nowhere"):
        choose(tmp_path / "nowhere.json")

    assert default_schema() is before
