# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines of the inventory as members of a cluster or servers of a service."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.ent.renfort.plugins.filter.members import members_filter

HOSTVARS = {
    "database-02": {"ansible_host": "10.83.30.12", "renfort_tier": "database"},
    "database-01": {"ansible_host": "10.83.30.11"},
    "lost": {},
}


def test_members_are_sorted_and_carry_nothing_but_name_and_address() -> None:
    assert members_filter(["database-02", "database-01", "database-02"], HOSTVARS) == [
        {"name": "database-01", "address": "10.83.30.11"},
        {"name": "database-02", "address": "10.83.30.12"},
    ]


def test_a_port_makes_them_servers() -> None:
    assert members_filter(["database-01"], HOSTVARS, port=6432) == [
        {"name": "database-01", "address": "10.83.30.11", "port": 6432}
    ]


def test_those_on_their_way_out_are_left_out() -> None:
    found = members_filter(["database-01", "database-02"], HOSTVARS, without=["database-01", "elsewhere"])
    assert [member["name"] for member in found] == ["database-02"]


def test_a_machine_without_address_is_named() -> None:
    with pytest.raises(AnsibleFilterError, match="lost has no ansible_host"):
        members_filter(["lost"], HOSTVARS)
