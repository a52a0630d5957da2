# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every plan, tried on fleets made by a generator with fixed seeds."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.addresses import to_number
from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.model import Inputs, Live
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from ansible_collections.ent.renfort.plugins.module_utils.core.sizing import size
from tests.unit.core import builders

SEEDS = range(40)


def fleet(seed: int) -> tuple[Inputs, dict[str, Any]]:
    """Return inputs of up to 6 tenants on up to 8 hypervisors, and a cluster with foreign guests."""
    dice = random.Random(seed)
    nodes = {
        f"h{number}": {
            "rack": f"r{dice.randint(1, 3)}",
            "cores": dice.choice([8, 16, 32]),
            "memory_mib": dice.choice([8192, 16384, 65536]),
            "reserved_memory_mib": dice.choice([0, 1024]),
            "bridges": dice.choice([["vmbr0", "vmbr1"], ["vmbr0", "vmbr1"], ["vmbr0"]]),
        }
        for number in range(dice.randint(2, 8))
    }
    nodes["h0"]["bridges"] = ["vmbr0", "vmbr1"]
    tenants = {
        f"t{number}": {
            "schools": 3,
            "portals": [f"t{number}.example"],
            "network": "alpha",
            "accounts": {"pupils": 900},
            "demand": {"concurrent_sessions": dice.randint(1, 9000)},
        }
        for number in range(dice.randint(1, 6))
    }
    haproxy = {
        "scope": "shared",
        "network": "front",
        "per_machine": {"connections": dice.randint(20, 200)},
        "minimum": 1,
        "cores": dice.choice([1, 4]),
        "memory_mib": dice.choice([1024, 3072]),
        "disk_gib": 8,
    }
    patch = {
        "stock": {"hypervisors": {**dict.fromkeys(("n1", "n2", "n3", "n4")), **nodes}},
        "tenants": {"alpha": None, **tenants},
        "capacity": {"tiers": {"haproxy": haproxy}},
        "networks": {
            "front": {"ranges": ["10.1.0.10-10.1.0.250"]},
            "alpha": {"ranges": ["10.1.1.0/24"], "reserved": ["10.1.1.16/28"]},
        },
    }
    guests = [
        {
            "vmid": 990 + number,
            "name": f"foreign-{number}",
            "node": dice.choice(list(nodes)),
            "memory_mib": 1000,
        }
        for number in range(dice.randint(0, 20))
    ]
    offline = [name for name in nodes if dice.random() < 0.15]
    return builders.inputs(patch), {"guests": guests, "offline": offline}


def provisioned(plan: Plan, cluster: dict[str, Any]) -> dict[str, Any]:
    """Return the cluster once every machine of the plan exists."""
    known = {guest["vmid"] for guest in cluster["guests"]}
    new = [builders.as_live(machine) for machine in plan.machines if machine.vmid not in known]
    return {**cluster, "guests": [*cluster["guests"], *new]}


def memory_by_host(machines: tuple[Machine, ...], live: Live) -> Counter[str]:
    used: Counter[str] = Counter()
    ids = {machine.vmid for machine in machines}
    for guest in live.guests:
        if guest.vmid not in ids:
            used[guest.node] += guest.memory_mib
    for machine in machines:
        used[machine.hypervisor] += machine.memory_mib
    return used


@pytest.fixture(params=SEEDS)
def planned(request: pytest.FixtureRequest) -> tuple[Inputs, dict[str, Any], Plan]:
    inputs, cluster = fleet(request.param)
    return inputs, cluster, make_plan(inputs, builders.live(inputs, cluster), Plan()).plan


Planned = tuple[Inputs, dict[str, Any], Plan]


def test_memory_is_never_overcommitted(planned: Planned) -> None:
    inputs, cluster, plan = planned
    live = builders.live(inputs, cluster)
    used = memory_by_host(plan.machines, live)
    hosts = {machine.hypervisor for machine in plan.machines}
    for node in inputs.stock.hypervisors:
        if node.name in hosts:
            assert used[node.name] <= node.memory_mib - node.reserved_memory_mib
            assert node.name not in cluster["offline"]


def test_names_ids_and_addresses_are_unique_and_allowed(planned: Planned) -> None:
    inputs, cluster, plan = planned
    foreign = {guest["vmid"] for guest in cluster["guests"]}
    for values in zip(*[(machine.name, machine.vmid, machine.ip) for machine in plan.machines], strict=True):
        assert len(set(values)) == len(plan.machines)
    for machine in plan.machines:
        network = inputs.networks["alpha" if machine.tier == "web" else "front"]
        number = to_number(machine.ip)
        assert any(number in span for span in network.ranges)
        assert not any(number in span for span in network.reserved)
        assert machine.ip not in (network.gateway, *network.nameservers, "10.1.1.0", "10.1.1.255")
        assert machine.vmid not in foreign
        assert 1000 <= machine.vmid <= 1999


def test_machines_and_shortages_make_up_the_need(planned: Planned) -> None:
    inputs, _cluster, plan = planned
    found = Counter((machine.tier, machine.tenant) for machine in plan.machines)
    found.update({(short.tier, short.tenant): short.missing for short in plan.shortages})
    needs = size(inputs.tenants, inputs.capacity).needs
    assert found == {(need.tier.tier, need.tenant): need.total for need in needs}


def test_a_shortage_means_that_nothing_fits(planned: Planned) -> None:
    inputs, cluster, plan = planned
    used = memory_by_host(plan.machines, builders.live(inputs, cluster))
    tiers = {tier.tier: tier for tier in inputs.capacity.tiers}
    vcpus: Counter[str] = Counter()
    for guest in cluster["guests"]:
        vcpus[guest["node"]] += 2
    for machine in plan.machines:
        vcpus[machine.hypervisor] += machine.cores
    for short in plan.shortages:
        tier = tiers[short.tier]
        bridge = inputs.networks["alpha" if short.tier == "web" else "front"].bridge
        for node in inputs.stock.hypervisors:
            if node.name not in cluster["offline"] and bridge in node.bridges:
                memory = node.memory_mib - node.reserved_memory_mib - used[node.name]
                assert memory < tier.memory_mib or node.cores * 4 - vcpus[node.name] < tier.cores


def test_planning_again_changes_nothing(planned: Planned) -> None:
    inputs, cluster, plan = planned
    assert make_plan(inputs, builders.live(inputs, cluster), plan).plan == plan
    done = builders.live(inputs, provisioned(plan, cluster))
    again = make_plan(inputs, done, plan)
    assert again.plan == plan
    assert again.changes == ()
    assert make_plan(inputs, done, Plan()).plan.machines == plan.machines


def test_the_order_of_the_input_does_not_matter(planned: Planned) -> None:
    inputs, cluster, plan = planned
    live = builders.live(inputs, cluster)
    mirrored = Live(hypervisors=live.hypervisors[::-1], guests=live.guests[::-1])
    assert make_plan(inputs, mirrored, Plan()).plan == plan


def test_more_demand_moves_nothing(planned: Planned) -> None:
    inputs, cluster, plan = planned
    done = builders.live(inputs, provisioned(plan, cluster))
    doubled = [
        replace(tenant, figure=replace(tenant.figure, value=tenant.figure.value * 2))
        for tenant in inputs.tenants
    ]
    grown = replace(inputs, tenants=tuple(doubled))
    after = {machine.name: machine for machine in make_plan(grown, done, plan).plan.machines}
    for machine in plan.machines:
        assert replace(after[machine.name], reason="") == replace(machine, reason="")


def test_planning_again_after_a_part_is_provisioned_moves_nothing(planned: Planned) -> None:
    inputs, cluster, plan = planned
    for step in (2, 3):
        some = Plan.of(machines=plan.machines[::step])
        half = builders.live(inputs, provisioned(some, cluster))
        again = make_plan(inputs, half, plan)
        assert again.plan == plan
        assert again.changes == ()


def test_a_plan_survives_its_data(planned: Planned) -> None:
    _inputs, _cluster, plan = planned
    assert Plan.from_data(plan.to_data(), file="fleet.yml") == plan


def test_groups_spread_evenly_where_there_is_room() -> None:
    inputs = builders.inputs({"tenants": {"alpha": {"demand": {"concurrent_sessions": 18500}}}})
    plan = make_plan(inputs, builders.live(inputs), Plan()).plan
    load = Counter(machine.hypervisor for machine in plan.machines)
    assert load == {"n1": 5, "n2": 5, "n3": 5, "n4": 5}
