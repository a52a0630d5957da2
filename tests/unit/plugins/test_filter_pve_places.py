# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The places of the guests, as the filter names them from the inputs."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter.pve_places import pve_places

STOCK: dict[str, Any] = {"guests": {"template": 9000, "storage": "vmdata", "pool": "renfort"}}
CAPACITY: dict[str, Any] = {"tiers": {"web": {}, "database": {"template": 9001, "storage": "flash"}}}
NETWORKS: dict[str, Any] = {"front": {"bridge": "vmbr0"}, "a": {"bridge": "vmbr2"}, "b": {"bridge": "vmbr2"}}


def test_the_guests_places_and_those_of_the_tiers_are_named_once() -> None:
    assert pve_places(STOCK, CAPACITY, NETWORKS) == {
        "pools": ["renfort"],
        "templates": [9000, 9001],
        "storages": ["flash", "vmdata"],
        "bridges": ["vmbr0", "vmbr2"],
    }


def test_a_stock_whose_tiers_all_have_a_template_needs_no_other() -> None:
    stock = {"guests": {"storage": "vmdata", "pool": "renfort"}}

    assert pve_places(stock, CAPACITY, NETWORKS)["templates"] == [9001]


@pytest.mark.parametrize(
    ("stock", "networks"),
    [({}, NETWORKS), (STOCK, {"front": {}}), (STOCK, None), ({"guests": None}, NETWORKS)],
)
def test_inputs_without_the_keys_are_refused_with_what_is_expected(stock: Any, networks: Any) -> None:
    with pytest.raises(AnsibleFilterError, match=r"Expected the keys guests"):
        pve_places(stock, CAPACITY, networks)
