# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waves and the tally: who comes when, how many may fail, who is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.tally import Tally
from ansible_collections.ent.renfort.plugins.module_utils.core.waves import (
    DEFAULT_SHARES,
    Amount,
    parse_amount,
    parse_shares,
    plan_waves,
)

USUAL = parse_shares(list(DEFAULT_SHARES), name="renfort_waves")


def named(tenant: str, count: int) -> dict[str, str]:
    return {f"{tenant}-web-{number:02d}": tenant for number in range(1, count + 1)}


def test_a_canary_comes_first_and_then_a_share_of_each_tenant() -> None:
    waves = plan_waves(named("eure", 8) | named("hr", 3), USUAL)

    assert waves == (
        ("eure-web-01",),
        ("eure-web-02", "eure-web-03", "hr-web-01"),
        ("eure-web-04", "eure-web-05", "hr-web-02"),
        ("eure-web-06", "eure-web-07", "hr-web-03"),
        ("eure-web-08",),
    )


def test_canaries_are_taken_turn_about() -> None:
    waves = plan_waves(named("eure", 3) | named("hr", 3), (Amount(count=2), Amount(percent=100)))

    assert waves[0] == ("eure-web-01", "hr-web-01")
    assert len(waves) == 2


def test_no_wave_takes_all_that_a_tenant_has() -> None:
    assert plan_waves(named("hr", 2), (Amount(percent=75),)) == (("hr-web-01",), ("hr-web-02",))
    assert plan_waves(named("hr", 1), (Amount(percent=25),)) == (("hr-web-01",),)


def test_the_machines_of_a_tenant_can_come_together() -> None:
    """Members of a cluster that start for the first time wait for each other."""
    shares = parse_shares(["tenant"], name="renfort_waves_of.messaging")

    waves = plan_waves({"db-02": "", "db-01": ""} | named("eure", 3) | named("hr", 1), shares)

    assert waves == (("db-01", "db-02"), tuple(named("eure", 3)), tuple(named("hr", 1)))


def test_a_tier_without_machines_has_no_wave() -> None:
    assert plan_waves({}, USUAL) == ()


amounts = st.one_of(
    st.integers(1, 5).map(lambda count: Amount(count=count)),
    st.integers(1, 99).map(lambda percent: Amount(percent=percent)),
)


@given(
    st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.sampled_from(["x", "y", "z"]), max_size=40),
    st.lists(amounts, min_size=1, max_size=4),
)
def test_every_machine_has_one_turn_and_a_share_leaves_somebody(
    machines: dict[str, str], shares: list[Amount]
) -> None:
    waves = plan_waves(machines, shares)

    assert sorted(name for wave in waves for name in wave) == sorted(machines)
    assert all(waves)
    for number, wave in enumerate(waves):
        if not shares[min(number, len(shares) - 1)].percent:
            continue
        for tenant in set(machines.values()):
            size = sum(of == tenant for of in machines.values())
            assert sum(machines[name] == tenant for name in wave) <= max(1, size - 1)


@pytest.mark.parametrize("value", [0, -1, "0%", "101%", "many", None, True, 1.5])
def test_what_is_no_wave_is_refused_by_its_name(value: object) -> None:
    with pytest.raises(RenfortError, match=r"renfort_waves: .*neither a number of machines"):
        parse_shares([value], name="renfort_waves")


@pytest.mark.parametrize("value", [[], "25%", None, {}])
def test_what_is_no_list_of_waves_is_refused(value: object) -> None:
    with pytest.raises(RenfortError, match=r"renfort_waves: .* is no list"):
        parse_shares(value, name="renfort_waves")


@pytest.mark.parametrize(
    ("value", "total", "allowed"), [(0, 700, 0), (3, 5, 3), ("2%", 700, 14), ("2 %", 20, 0)]
)
def test_how_many_may_fail(value: object, total: int, allowed: int) -> None:
    assert parse_amount(value, name="renfort_max_failures", minimum=0).of(total) == allowed


@pytest.fixture
def tally() -> Tally:
    """Ten web machines in three waves, and the load balancers that follow them."""
    made = Tally()
    web = [["w0"], ["w1", "w2", "w3", "w4"], ["w5", "w6", "w7", "w8", "w9"]]
    made.plan({"web": web, "haproxy": [["h1"], ["h2"]]}, {"haproxy": ["web"]})
    return made


def test_failures_of_different_waves_add_up(tally: Tally) -> None:
    limit = Amount(count=1)
    tally.begin("web", ["w0"])
    tally.begin("web", ["w1", "w2", "w3", "w4"])
    tally.fail("w2", "no room")
    assert tally.verdict(limit) == ""
    tally.begin("web", ["w5", "w6", "w7", "w8", "w9"])
    tally.fail("w9", "not reached")

    assert tally.verdict(limit) == (
        "2 of 12 machines failed or were not reached in this run; 1 may (renfort_max_failures). "
        "w2: no room; w9: not reached"
    )


def test_who_failed_and_who_had_no_turn_is_left_with_who_follows(tally: Tally) -> None:
    tally.begin("web", ["w0"])
    tally.begin("web", ["w1", "w2", "w3", "w4"])
    tally.fail("w2", "no room")
    tally.close()

    assert tally.left() == ["h1", "h2", "w2", "w5", "w6", "w7", "w8", "w9"]


def test_nobody_is_left_of_a_run_that_went_through(tally: Tally) -> None:
    for tier, waves in tally.waves.items():
        for wave in waves:
            tally.begin(tier, wave)
    tally.close()

    assert tally.left() == []
    assert tally.ended_by_wave() == ""


def test_a_wave_that_failed_whole_is_said_to_end_the_run(tally: Tally) -> None:
    tally.begin("web", ["w0"])
    tally.fail("w0", "no room")

    assert tally.ended_by_wave() == "The run ends here: w0 failed, which is a whole wave of web."


def test_a_failure_keeps_its_first_reason(tally: Tally) -> None:
    tally.fail("w1", "no room")
    tally.fail("w1", "not reached")

    assert tally.failed == {"w1": "no room"}


def test_a_tally_comes_back_from_its_record(tally: Tally) -> None:
    tally.begin("web", ["w0"])
    tally.fail("w0", "no room")

    assert Tally.from_record(tally.as_record()) == tally
