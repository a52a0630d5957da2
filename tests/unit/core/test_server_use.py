# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers in a plan: what is read, what is written, and that their states only go forward."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError, PlanError
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import PLAN_VERSION, Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.server_access import ServerAccess
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerState, advanced
from tests.unit.core import builders

SINCE = "2020-03-28T17:04:00Z"
FINGERPRINT = f"SHA256:{'a' * 43}"
HYPERVISOR = {
    "name": "s1",
    "rack": "r2",
    "state": "powered",
    "since": SINCE,
    "bmc": "https://bmc.example:8443/redfish/v1/Systems/1",
    "mac": "52:54:00:12:34:56",
    "serial": "CZ2016 0F4K",
    "host_key": FINGERPRINT,
    "address": "10.0.0.22",
    "reason": "planned before",
}


def plan(**patch: Any) -> Plan:
    return builders.plan({"servers": [builders.merged(HYPERVISOR, patch)]})


def test_what_is_read_is_written_in_the_newest_version() -> None:
    data = plan().to_data()
    assert data["version"] == PLAN_VERSION
    assert data["servers"] == [{**HYPERVISOR}]
    assert type(data["servers"][0]["state"]) is str
    assert Plan.from_data(data, file="fleet.yml") == plan()


def test_a_server_of_an_older_plan_is_racked() -> None:
    (use,) = plan(state=None, since=None).servers
    assert (use.state, use.since) == (ServerState.RACKED, "")


@pytest.mark.parametrize(
    ("patch", "message"),
    [
        (
            {"state": "on"},
            '.state: "on" is not known. Expected one of enrolled, in_service, powered, racked.',
        ),
        ({"state": "enroled"}, '.state: "enroled" is not known. Expected "enrolled" (did you mean that?).'),
        ({"since": "yesterday"}, '.since: "yesterday" is not valid. Expected a time such as'),
        ({"bmc": "bmc.example"}, '.bmc: "bmc.example" is not valid. Expected https://host[:port]'),
        ({"address": "10.0.0.22/24"}, '.address: "10.0.0.22/24" is not an address.'),
    ],
)
def test_a_wrong_server_is_refused(patch: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        plan(**patch)
    assert str(caught.value).startswith(f"before: renfort_fleet.servers[0]{message}")


def test_a_server_stands_once_in_a_plan() -> None:
    with pytest.raises(InputError, match="s1 is also that of s1"):
        builders.plan({"servers": [HYPERVISOR, {**HYPERVISOR, "address": "10.0.0.23"}]})


def test_an_address_is_that_of_one_machine_or_server() -> None:
    guest = {"name": "alpha-web-01", "vmid": 1000, "hypervisor": "n1", "address": "10.0.0.22/24"}
    with pytest.raises(InputError, match=r"10\.0\.0\.22 is also that of alpha-web-01"):
        builders.plan({"machines": [guest], "servers": [HYPERVISOR]})


def test_the_bmc_is_a_service_and_perhaps_one_of_its_systems() -> None:
    (use,) = plan().servers
    assert use.access.bmc_root == "https://bmc.example:8443"
    assert use.access.bmc_system == "/redfish/v1/Systems/1"
    alone = ServerAccess(bmc="https://10.0.0.1")
    assert (alone.bmc_root, alone.bmc_system) == ("https://10.0.0.1", "")


@pytest.mark.parametrize("to", list(ServerState))
@pytest.mark.parametrize("start", list(ServerState))
def test_states_only_go_forward(start: ServerState, to: ServerState) -> None:
    (use,) = advanced(plan(state=start.value).servers, "s1", to, since="2020-03-29T09:00:00Z")
    assert use.state is (to if to.rank > start.rank else start)
    assert use.since == ("2020-03-29T09:00:00Z" if to.rank > start.rank else SINCE)


def test_a_server_that_left_the_plan_is_told() -> None:
    with pytest.raises(PlanError, match='the server "s9" is enrolled: it is not in the plan any more'):
        advanced(plan().servers, "s9", ServerState.ENROLLED, since=SINCE)
