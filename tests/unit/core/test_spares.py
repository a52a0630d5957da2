# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other ids and addresses for machines whose own somebody took."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError, PlanError
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.plan_records import SpareIds, SpareNetwork
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from ansible_collections.ent.renfort.plugins.module_utils.core.spares import Wanted, reassign
from tests.unit.core.test_invariants import builders, fleet
from tests.unit.machines import machine

NETWORK = SpareNetwork(
    name="eure", cidr="10.83.20.0/24", ranges=("10.83.20.11-10.83.20.16",), reserved=("10.83.20.15",)
)

MACHINES = [machine(number, nameservers=("10.83.20.14",)) for number in (1, 2)]

PLAN = Plan.of(machines=MACHINES, ids=[SpareIds(first=2001, last=2005)], networks=[NETWORK])


def test_a_taken_id_is_replaced_by_the_lowest_that_is_free() -> None:
    new = reassign(PLAN, {"eure-web-02": Wanted(what="id", value="2002")}, ids={2002, 2003}, addresses=())

    assert [it.vmid for it in new.machines] == [2001, 2004]
    assert replace(new, machines=PLAN.machines) == PLAN


def test_a_taken_address_is_replaced_by_one_of_its_network_that_nobody_has() -> None:
    """.13 is taken, .14 is the name server, .15 is reserved."""
    wanted = {"eure-web-02": Wanted(what="address", value="10.83.20.12")}

    new = reassign(PLAN, wanted, ids=(), addresses={"10.83.20.12", "10.83.20.13"})

    assert [it.address for it in new.machines] == ["10.83.20.11/24", "10.83.20.16/24"]
    assert "ip-10.83.20.16" in new.machines[1].tags


def test_several_machines_get_different_ones() -> None:
    wanted = {it.name: Wanted(what="id", value=str(it.vmid)) for it in PLAN.machines}

    assert [it.vmid for it in reassign(PLAN, wanted, ids={2001, 2002}, addresses=()).machines] == [2003, 2004]


def test_what_somebody_else_replaced_already_is_kept() -> None:
    stale = {
        "eure-web-01": Wanted(what="id", value="1999"),
        "eure-web-02": Wanted(what="address", value="10.83.20.9"),
    }

    assert reassign(PLAN, stale, ids={2001, 2002}, addresses=()) == PLAN


def test_a_machine_that_is_not_planned_any_more_is_refused() -> None:
    with pytest.raises(PlanError, match="eure-web-09 is not in the plan any more"):
        reassign(PLAN, {"eure-web-09": Wanted(what="id", value="1")}, ids=(), addresses=())


@pytest.mark.parametrize("what", ["id", "address"])
def test_when_all_are_taken_it_says_so(what: str) -> None:
    value = {"id": "2001", "address": "10.83.20.11"}[what]
    everything = {f"10.83.20.{number}" for number in range(256)}

    with pytest.raises(InputError, match="free any more"):
        reassign(
            PLAN,
            {"eure-web-01": Wanted(what=what, value=value)},
            ids=set(range(2001, 2006)),
            addresses=everything,
        )


@pytest.mark.parametrize(("what", "value"), [("id", "2001"), ("address", "10.83.20.11")])
def test_an_older_plan_must_be_made_anew(what: str, value: str) -> None:
    old = replace(PLAN, ids=(), networks=())

    with pytest.raises(PlanError, match=f"The {what} {value} of eure-web-01 is taken"):
        reassign(old, {"eure-web-01": Wanted(what=what, value=value)}, ids={2001}, addresses=())


def test_the_planner_tells_where_to_take_them_from_and_the_file_keeps_it() -> None:
    inputs, cluster = fleet(3)
    plan = make_plan(inputs, builders.live(inputs, cluster), Plan()).plan

    assert Plan.from_data({**plan.to_data()}, file="fleet.yml") == plan
    guests = inputs.stock.guests
    assert [(it.first, it.last) for it in plan.ids] == [(guests.first_vmid, guests.last_vmid)]
    assert [it.name for it in plan.networks] == sorted(inputs.networks)


@pytest.mark.parametrize(
    ("key", "rows", "words"),
    [
        ("ids", [{"first": 2000, "last": 1999}], ["renfort_fleet.ids[0].last", "2000"]),
        (
            "networks",
            [{"name": "x", "cidr": "10.0.0.1/24", "ranges": [], "reserved": []}],
            ["renfort_fleet.networks[0].cidr"],
        ),
        (
            "networks",
            [{"name": "x", "cidr": "10.0.0.0/24", "ranges": ["ten"], "reserved": []}],
            ["renfort_fleet.networks[0].ranges[0]", "ten"],
        ),
    ],
)
def test_spares_that_make_no_sense_are_refused(key: str, rows: list[object], words: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        Plan.from_data(PLAN.to_data() | {key: rows}, file="fleet.yml")

    assert [word for word in words if word not in str(caught.value)] == []
