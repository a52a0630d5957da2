# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read from NetBox is what the planner takes: the documents that a real NetBox gave."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.model import Inputs
from ansible_collections.ent.renfort.plugins.module_utils.core.validation import Documents, parse_inputs
from tests.unit.core import builders

# tests/netbox asserts that a real NetBox gives exactly this.
READ: dict[str, Any] = yaml.safe_load(
    (Path(__file__).parents[2] / "netbox" / "expected.yml").read_text(encoding="utf-8")
)


def parsed() -> Inputs:
    base = builders.documents({"tenants": {"alpha": {"network": "haut_rhin"}}})
    assert isinstance(base.stock, dict)
    settings = {"guests": base.stock["guests"]}
    return parse_inputs(
        Documents(
            tenants=base.tenants,
            capacity=base.capacity,
            stock=settings | READ["stock"],
            networks=READ["networks"],
        ),
        today="2020-04-01",
    )


def test_the_planner_takes_every_hypervisor_server_and_delivery() -> None:
    stock = parsed().stock

    assert [node.name for node in stock.hypervisors] == list(READ["stock"]["hypervisors"])
    assert [server.name for server in stock.servers] == list(READ["stock"]["servers"])
    assert [delivery.name for delivery in stock.deliveries] == list(READ["stock"]["deliveries"])


def test_figures_places_and_dates_arrive() -> None:
    stock = parsed().stock
    pve1, shelf, supplier_a, supplier_b = (
        stock.hypervisors[0],
        stock.servers[1],
        stock.deliveries[0],
        stock.deliveries[1],
    )

    assert (pve1.site, pve1.rack, pve1.bridges) == ("nord", "n1", ("vmbr0", "vmbr1"))
    assert pve1.storages == {"fast": 500, "vmdata": 4000}
    assert (shelf.rack, shelf.form.cores, shelf.form.disk_gib, shelf.form.nics) == ("n2", 64, 4000, 3)
    assert (supplier_a.servers, supplier_a.earliest, supplier_a.latest) == (10, "2020-04-06", "2020-04-20")
    assert (supplier_b.earliest, supplier_b.latest) == ("", "")


def test_the_networks_arrive() -> None:
    front = parsed().networks["front"]

    assert str(front.subnet) == "10.90.0.0/22"
    assert [str(span) for span in front.reserved] == [
        "10.90.1.0-10.90.1.15",
        "10.90.2.7-10.90.2.8",
        "10.90.3.200-10.90.3.239",
    ]
