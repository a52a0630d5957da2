# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan as data: what is refused, what its changes say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan, Shortage
from tests.unit.core import builders

ROWS = [
    {"name": "alpha-web-01", "vmid": 1000, "hypervisor": "n1", "address": "10.1.1.10/24"},
    {"name": "alpha-web-02", "vmid": 1001, "hypervisor": "n2", "address": "10.1.1.11/24"},
]


def data(**patch: Any) -> dict[str, Any]:
    """Return a plan of two machines as data, with fields of the second one replaced or (None) removed."""
    result = builders.plan(ROWS).to_data()
    result["machines"][1] = builders.merged(result["machines"][1], patch)
    return result


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        ({"name": "alpha-web-01"}, "machines[1].name: alpha-web-01 is also that of alpha-web-01"),
        ({"vmid": 1000}, "machines[1].vmid: 1000 is also that of alpha-web-01"),
        ({"address": "10.1.1.10/24"}, "machines[1].address: 10.1.1.10 is also that of alpha-web-01"),
        ({"vmid": None}, "machines[1].vmid: this key is missing"),
        ({"vmid": 99}, "machines[1].vmid: 99 is out of bounds"),
        ({"reasons": "x"}, "machines[1].reasons: this key is not known here"),
        ({"tier": "wep"}, 'machines[1].tier: "wep" is not known. Expected "web" (did you mean that?)'),
        ({"tenant": "Al-pha"}, 'machines[1].tenant: "Al-pha" is not valid'),
        ({"address": "10.1.1.11"}, 'machines[1].address: "10.1.1.11" has no prefix length'),
        ({"address": "10.1.1.0/24"}, 'machines[1].address: "10.1.1.0/24" is not the address of a machine'),
        ({"address": "10.1.1.300/24"}, 'machines[1].address: "10.1.1.300" is not an address'),
        ({"gateway": "gw"}, 'machines[1].gateway: "gw" is not an address'),
        ({"nameservers": ["10.1.1.1", "dns"]}, 'machines[1].nameservers[1]: "dns" is not an address'),
        ({"name": "alpha_web"}, 'machines[1].name: "alpha_web" is not valid'),
        ({"memory_mib": "2G"}, "machines[1].memory_mib: the text '2G' is not an integer"),
        ({"data_disk_gib": 0}, "machines[1].data_disk_gib: 0 is out of bounds"),
    ],
)
def test_a_wrong_machine_is_refused(patch: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        Plan.from_data(data(**patch), file="fleet.yml")
    assert str(caught.value).startswith(f"fleet.yml: renfort_fleet.{message}")


def test_a_data_disk_is_written_where_there_is_one_and_read_back() -> None:
    plan = Plan.from_data(data(data_disk_gib=1600), file="fleet.yml")

    assert [machine.data_disk_gib for machine in plan.machines] == [0, 1600]
    assert [row.get("data_disk_gib") for row in plan.to_data()["machines"]] == [None, 1600]
    assert Plan.from_data(plan.to_data(), file="fleet.yml") == plan


@pytest.mark.parametrize(
    ("top", "message"),
    [
        (None, "fleet.yml: renfort_fleet: nothing is not a mapping"),
        (
            {"version": 4, "machines": [], "shortages": []},
            "fleet.yml: renfort_fleet.version: 4 is not readable",
        ),
        ({"version": 1, "shortages": []}, "fleet.yml: renfort_fleet.machines: this key is missing"),
        (
            {"version": 1, "machines": [3], "shortages": []},
            "fleet.yml: renfort_fleet.machines[0]: the integer 3",
        ),
    ],
)
def test_a_wrong_top_is_refused(top: object, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Plan.from_data(top, file="fleet.yml")
    assert str(caught.value).startswith(message)


def test_machines_stand_in_the_order_of_tier_tenant_and_number() -> None:
    shared = {"tier": "haproxy", "tenant": "", "hypervisor": "n1"}
    names = ["beta-web-01", "alpha-web-10", "alpha-web-9", "haproxy-02"]
    rows = [
        {
            "name": name,
            "vmid": 1000 + number,
            "address": f"10.1.1.{10 + number}/24",
            "hypervisor": "n1",
            "tenant": name.split("-")[0],
            **(shared if name.startswith("haproxy") else {}),
        }
        for number, name in enumerate(names)
    ]
    ordered = [machine.name for machine in builders.plan(rows).machines]
    assert ordered == ["haproxy-02", "alpha-web-9", "alpha-web-10", "beta-web-01"]


def test_changes_name_what_differs() -> None:
    before = builders.plan(ROWS)
    first, second = before.machines
    third = replace(second, name="alpha-web-03", vmid=1002, address="10.1.1.12/24", reason="new")
    fourth = replace(second, name="alpha-web-04", vmid=1003, address="10.1.1.13/24", reason="was there")
    after = Plan.of(machines=[replace(first, hypervisor="n4", cores=4), third, fourth])
    changes = [(c.action, c.machine, c.reason) for c in after.changes_from(before, existing={"alpha-web-04"})]
    assert changes == [
        ("change", "alpha-web-01", "hypervisor: n1 -> n4; cores: 2 -> 4"),
        ("add", "alpha-web-03", "new"),
        ("adopt", "alpha-web-04", "was there"),
        ("remove", "alpha-web-02", "does not exist yet and is not asked for any more"),
    ]
    assert after.changes_from(after) == ()


def test_a_machine_that_lost_its_place_says_so() -> None:
    before = builders.plan(ROWS)
    short = Shortage(
        tier="web", tenant="alpha", missing=1, memory_mib=2048, reason="full", advice="", until=""
    )
    after = Plan.of(machines=before.machines[:1], shortages=[short])
    reasons = [change.reason for change in after.changes_from(before)]
    assert reasons == ["does not exist yet and finds no place any more"]


def test_tags_say_what_the_inventory_must_know() -> None:
    assert builders.plan(ROWS).machines[0].tags == ("ip-10.1.1.10", "renfort", "tenant-alpha", "tier-web")
