# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's inputs describe the lab's datacentre, and their reference describes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils import inputs as files
from ansible_collections.ent.renfort.plugins.module_utils.core.demand import tenant_demand
from ansible_collections.ent.renfort.plugins.module_utils.core.model import Unit
from ansible_collections.ent.renfort.plugins.module_utils.core.validation import Documents, parse_inputs
from tests.unit.core import builders

ROOT = Path(__file__).parents[3]
LAB = files.load_inputs(ROOT / "inventories" / "lab" / "group_vars" / "all")
DATACENTRE = builders.read(ROOT / "lab" / "datacentre.yml")
REFERENCE = (ROOT / "docs" / "reference" / "inputs.md").read_text(encoding="utf-8")


def test_hypervisors_are_the_nodes() -> None:
    stock = {
        node.name: {"cores": node.cores, "memory_mib": node.memory_mib, "rack": node.rack}
        for node in LAB.stock.hypervisors
    }
    assert stock == DATACENTRE["nodes"]
    assert all(set(node.bridges) == set(DATACENTRE["bridges"]) for node in LAB.stock.hypervisors)


def test_networks_are_those_of_the_bridges() -> None:
    networks = {
        network.bridge: (str(network.subnet), network.gateway, list(network.nameservers), network.name)
        for network in LAB.networks.values()
    }
    assert networks == {
        name: (bridge["subnet"], bridge["gateway"], bridge["nameservers"], bridge["comment"])
        for name, bridge in DATACENTRE["bridges"].items()
    }


def test_guests_are_made_from_the_template() -> None:
    template = DATACENTRE["templates"][0]
    settings = LAB.stock.guests
    assert (settings.template, settings.storage) == (template["vmid"], template["storage"])
    assert [settings.pool] == DATACENTRE["pools"]
    assert all(tier.disk_gib >= template["disk_gib"] for tier in LAB.capacity.tiers)


def test_the_published_figures_give_the_sessions() -> None:
    demand = {
        tenant.name: {unit: quantity.mid for unit, quantity in tenant_demand(tenant).quantities.items()}
        for tenant in LAB.tenants
    }
    assert demand["eure"][Unit.SESSIONS] == 15_000
    assert 11_300 < demand["haut_rhin"][Unit.SESSIONS] < 11_450
    assert all(2_000 < quantities[Unit.REQUESTS] < 4_000 for quantities in demand.values())


def example_blocks() -> dict[str, Any]:
    """Return the reference's YAML examples as one set of inputs, the traffic being the lab's."""
    found: dict[str, Any] = {}
    for block in re.findall(r"```yaml\n(.*?)```", REFERENCE, flags=re.DOTALL):
        found.update(yaml.safe_load(block))
    capacity = builders.read(ROOT / "inventories" / "lab" / "group_vars" / "all" / "capacity.yml")
    found["renfort_capacity"]["traffic"] = capacity["renfort_capacity"]["traffic"]
    return found


def test_the_examples_of_the_reference_are_accepted() -> None:
    found = example_blocks()
    names = ("tenants", "stock", "capacity", "networks")
    given = parse_inputs(Documents(**{name: found[f"renfort_{name}"] for name in names}))
    assert [tenant.name for tenant in given.tenants] == ["haut_rhin"]


def keys_of(value: object) -> Iterator[str]:
    """Yield the keys of all mappings, but for the names that people choose."""
    chosen = {
        "renfort_tenants",
        "renfort_networks",
        "hypervisors",
        "servers",
        "deliveries",
        "catalogue",
        "shared_storages",
        "storages",
        "measures",
    }
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            named = key in chosen and isinstance(inner, dict)
            below = [item for item in inner.values() if isinstance(item, dict)] if named else [inner]
            for item in below:
                yield from keys_of(item)


@pytest.mark.parametrize("inventory", ["lab", "example"])
@pytest.mark.parametrize("name", ["tenants", "stock", "capacity", "networks"])
def test_the_reference_names_every_key_in_use(inventory: str, name: str) -> None:
    data = builders.read(ROOT / "inventories" / inventory / "group_vars" / "all" / f"{name}.yml")
    used = set(keys_of(data))
    assert used
    assert [key for key in sorted(used) if not re.search(rf"\b{key}\b", REFERENCE)] == []
