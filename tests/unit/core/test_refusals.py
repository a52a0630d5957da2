# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input is refused with file, key, what is there and what is expected: refusals.yml, entry by entry."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError
from ansible_collections.ent.renfort.plugins.module_utils.core.validation import parse_inputs
from tests.unit.core import builders

REFUSALS: dict[str, Any] = builders.read(builders.HERE / "refusals.yml")


def test_base_is_accepted() -> None:
    assert [tenant.name for tenant in parse_inputs(builders.documents({})).tenants] == ["alpha"]


@pytest.mark.parametrize("name", REFUSALS)
def test_refusal(name: str) -> None:
    refusal = REFUSALS[name]
    with pytest.raises(InputError) as caught:
        parse_inputs(builders.documents(refusal["patch"]), today=refusal.get("today", ""))
    assert str(caught.value) == refusal["message"]


@pytest.mark.parametrize("top", ["tenants", "stock", "capacity", "networks"])
@pytest.mark.parametrize("value", [None, [], "text", 3])
def test_a_top_that_is_no_mapping_is_refused(top: str, value: object) -> None:
    documents = builders.documents({})
    changed = {name: getattr(documents, name) for name in ("tenants", "stock", "capacity", "networks")}
    with pytest.raises(InputError, match=rf"^{top}\.yml: renfort_{top}: .* is not a mapping"):
        parse_inputs(type(documents)(**{**changed, top: value}))
