# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a customer can choose from when the stock is short: what each option brings, and in which order.

One hypervisor has room for one machine of 1,000 sessions; alpha asks for 2,000 unless a test says otherwise.
"""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.options import Option, OptionKind, options_of
from ansible_collections.ent.renfort.plugins.module_utils.core.planner import make_plan
from tests.unit.core import builders

STOCK, DELIVERY, ORDER, MEASURES = OptionKind
TEXTS = {"fr": "moins", "en": "less"}
SHORT: dict[str, Any] = {
    "stock": {"hypervisors": {"n2": None, "n3": None, "n4": None}},
    "capacity": {"tiers": {"web": {"spare": 0}}},
}
FULL = {"guests": [{"vmid": 101, "name": "a", "node": "n1", "memory_mib": 13312}]}
"""15,360 MiB less 13,312 are 2,048: one machine."""

DATED = {
    "servers": 1,
    "cores": 8,
    "memory_mib": 8192,
    "expected": {"earliest": "2020-04-06", "latest": "2020-04-10"},
}
UNDATED = {**DATED, "expected": "unknown"}


def measure(**reduces_percent: float) -> dict[str, Any]:
    return {"title": TEXTS, "seen": TEXTS, "reduces_percent": reduces_percent}


def options(
    patch: dict[str, Any], *, tenant: str = "alpha", cluster: dict[str, Any] | None = None
) -> tuple[Option, ...]:
    """Return a tenant's options on the short stock with a patch."""
    given = builders.inputs(builders.merged(SHORT, patch))
    outcome = make_plan(given, builders.live(given, FULL if cluster is None else cluster), builders.plan([]))
    return options_of(
        tenant,
        plan=outcome.plan,
        sizing=outcome.sizing,
        after=outcome.after,
        measures=given.capacity.measures,
    )


def deliveries(**found: dict[str, Any]) -> dict[str, Any]:
    return {"stock": {"deliveries": {name.replace("_", "-"): item for name, item in found.items()}}}


def measures(**found: dict[str, Any]) -> dict[str, Any]:
    return {"capacity": {"measures": found}}


def ranked(found: tuple[Option, ...]) -> list[tuple[OptionKind, float]]:
    return [(option.kind, option.percent) for option in found]


def only(found: tuple[Option, ...], kind: OptionKind) -> Option:
    (option,) = (option for option in found if option.kind is kind)
    return option


# --- what each option is --------------------------------------------------------------------------


def test_a_tenant_served_from_the_stock_has_nothing_to_choose() -> None:
    patch = builders.merged(deliveries(supplier=DATED), measures(calm=measure(sessions=50)))
    found = options(patch, cluster={})
    assert found == (
        Option(kind=STOCK, percent=100.0, sessions=2000, waiting=0, when="", earliest="", brings=()),
    )


def test_a_tenant_that_is_served_has_one_option_while_another_is_short() -> None:
    # Three places: both of alpha's machines and one of beta's two, since alpha's weigh more.
    beta = {
        "schools": 4,
        "portals": ["beta.ent.example"],
        "network": "alpha",
        "accounts": {"pupils": 1500},
        "demand": {"concurrent_sessions": 1500},
    }
    cluster = {"guests": [{"vmid": 101, "name": "a", "node": "n1", "memory_mib": 9216}]}
    patch = {"tenants": {"beta": beta}}
    assert ranked(options(patch, cluster=cluster)) == [(STOCK, 100.0)]
    assert ranked(options(patch, cluster=cluster, tenant="beta"))[0] == (ORDER, 100.0)


def test_a_delivery_says_when_and_what_arrives() -> None:
    delivery = only(options(deliveries(supplier_a=DATED)), DELIVERY)
    assert (delivery.when, delivery.earliest) == ("2020-04-10", "2020-04-06")
    assert delivery.brings == ("supplier-a",)
    assert (delivery.percent, delivery.sessions, delivery.waiting) == (100.0, 2000, 0)


def test_an_order_is_what_closes_the_shortage_now_at_a_date_that_nobody_knows() -> None:
    catalogue = {"small": {"cores": 8, "memory_mib": 3072, "price": 10}}
    patch = {
        "stock": {"catalogue": catalogue, "deliveries": {"soon": {**DATED, "memory_mib": 3072}}},
        "tenants": {"alpha": {"demand": {"concurrent_sessions": 4000}}},
    }
    order = only(options(patch), ORDER)
    # Three are missing now, two once the delivery is there: the option is instead of waiting for it.
    assert order.brings == ("3 × small",)
    assert (order.when, order.earliest) == ("unknown", "")
    assert (order.percent, order.sessions, order.waiting) == (100.0, 4000, 0)


def test_without_a_model_that_closes_the_shortage_no_order_is_offered() -> None:
    catalogue = {"tiny": {"cores": 8, "memory_mib": 2048}}
    assert ranked(options({"stock": {"catalogue": catalogue}})) == [(STOCK, 50.0)]


# --- their order ----------------------------------------------------------------------------------


def test_a_dated_delivery_comes_before_an_order_that_serves_as_much() -> None:
    assert ranked(options(deliveries(supplier=DATED))) == [
        (DELIVERY, 100.0),
        (ORDER, 100.0),
        (STOCK, 50.0),
    ]


def test_a_delivery_without_a_date_comes_after_an_order_that_serves_as_much() -> None:
    found = options(deliveries(supplier=UNDATED))
    assert ranked(found) == [(ORDER, 100.0), (DELIVERY, 100.0), (STOCK, 50.0)]
    assert only(found, DELIVERY).when == "unknown"


def test_a_delivery_without_a_date_comes_after_measures_that_serve_as_much() -> None:
    patch = builders.merged(deliveries(supplier=UNDATED), measures(calm=measure(sessions=50)))
    assert ranked(options(patch)) == [(ORDER, 100.0), (MEASURES, 100.0), (DELIVERY, 100.0), (STOCK, 50.0)]


def test_what_serves_more_comes_first_whatever_it_is() -> None:
    # Of three machines missing, the delivery brings one; measures of 60 % leave 1.6 of 4 to one machine.
    patch = builders.merged(
        deliveries(supplier={**DATED, "memory_mib": 3072}), measures(calm=measure(sessions=60))
    )
    patch["tenants"] = {"alpha": {"demand": {"concurrent_sessions": 4000}}}
    assert ranked(options(patch)) == [(ORDER, 100.0), (MEASURES, 62.5), (DELIVERY, 50.0), (STOCK, 25.0)]


def test_each_delivery_that_serves_more_is_an_option_and_no_other() -> None:
    patch = deliveries(
        a={**DATED, "memory_mib": 3072, "expected": "2020-04-06"},
        b={**DATED, "memory_mib": 2048, "expected": "2020-04-13"},
        c={**DATED, "memory_mib": 5120, "expected": "2020-04-20"},
        d={**DATED, "memory_mib": 8192, "expected": "2020-04-27"},
    )
    patch["tenants"] = {"alpha": {"demand": {"concurrent_sessions": 4000}}}
    found = [option for option in options(patch) if option.kind is DELIVERY]
    # A server of 3,072 MiB holds one machine, of 2,048 none, of 5,120 two; then nothing is missing.
    assert [(option.brings, option.percent, option.when) for option in found] == [
        (("c",), 100.0, "2020-04-20"),
        (("a",), 50.0, "2020-04-06"),
    ]


# --- measures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "chosen", "percent"),
    [
        # One machine for two: with half of the sessions it carries all that is left.
        ({"calm": measure(sessions=50)}, ("calm",), 100.0),
        # 2 × 0.8 = 1.6 machines: one carries 62.5 %.
        ({"calm": measure(sessions=20)}, ("calm",), 62.5),
        # Measures on one unit multiply: 2 × 0.8 × 0.75 = 1.2 machines.
        ({"calm": measure(sessions=20), "plain": measure(sessions=25)}, ("calm", "plain"), 83.33),
        # What lowers something that does not bind is not asked of anybody.
        ({"calm": measure(sessions=20), "silent": measure(messages_per_second=90)}, ("calm",), 62.5),
        # What is not needed besides another is not asked either.
        ({"a": measure(sessions=20), "b": measure(sessions=50)}, ("b",), 100.0),
        ({"a": measure(sessions=50), "b": measure(sessions=20)}, ("a",), 100.0),
    ],
)
def test_only_measures_that_help_are_offered(
    given: dict[str, Any], chosen: tuple[str, ...], percent: float
) -> None:
    option = only(options(measures(**given)), MEASURES)
    assert (option.brings, option.percent, option.when) == (chosen, percent, "")
    assert option.sessions == int(2000 * percent / 100)


def test_measures_that_do_not_help_are_no_option() -> None:
    assert ranked(options(measures(silent=measure(messages_per_second=90)))) == [
        (ORDER, 100.0),
        (STOCK, 50.0),
    ]


def test_a_measure_must_help_the_tier_that_bounds() -> None:
    # The load balancer needs 2 of 8,192 MiB (160 connections ÷ 80), and one fits besides both web machines.
    haproxy = {
        "scope": "shared",
        "network": "front",
        "per_machine": {"connections": 80},
        "cores": 2,
        "memory_mib": 8192,
        "disk_gib": 8,
    }
    patch = builders.merged(
        {
            "capacity": {"tiers": {"haproxy": haproxy}},
            "tenants": {"alpha": {"demand": {"concurrent_sessions": 2400}}},
        },
        measures(calm=measure(sessions=50), short=measure(connections=50)),
    )
    patch["capacity"]["tiers"]["web"] = {"per_machine": {"sessions": 1200}}
    found = options(patch, cluster={})
    assert ranked(found) == [(ORDER, 100.0), (MEASURES, 100.0), (STOCK, 50.0)]
    assert only(found, MEASURES).brings == ("short",)


# --- sessions -------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", ["low", "mid", "high"])
@pytest.mark.parametrize(
    "asked", [{"low": 2001, "mid": 2999, "high": 6997}, {"low": 2500.4, "mid": 3333.3, "high": 4000}]
)
def test_who_is_admitted_and_who_waits_are_all_that_asked(level: str, asked: dict[str, float]) -> None:
    patch = builders.merged(
        deliveries(a={**DATED, "memory_mib": 3072}, b=UNDATED), measures(calm=measure(sessions=20))
    )
    patch["tenants"] = {"alpha": {"demand": {"concurrent_sessions": asked}}}
    patch["capacity"]["plan_for"] = level
    found = options(patch)
    assert {option.kind for option in found} == {STOCK, DELIVERY, ORDER, MEASURES}
    for option in found:
        assert option.sessions + option.waiting == round(asked[level])
        assert option.sessions == int(round(asked[level]) * round(option.percent * 100) // 10_000)
    assert only(found, STOCK).waiting > 0


@pytest.mark.parametrize("given", [{}, {"silent": measure(messages_per_second=90)}])
def test_a_machine_that_is_not_full_is_no_measure(given: dict[str, Any]) -> None:
    # 1,500 sessions are 1.5 machines, so two; one of them finds a place.
    patch = measures(**given) | {"tenants": {"alpha": {"demand": {"concurrent_sessions": 1500}}}}
    assert ranked(options(patch)) == [(ORDER, 100.0), (STOCK, 50.0)]
