# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of NetBox's rows, as data: each file of netbox_cases/ is one behaviour.

``given`` states of each row what matters there; the rest is as in a complete NetBox. ``expected``
states parts of the documents by their dotted path, or the whole error.
"""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils import netbox_mapping, netbox_networks
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.netbox_mapping import Rows, documents_from
from ansible_collections.ent.renfort.plugins.module_utils.netbox_networks import NetworkRows

CASES = sorted((Path(__file__).parent / "netbox_cases").glob("*.yml"))
TAG = "renfort-guests"
DEVICE_FIELDS = {
    value: None
    for name, value in vars(netbox_mapping).items()
    if name.isupper() and isinstance(value, str) and value.startswith("renfort_")
}
FORM = {netbox_mapping.CORES: 64, netbox_mapping.MEMORY: 524288}
PREFIX_FIELDS = {
    netbox_networks.NETWORK: "front",
    netbox_networks.BRIDGE: "vmbr0",
    netbox_networks.GATEWAY: {"id": 1, "address": "10.0.0.1/24"},
    netbox_networks.NAMESERVERS: None,
}


def slugs(names: list[str]) -> list[dict[str, str]]:
    return [{"slug": name, "name": name.title()} for name in names]


def fields(given: dict[str, Any], usual: dict[str, Any]) -> dict[str, Any]:
    if "custom_fields" in given:
        return dict(given["custom_fields"])
    return usual | given.get("custom", {})


def device(given: dict[str, Any]) -> dict[str, Any]:
    name, rack, room = given.get("name"), given.get("rack", "N1"), given.get("location")
    return {
        "id": given["id"],
        "display": given.get("display", name),
        "name": name,
        "asset_tag": given.get("asset_tag"),
        "serial": given.get("serial", ""),
        "oob_ip": {"id": 1, "address": given["oob_ip"]} if "oob_ip" in given else None,
        "primary_ip4": {"id": 2, "address": given["primary_ip4"]} if "primary_ip4" in given else None,
        "site": {"id": 1, "slug": given.get("site", "nord")},
        "location": {"id": 1, "slug": room} if room else None,
        "rack": {"id": 1, "name": rack} if rack else None,
        "device_type": {"id": given.get("type", 1)},
        "tags": slugs(given.get("tags", [])),
        "custom_fields": fields(given, DEVICE_FIELDS),
    }


def interface(given: dict[str, Any]) -> dict[str, Any]:
    usual = {"enabled": True, "mgmt_only": False}
    return usual | given | {"device": {"id": given["device"]}}


def in_ipam(given: dict[str, Any]) -> dict[str, Any]:
    vrf = given.get("vrf")
    return {"id": given["id"], "vrf": {"id": vrf} if vrf else None}


def prefix(given: dict[str, Any]) -> dict[str, Any]:
    vlan = given.get("vlan")
    return in_ipam(given) | {
        "display": given["prefix"],
        "prefix": given["prefix"],
        "vlan": {"id": 1, "name": vlan} if vlan else None,
        "custom_fields": fields(given, PREFIX_FIELDS),
    }


def ip_range(given: dict[str, Any]) -> dict[str, Any]:
    return in_ipam(given) | {
        "start_address": given["first"],
        "end_address": given["last"],
        "status": {"value": given.get("status", "active")},
        "tags": slugs(given.get("tags", [TAG])),
        "mark_populated": given.get("mark_populated", False),
    }


def rows(given: dict[str, list[dict[str, Any]]], shuffle: random.Random) -> Rows:
    """The rows of a case, in any order."""

    def made(name: str, make: Any) -> tuple[dict[str, Any], ...]:
        found = [make(item) for item in given.get(name, [])]
        shuffle.shuffle(found)
        return tuple(found)

    types = given.setdefault("device_types", [{"id": 1, "custom": FORM}])
    assert {item["id"] for item in types} >= {item.get("type", 1) for item in given.get("servers", [])}
    return Rows(
        hypervisors=made("hypervisors", device),
        servers=made("servers", device),
        deliveries=made("deliveries", device),
        device_types=made(
            "device_types", lambda item: {"id": item["id"], "custom_fields": fields(item, DEVICE_FIELDS)}
        ),
        bridges=made("bridges", interface),
        nics=made("nics", interface),
        networks=NetworkRows(
            prefixes=made("prefixes", prefix),
            others=made("others", lambda item: in_ipam(item) | {"prefix": item["prefix"]}),
            ranges=made("ranges", ip_range),
            addresses=made("addresses", lambda item: in_ipam(item) | {"address": item["address"]}),
        ),
    )


def at(documents: Any, path: str) -> Any:
    """The part of the documents at a dotted path."""
    for key in path.split("."):
        documents = documents[key]
    return documents


def test_cases_are_found() -> None:
    assert len(CASES) >= 30


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("order", range(3))
def test_case(case: Path, order: int) -> None:
    data = yaml.safe_load(case.read_text(encoding="utf-8"))
    given, expected = data["given"], data["expected"]
    found = rows(given, random.Random(order))

    if "error" in expected:
        with pytest.raises(RenfortError) as caught:
            documents_from(found, network_tag=TAG, ignore_tag="renfort-ignore")
        assert str(caught.value) == expected["error"]
        return
    documents = asdict(documents_from(found, network_tag=TAG, ignore_tag="renfort-ignore"))
    assert {path: at(documents, path) for path in expected} == expected


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_documents_are_sorted_so_that_the_same_netbox_gives_the_same_text(case: Path) -> None:
    data = yaml.safe_load(case.read_text(encoding="utf-8"))
    if "error" in data["expected"]:
        return
    texts = {
        yaml.safe_dump(
            asdict(documents_from(rows(data["given"], random.Random(order)), network_tag=TAG)),
            sort_keys=False,
        )
        for order in range(5)
    }
    assert len(texts) == 1
