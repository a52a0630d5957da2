# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual addresses: whose each is, who takes it over, what moves when a machine joins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.core.vips import (
    Member,
    Move,
    Vip,
    homes,
    moves,
    orders,
    priorities,
    problems,
)

COUNTS = st.integers(min_value=1, max_value=24)


def named(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


@given(vips=COUNTS, members=COUNTS)
def test_each_machine_has_its_share(vips: int, members: int) -> None:
    found = homes(named("v", vips), named("m", members))
    shares = [list(found.values()).count(member) for member in named("m", members)]
    assert sum(shares) == vips
    # A machine that joins takes the address of its own place from whoever has it: so none moves but to it.
    assert max(shares) - min(shares) <= (1 if vips <= 8 else 2)


@given(vips=COUNTS, members=st.integers(min_value=1, max_value=23))
def test_a_machine_that_joins_moves_only_what_it_gets(vips: int, members: int) -> None:
    before = homes(named("v", vips), named("m", members))
    after = homes(named("v", vips), named("m", members + 1))
    moved = {vip for vip in after if before[vip] != after[vip]}
    assert all(after[vip] == f"m{members}" for vip in moved)
    assert len(moved) <= -(-vips // (members + 1))


@given(pairs=st.integers(min_value=1, max_value=12))
def test_doubling_machines_and_addresses_together_moves_none(pairs: int) -> None:
    before = homes(named("v", pairs), named("m", pairs))
    after = homes(named("v", 2 * pairs), named("m", 2 * pairs))
    assert {vip: after[vip] for vip in before} == before


@given(vips=COUNTS, members=st.integers(min_value=2, max_value=24))
def test_every_machine_takes_over_and_in_another_order(vips: int, members: int) -> None:
    found = orders(named("v", vips), named("m", members))
    at_home = homes(named("v", vips), named("m", members))
    for vip, order in found.items():
        assert order[0] == at_home[vip]
        assert sorted(order) == sorted(named("m", members))
    first = found["v0"][0]
    heirs = [order[1] for order in found.values() if order[0] == first]
    assert len(set(heirs)) == min(len(heirs), members - 1)
    assert all(1 <= value <= 254 for order in found.values() for value in priorities(order).values())


def test_an_address_moves_to_its_machine_when_both_are_well() -> None:
    vips, members = named("v", 3), named("m", 3)
    held = {"v0": ["m0"], "v1": ["m0"], "v2": ["m1"]}
    assert moves(vips, members, held=held, fit=members) == [
        Move(vip="v1", source="m0", target="m1"),
        Move(vip="v2", source="m1", target="m2"),
    ]
    assert moves(vips, members, held=held, fit=["m0", "m1"]) == [Move(vip="v1", source="m0", target="m1")]


def test_an_address_with_no_holder_or_two_is_left_alone() -> None:
    assert moves(["v0"], ["m0", "m1"], held={"v0": []}, fit=["m0", "m1"]) == []
    assert moves(["v0"], ["m0", "m1"], held={"v0": ["m0", "m1"]}, fit=["m0", "m1"]) == []


GOOD = Vip(name="portals", address="10.0.0.5/24")
MACHINES = [Member(name="a", address="10.0.0.11"), Member(name="b", address="10.0.0.12")]


def test_sound_addresses_have_no_problem() -> None:
    assert problems([GOOD], MACHINES, machine="a") == []


@pytest.mark.parametrize(
    ("vips", "members", "problem"),
    [
        (
            [Vip(name="portals", address="10.0.0.5")],
            MACHINES,
            "portals: the address 10.0.0.5 needs the length",
        ),
        ([Vip(name="portals", address="nonsense/24")], MACHINES, 'portals: "nonsense" is not an address'),
        ([Vip(name="portals", address="fd00::5/64")], MACHINES, 'portals: "fd00::5" is not an IPv4 address'),
        (
            [Vip(name="Portals 1", address="10.0.0.5/24")],
            MACHINES,
            "the name 'Portals 1' is not 1 to 16 small",
        ),
        ([GOOD, GOOD], MACHINES, "two addresses are named portals"),
        (
            [GOOD, Vip(name="mail", address="10.0.0.6/24", router_id=50)],
            MACHINES,
            "portals: the router_id 50 is not a number of its own from 1 to 255",
        ),
        ([GOOD], [*MACHINES, Member(name="c", address="10.0.0.5")], "c: its own address 10.0.0.5 cannot be"),
        ([GOOD], [*MACHINES, Member(name="a", address="10.0.0.13")], "two members are named a"),
        ([GOOD], MACHINES[1:], "the machine a is not among keepalived_members"),
    ],
)
def test_each_problem_is_one_sentence(vips: list[Vip], members: list[Member], problem: str) -> None:
    assert any(text.startswith(problem) for text in problems(vips, members, machine="a"))
