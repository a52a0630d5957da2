# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The capacity model, from what people edit to the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction

from .fields import Fields
from .interval import NOTHING, Level
from .model import Capacity, Carrier, Measure, Scope, TierCapacity, Traffic, Unit
from .names import ID_EXPECTED, ID_PATTERN, TENANT_EXPECTED, TENANT_PATTERN, TIERS
from .parse_tenants import TRAFFIC_KEYS, parse_traffic

_TIER_KEYS = tuple(field.name for field in fields(TierCapacity) if field.name != "tier")
_UNITS = tuple(unit.value for unit in Unit)
LANGUAGES = ("fr", "en")
"""The languages of what customers read."""


def parse_capacity(top: Fields, vcpus_per_core: Fraction) -> tuple[Capacity, Traffic]:
    """Return the capacity model, and the traffic of a tenant that states none of its own.

    Args:
        top: what the file holds.
        vcpus_per_core: the ratio of a tier that states none.

    Raises:
        InputError: a key is missing, misspelt or impossible.
    """
    top = top.only(("traffic", "tiers", "plan_for", "operators", "measures"))
    traffic = parse_traffic(top.child("traffic", TRAFFIC_KEYS), None)
    tiers = top.child("tiers", TIERS)
    if not tiers.data:
        raise top.error("tiers", "no tier is given", f"at least one of {', '.join(TIERS)}")
    capacity = Capacity(
        tiers=tuple(
            _tier(tiers.child(tier, _TIER_KEYS), tier, vcpus_per_core) for tier in TIERS if tier in tiers
        ),
        level=Level(top.choice("plan_for", [level.value for level in Level], default=Level.MID.value)),
        operators=top.interval("operators", positive=False, maximum=100_000, default=NOTHING),
        measures=tuple(_measure(top.optional("measures"), name) for name in sorted(top.optional("measures"))),
    )
    return capacity, traffic


def _tier(item: Fields, tier: str, vcpus_per_core: Fraction) -> TierCapacity:
    scope = Scope(item.choice("scope", [scope.value for scope in Scope]))
    units = item.child("per_machine", _UNITS)
    minimum = item.integer("minimum", default=1)
    if not units.data and minimum == 0:
        raise item.error("per_machine", "nothing says how many machines are needed", "a unit, or a minimum")
    network_default = "" if scope is Scope.TENANT else None
    return TierCapacity(
        tier=tier,
        scope=scope,
        per_machine={unit: units.number(unit.value) for unit in Unit if unit.value in units},
        utilisation_percent=item.number("utilisation_percent", minimum=1, maximum=100, default=Fraction(100)),
        spare=item.integer("spare", default=0),
        minimum=minimum,
        step=item.integer("step", minimum=1, default=1),
        cores=item.integer("cores", minimum=1),
        memory_mib=item.integer("memory_mib", minimum=16),
        disk_gib=item.integer("disk_gib", minimum=1),
        data_disk_gib=item.integer("data_disk_gib", minimum=1, default=0),
        network=item.text("network", default=network_default, expected="a network of networks.yml"),
        runs_on=_runs_on(item),
        vcpus_per_core=item.number("vcpus_per_core", default=vcpus_per_core),
        template=item.integer("template", minimum=100, maximum=999_999_999, default=0),
        storage=item.text("storage", pattern=ID_PATTERN, expected=ID_EXPECTED, default=""),
    )


def _runs_on(item: Fields) -> tuple[Carrier, ...]:
    known = [carrier.value for carrier in Carrier]
    given = item.texts("runs_on", default=(Carrier.GUEST.value,))
    for position, carrier in enumerate(given):
        if carrier not in known:
            raise item.error(
                f"runs_on[{position}]", f'"{carrier}" is not known', f"one of {', '.join(known)}"
            )
    if not given:
        raise item.error("runs_on", "the list is empty", f"at least one of {', '.join(known)}")
    return tuple(carrier for carrier in Carrier if carrier.value in given)


def _measure(measures: Fields, name: str) -> Measure:
    measures.check_name(name, TENANT_PATTERN, TENANT_EXPECTED)
    item = measures.child(name, ("title", "seen", "reduces_percent"))
    units = item.child("reduces_percent", _UNITS)
    if not units.data:
        raise item.error("reduces_percent", "the mapping is empty", f"at least one of {', '.join(_UNITS)}")
    return Measure(
        name=name,
        title=_translated(item, "title"),
        seen=_translated(item, "seen"),
        reduces_percent={unit: units.number(unit.value, maximum=100) for unit in Unit if unit.value in units},
    )


def _translated(item: Fields, name: str) -> Mapping[str, str]:
    texts = item.child(name, LANGUAGES)
    return {language: texts.text(language) for language in LANGUAGES}
