# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand, the administrative port and nodes that are off-line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.pve.admin import Admin
from lab.pve.faults import FaultRuleError, Rule
from lab.pve.http import Request

from .world import World, play


async def admin(world: World, verb: str, path: str, data: object = None) -> tuple[int, Any]:
    """Call the administrative port."""
    body = b"" if data is None else json.dumps(data).encode()
    request = Request(verb=verb, path=path, query="", headers={}, body=body)
    response = await Admin(world.api)(request)
    return response.status, json.loads(response.body)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ([], "a rule is a mapping"),
        ({"action": "explode"}, "'action' must be one of fail, delay, cut, task-fail"),
        ({}, "'action' must be one of"),
        ({"action": "fail", "pth": "/x"}, "unknown key 'pth'"),
        ({"action": "fail", "nth": "2"}, "'nth' has the wrong type"),
        ({"action": "fail", "nth": True}, "'nth' has the wrong type"),
        ({"action": "fail", "path": "("}, "'path' is not a regular expression"),
    ],
)
def test_rules_that_make_no_sense(data: object, text: str) -> None:
    with pytest.raises(FaultRuleError, match=text):
        Rule.from_data(data)


def test_the_nth_matching_call_fails_once() -> None:
    async def scenario(world: World) -> None:
        rule = {
            "action": "fail",
            "verb": "GET",
            "path": "^/version$",
            "nth": 2,
            "status": 596,
            "message": "x",
        }
        assert (await admin(world, "POST", "/faults", rule))[0] == 200
        assert [(await world.call("GET", "/version")).status for _ in range(3)] == [200, 596, 200]

    play(scenario)


def test_a_failure_after_the_call_leaves_its_effect() -> None:
    async def scenario(world: World) -> None:
        await admin(
            world, "POST", "/faults", {"action": "fail", "verb": "POST", "path": "^/pools$", "after": True}
        )
        assert (await world.call("POST", "/pools", poolid="p1")).status == 500
        await admin(world, "DELETE", "/faults")
        assert "p1" in [pool["poolid"] for pool in await world.get("/pools")]

    play(scenario)


def test_a_failure_before_the_call_does_not() -> None:
    async def scenario(world: World) -> None:
        await admin(world, "POST", "/faults", {"action": "fail", "verb": "POST", "path": "^/pools$"})
        assert (await world.call("POST", "/pools", poolid="p1")).reason == "injected fault"
        await admin(world, "DELETE", "/faults")
        assert "p1" not in [pool["poolid"] for pool in await world.get("/pools")]

    play(scenario)


def test_a_cut_gives_no_answer() -> None:
    async def scenario(world: World) -> None:
        world.cluster.faults.add(Rule(action="cut", path="^/access/domains$"))
        request = Request(verb="GET", path="/api2/json/access/domains", query="", headers={}, body=b"")
        assert await world.api(request) is None

    play(scenario)


def test_a_task_fails_with_the_text() -> None:
    async def scenario(world: World) -> None:
        world.cluster.faults.add(Rule(action="task-fail", path="/clone$", message="no space left"))
        status = await world.task("POST", "/nodes/pve1/qemu/9000/clone", newid=100)
        assert status == "no space left"

    play(scenario)


def test_a_node_that_is_off_line_is_not_reached_and_listed_so() -> None:
    async def scenario(world: World) -> None:
        assert (await admin(world, "POST", "/nodes/pve2/offline"))[0] == 200
        listed = {node["node"]: node["status"] for node in await world.get("/nodes")}
        assert listed == {"pve1": "online", "pve2": "offline"}
        assert {
            n["name"]: n["online"] for n in await world.get("/cluster/status") if n["type"] == "node"
        } == {
            "pve1": 1,
            "pve2": 0,
        }
        assert (await admin(world, "POST", "/nodes/pve2/online"))[0] == 200
        assert (await world.call("GET", "/nodes/pve2/status")).status == 200

    play(scenario)


def test_calls_to_it_are_595() -> None:
    async def scenario(world: World) -> None:
        world.cluster.nodes["pve2"] = world.cluster.nodes["pve2"] | {"online": False}
        headers = {"cookie": f"PVEAuthCookie={world.cluster.auth.ticket('root@pam')}"}
        request = Request(
            verb="GET", path="/api2/json/nodes/pve2/status", query="", headers=headers, body=b""
        )
        response = await world.api(request)
        assert response is not None
        assert (response.status, response.reason, response.body) == (595, "No route to host", b"")

    play(scenario)


def test_unknown_things_of_the_administrative_port() -> None:
    async def scenario(world: World) -> None:
        assert (await admin(world, "POST", "/nodes/pve9/offline"))[0] == 404
        assert (await admin(world, "GET", "/nothing"))[0] == 404
        status, data = await admin(world, "POST", "/faults", {"action": "nothing"})
        assert (status, list(data)) == (400, ["message"])

    play(scenario)


def test_counters_tell_reads_from_writes() -> None:
    async def scenario(world: World) -> None:
        await world.get("/version")
        await world.call("POST", "/pools", poolid="p1")
        await world.call("GET", "/nope")
        _, counted = await admin(world, "GET", "/counters")
        assert (counted["reads"], counted["writes"]) == (2, 1)
        assert counted["by_call"]["POST /pools"] == 1
        _, counted = await admin(world, "POST", "/counters/reset")
        assert (counted["reads"], counted["writes"]) == (0, 0)

    play(scenario)


def test_a_node_in_maintenance_is_on_line_and_the_manager_tells() -> None:
    async def scenario(world: World) -> None:
        assert (await admin(world, "POST", "/nodes/pve2/maintenance"))[0] == 200

        told = await world.get("/cluster/ha/status/manager_status")

        assert told["manager_status"]["node_status"] == {"pve1": "online", "pve2": "maintenance"}
        assert {node["node"]: node["status"] for node in await world.get("/nodes")}["pve2"] == "online"
        await admin(world, "POST", "/nodes/pve2/online")
        told = await world.get("/cluster/ha/status/manager_status")
        assert told["manager_status"]["node_status"]["pve2"] == "online"

    play(scenario)
