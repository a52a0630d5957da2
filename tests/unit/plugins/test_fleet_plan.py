# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module fleet_plan on the inventories that the project ships."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils import inputs as files
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import InputError, RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.names import TIERS
from ansible_collections.ent.renfort.plugins.action import fleet_plan as action
from ansible_collections.ent.renfort.plugins.module_utils.planning import Request, as_result, plan_fleet
from ansible_collections.ent.renfort.plugins.modules import fleet_plan
from tests.unit.core import builders

INVENTORIES = builders.HERE.parents[2] / "inventories"
LAB = INVENTORIES / "lab" / "group_vars" / "all"
EXAMPLE = INVENTORIES / "example" / "group_vars" / "all"

FIRST_GUESTS = [
    {"vmid": 9000, "name": "debian-13", "node": "pve1", "tags": [], "template": True},
    {
        "vmid": 2000,
        "name": "haproxy-01",
        "node": "pve1",
        "tags": ["renfort", "tier-haproxy", "ip-10.83.0.11"],
    },
    {
        "vmid": 2001,
        "name": "haut-rhin-web-01",
        "node": "pve2",
        "tags": ["renfort", "tier-web", "tenant-haut_rhin", "ip-10.83.10.11"],
    },
    {
        "vmid": 2002,
        "name": "eure-web-01",
        "node": "pve3",
        "tags": ["renfort", "tier-web", "tenant-eure", "ip-10.83.20.11"],
    },
]


@pytest.fixture
def params(tmp_path: Path) -> dict[str, Any]:
    """Return the parameters of the lab as it is after its start."""
    nodes = [
        {"name": f"pve{number}", "online": True, "cores": 16, "memory_mib": 65536, "extra": "ignored"}
        for number in range(1, 5)
    ]
    guests = [{"cores": 2, "memory_mib": 2048, "template": False, **guest} for guest in FIRST_GUESTS]
    return {
        "inputs_dir": str(LAB),
        "path": str(tmp_path / "fleet.yml"),
        "hypervisors": nodes,
        "guests": guests,
    }


def planned(
    params: dict[str, Any], *, check_mode: bool = False, tell: Any = lambda _line: None
) -> dict[str, Any]:
    """Return the result of the planner with the module's parameters."""
    request = {"today": "2020-03-16", **params, "path": Path(params["path"]), "dry_run": check_mode}
    return as_result(plan_fleet(Request(**request), tell))


def provisioned(params: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    machines = files.Plan.from_data(result["plan"], file="result").machines
    known = {guest["vmid"] for guest in params["guests"]}
    new = [{**builders.as_live(m), "template": False} for m in machines if m.vmid not in known]
    return {**params, "guests": [*params["guests"], *new]}


def test_the_lab_gets_six_new_machines(params: dict[str, Any]) -> None:
    result = planned(params)
    changes = {change["machine"]: change["action"] for change in result["changes"]}
    assert changes == {
        "haproxy-01": "adopt",
        "haut-rhin-web-01": "adopt",
        "eure-web-01": "adopt",
        **{f"haut-rhin-web-0{number}": "add" for number in (2, 3, 4)},
        **{f"eure-web-0{number}": "add" for number in (2, 3, 4)},
    }
    machines = {machine["name"]: machine for machine in result["plan"]["machines"]}
    assert {name: machine["vmid"] for name, machine in machines.items() if changes[name] == "adopt"} == {
        "haproxy-01": 2000,
        "haut-rhin-web-01": 2001,
        "eure-web-01": 2002,
    }
    for tenant in ("eure", "haut_rhin"):
        places = {m["hypervisor"] for m in machines.values() if m["tenant"] == tenant}
        assert places == {"pve1", "pve2", "pve3", "pve4"}
    assert result["shortages"] == []


def test_the_lab_shows_its_arithmetic(params: dict[str, Any]) -> None:
    summary = planned(params, check_mode=True)["summary"]
    assert (
        "web for eure: 15,000 sessions ÷ 5,000 a machine = 3 → 3; + 1 spare = 4 machines (bound by sessions)"
    ) in summary
    assert (
        "haut_rhin: 4.55 min a visit × 2.2 in the surge = 10.0 min; Little's law: 18.9 visits/s × 601 s "
        "= 11,375 concurrent sessions"
    ) in summary
    assert any(
        line.startswith("haproxy for all tenants: 3,512 connections ÷ 8,000 a machine = 0.439 → 1; + 0 spare")
        for line in summary
    )


def test_the_second_run_changes_no_byte(params: dict[str, Any]) -> None:
    first = planned(params)
    text = Path(params["path"]).read_text(encoding="utf-8")
    second = planned(provisioned(params, first))
    assert first["changed"]
    assert not second["changed"]
    assert second["changes"] == []
    assert second["diff"]["before"] == second["diff"]["after"] == text
    assert Path(params["path"]).read_text(encoding="utf-8") == text


def test_check_mode_writes_nothing_and_shows_the_same(params: dict[str, Any]) -> None:
    checked = planned(params, check_mode=True)
    assert list(Path(params["path"]).parent.iterdir()) == []
    done = planned(params)
    assert checked == done
    assert done["diff"]["after"] == Path(params["path"]).read_text(encoding="utf-8")


def test_an_empty_cluster_is_a_shortage_and_no_failure(params: dict[str, Any], tmp_path: Path) -> None:
    without_shelf = tmp_path / "without-shelf.yml"
    without_shelf.write_text("renfort_stock: {servers: null, deliveries: null}\n", encoding="utf-8")
    empty = {**params, "hypervisors": [], "guests": [], "what_if": str(without_shelf)}
    result = planned(empty)
    assert result["plan"]["machines"] == []
    assert [short["missing"] for short in result["shortages"]] == [1, 4, 4]
    assert not Path(params["path"]).exists()


@pytest.mark.parametrize(
    ("guest", "message"),
    [
        ({"vmid": "2003"}, r"guests\[0\].vmid: the text '2003' is not an integer"),
        ({"vmid": 2003}, r"guests\[0\].node: this key is missing"),
        ({"vmid": 2003, "node": "pve1", "tags": "a;b"}, r"guests\[0\].tags: the text 'a;b' is not a list"),
        (
            {"vmid": 2003, "node": "pve1", "template": 1},
            r"guests\[0\].template: the integer 1 is not a boolean",
        ),
    ],
)
def test_a_wrong_report_of_the_cluster_is_refused(
    params: dict[str, Any], guest: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        planned({**params, "guests": [guest]})
    assert list(Path(params["path"]).parent.iterdir()) == []


def test_a_damaged_plan_is_refused_and_left_alone(params: dict[str, Any]) -> None:
    path = Path(params["path"])
    path.write_text("renfort_fleet: {version: 1, machines: 3, shortages: []}\n", encoding="utf-8")
    with pytest.raises(RenfortError, match=r"machines: the integer 3 is not a list"):
        planned(params)
    assert path.read_text(encoding="utf-8").startswith("renfort_fleet: {version: 1, machines: 3")


def test_the_documentation_names_every_option_and_result(params: dict[str, Any]) -> None:
    options = yaml.safe_load(fleet_plan.DOCUMENTATION)["options"]
    returned = yaml.safe_load(fleet_plan.RETURN)
    assert set(options) == set(action.OPTIONS)
    for name, option in action.OPTIONS.items():
        assert options[name]["type"] == option["type"]
        assert options[name].get("required", False) == option.get("required", False)
        assert options[name].get("default") == option.get("default")
    assert set(returned) == set(planned(params, check_mode=True)) - {"changed", "diff"} | {"impossible"}


def test_the_example_is_planned_at_the_size_of_the_real_fleet(tmp_path: Path) -> None:
    given = files.load_inputs(EXAMPLE)
    assert len({tenant.region for tenant in given.tenants}) == 4
    assert sum(tenant.schools for tenant in given.tenants) == 3600
    nodes = [
        {"name": node.name, "online": True, "cores": node.cores, "memory_mib": node.memory_mib}
        for node in given.stock.hypervisors
    ]
    params = {
        "inputs_dir": str(EXAMPLE),
        "path": str(tmp_path / "fleet.yml"),
        "hypervisors": nodes,
        "guests": [],
    }
    result = planned(params)
    assert result["shortages"] == []
    assert 690 <= len(result["plan"]["machines"]) <= 740
    assert {machine["tier"] for machine in result["plan"]["machines"]} == set(TIERS)
    again = planned(provisioned(params, result))
    assert not again["changed"]
