# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The four input mappings made into the model; every refusal names file, key and what is expected."""

from __future__ import annotations

from dataclasses import dataclass

from .consistency import check_together
from .fields import Fields
from .model import InputFiles, Inputs, Scope
from .parse_capacity import parse_capacity
from .parse_networks import parse_network
from .parse_stock import parse_stock
from .parse_tenants import parse_tenant

INPUT_KEYS = {
    "tenants": "renfort_tenants",
    "stock": "renfort_stock",
    "capacity": "renfort_capacity",
    "networks": "renfort_networks",
}
"""The top key of each input file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """What the four files hold under their top keys."""

    tenants: object
    stock: object
    capacity: object
    networks: object


def parse_inputs(documents: Documents, files: InputFiles | None = None, *, today: str = "") -> Inputs:
    """Return the checked inputs.

    Args:
        documents: what the files hold.
        files: where each was read, for messages.
        today: ISO date before which no delivery can be announced; empty when that is not checked.

    Raises:
        InputError: a key is missing, misspelt or of a wrong type, or the inputs contradict each other.
    """
    where = files or InputFiles()
    tops = {
        name: Fields(file=getattr(where, name), key=key, data=getattr(documents, name))
        for name, key in INPUT_KEYS.items()
    }
    networks = {name: parse_network(tops["networks"], name) for name in tops["networks"]}
    stock = parse_stock(tops["stock"], today=today)
    capacity, traffic = parse_capacity(tops["capacity"], stock.guests.vcpus_per_core)
    tenant_tiers = tuple(tier.tier for tier in capacity.tiers if tier.scope is Scope.TENANT)
    tenants = [parse_tenant(tops["tenants"], name, traffic, tenant_tiers) for name in sorted(tops["tenants"])]
    inputs = Inputs(tenants=tuple(tenants), stock=stock, capacity=capacity, networks=networks, files=where)
    check_together(inputs)
    return inputs
