# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module fleet_plan on the inventories that the project ships."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.action import fleet_plan as action
from ansible_collections.ent.renfort.plugins.module_utils import inputs as files
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import (
    InputError,
    PlanError,
    RenfortError,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.names import TIERS
from ansible_collections.ent.renfort.plugins.module_utils.inputs import Overlay
from ansible_collections.ent.renfort.plugins.module_utils.planning import (
    Request,
    as_result,
    plan_fleet,
    result_of_failure,
)
from ansible_collections.ent.renfort.plugins.modules import fleet_plan
from ansible_collections.ent.renfort.plugins.plugin_utils.plain import plain
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
    nodes = {node["name"] for node in params["hypervisors"]}
    # Guests on a server that is still to be racked wait for it.
    made = [machine for machine in machines if machine.vmid not in known and machine.hypervisor in nodes]
    new = [{**builders.as_live(machine), "template": False} for machine in made]
    return {**params, "guests": [*params["guests"], *new]}


def test_the_lab_gets_what_its_three_machines_lack(params: dict[str, Any]) -> None:
    result = planned(params)
    changes = {change["machine"]: change["action"] for change in result["changes"]}
    assert changes == {
        "haproxy-01": "adopt",
        "haut-rhin-web-01": "adopt",
        "eure-web-01": "adopt",
        "haproxy-02": "add",
        **{f"{tenant}-web-0{number}": "add" for tenant in ("eure", "haut-rhin") for number in (2, 3)},
        **{f"{tenant}-cas-0{number}": "add" for tenant in ("eure", "haut-rhin") for number in (1, 2)},
        **{f"database-0{number}": "add" for number in (1, 2, 3)},
        "haut-rhin-messaging-01": "add",
        **{f"{tier}-01": "add" for tier in ("smtp", "storage", "backup", "monitoring")},
    }
    machines = {machine["name"]: machine for machine in result["plan"]["machines"]}
    assert {name: machine["vmid"] for name, machine in machines.items() if changes[name] == "adopt"} == {
        "haproxy-01": 2000,
        "haut-rhin-web-01": 2001,
        "eure-web-01": 2002,
    }
    for tenant in ("eure", "haut_rhin"):
        places = [m["hypervisor"] for m in machines.values() if m["tenant"] == tenant and m["tier"] == "web"]
        assert len(set(places)) == len(places) == 3
    assert result["shortages"] == []


def test_the_lab_shows_its_arithmetic(params: dict[str, Any]) -> None:
    summary = planned(params, check_mode=True)["summary"]
    assert (
        "web for eure: 15,000 sessions ÷ 5,000 a machine = 3 → 3; + 0 spare = 3 machines (bound by sessions)"
    ) in summary
    assert (
        "haut_rhin: 4.55 min a visit × 2.2 in the surge = 10.0 min; Little's law: 18.9 visits/s × 601 s "
        "= 11,375 concurrent sessions"
    ) in summary
    assert any(
        line.startswith("haproxy for all tenants: 3,512 connections ÷ 8,000 a machine = 0.439 → 1, minimum 2")
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
    assert sum(short["missing"] for short in result["shortages"]) == 20
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


def example(tmp_path: Path, **options: Any) -> dict[str, Any]:
    snapshot = yaml.load(
        (INVENTORIES / "example" / "cluster.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )["renfort_cluster"]
    return {
        "inputs_dir": str(EXAMPLE),
        "path": str(tmp_path / "fleet.yml"),
        "today": "2020-03-17",
        **snapshot,
        **options,
    }


def test_the_example_is_doubled_and_its_shelf_almost_suffices(tmp_path: Path) -> None:
    given = files.load_inputs(EXAMPLE)
    assert len({tenant.region for tenant in given.tenants}) == 4
    assert len(given.tenants) == 30
    assert sum(tenant.schools for tenant in given.tenants) == 3600
    said: list[str] = []
    params = example(tmp_path)
    result = planned(params, tell=said.append)
    actions = Counter(change["action"] for change in result["changes"])
    in_service = len(given.stock.carriers)
    assert 690 <= actions["adopt"] + in_service <= 710
    assert 640 <= actions["add"] <= 760
    assert 10 <= sum(short["missing"] for short in result["shortages"]) <= 40
    short = [served for served in result["served"] if served["percent"] < 100]
    assert 1 <= len(short) <= 4
    assert all(70 <= served["percent"] <= 95 for served in short)
    tiers = {machine["tier"] for machine in result["plan"]["machines"]}
    assert tiers | {server.carries.tier for server in given.stock.carriers if server.carries} == set(
        TIERS
    ) - {"messaging"}  # nobody in it has databases for messages alone
    assert {bool(server.get("machine")) for server in result["servers"]} == {True, False}
    assert [stage["when"] for stage in result["stages"]] == ["2020-04-17", "unknown"]
    assert result["stages"][1]["missing"] == 0
    assert {order["closes"] for order in result["orders"]} == {"now", "rest"}
    assert said[0].startswith("placing ")
    assert max(proof["gap"] for proof in result["proofs"]) <= 1
    again = planned(provisioned(params, result))
    assert not again["changed"]
    assert again["changes"] == []


@pytest.fixture
def slip(tmp_path: Path) -> Path:
    path = tmp_path / "slip.yml"
    path.write_text(
        'renfort_stock: {deliveries: {supplier-week-15: {expected: "2020-05-04"}}}\n', encoding="utf-8"
    )
    return path


def crowded(tmp_path: Path, params: dict[str, Any]) -> dict[str, Any]:
    """Return the lab with one hypervisor of four, and that almost full."""
    foreign = {"vmid": 101, "name": "other", "node": "pve1", "tags": [], "memory_mib": 51000}
    nodes = [{**node, "online": node["name"] == "pve1"} for node in params["hypervisors"]]
    guests = [guest for guest in params["guests"] if guest["node"] == "pve1"]
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for name in ("tenants", "stock", "capacity", "networks"):
        text = (LAB / f"{name}.yml").read_text(encoding="utf-8")
        if name == "stock":
            text = text.replace("renfort_stock:\n", "renfort_stock:\n  survive_loss_of: none\n", 1)
            text = re.sub(r"    shelf-\d+: .*\n", "", text).replace("  servers:\n", "")
        (inputs / f"{name}.yml").write_text(text, encoding="utf-8")
    return {
        **params,
        "inputs_dir": str(inputs),
        "hypervisors": nodes,
        "guests": [*guests, {"cores": 2, "template": False, **foreign}],
    }


def test_a_delivery_that_slips_is_shown_and_nothing_is_written(
    params: dict[str, Any], tmp_path: Path, slip: Path
) -> None:
    lab = crowded(tmp_path, params)
    now = planned(lab)
    assert [stage["when"] for stage in now["stages"]] == ["2020-04-10"]
    assert {short["until"] for short in now["shortages"]} == {"2020-04-10"}
    text = Path(params["path"]).read_text(encoding="utf-8")
    late = planned({**lab, "what_if": str(slip)})
    assert not late["changed"]
    assert [stage["when"] for stage in late["stages"]] == ["2020-05-04"]
    lines = [line for line in late["summary"] if line.startswith("with what is supposed: web for eure:")]
    assert len(lines) == 1
    assert lines[0].endswith(" missing, until 2020-05-04")
    assert late["diff"]["before"] == text
    assert late["diff"]["after"] != text
    assert Path(params["path"]).read_text(encoding="utf-8") == text


def test_a_date_plans_with_what_has_arrived_by_then(params: dict[str, Any], tmp_path: Path) -> None:
    lab = crowded(tmp_path, params)
    before = planned({**lab, "date": "2020-04-09"})
    assert before["shortages"]
    assert before["changes"] == []
    after = planned({**lab, "date": "2020-04-10"})
    assert after["shortages"] == []
    assert {change["action"] for change in after["changes"]} == {"add"}
    assert {server["origin"] for server in after["servers"]} == {"supplier-week-15"}
    assert before["summary"][-1] == "with what is supposed: nothing is different"
    assert any(
        line.startswith("with what is supposed: order to close the shortage now: 1 × ")
        and line.endswith("-> nothing")
        for line in after["summary"]
    )
    assert not Path(params["path"]).exists()


@pytest.mark.parametrize("option", ["date", "today"])
@pytest.mark.parametrize("text", ["tomorrow", "2020-4-1", "20200401", "2020-02-30"])
def test_what_is_no_date_is_refused(params: dict[str, Any], option: str, text: str) -> None:
    with pytest.raises(InputError, match=rf'fleet_plan: {option}: "{text}" is not a date'):
        planned({**params, option: text})


def test_a_plan_that_serves_too_little_is_impossible(params: dict[str, Any], tmp_path: Path) -> None:
    lab = crowded(tmp_path, params)
    planned(lab)
    text = Path(params["path"]).read_text(encoding="utf-8")
    with pytest.raises(
        PlanError, match=r"would serve \d+\.\d\d % of the demand of \w+, and at least 100 %"
    ) as caught:
        planned({**lab, "minimum_served_percent": 100.0})
    assert Path(params["path"]).read_text(encoding="utf-8") == text
    assert result_of_failure(caught.value)["impossible"] is True
    assert result_of_failure(InputError(file="f", key="k", problem="p", expected="e"))["impossible"] is False


def test_values_of_another_source_stand_instead_of_the_files(params: dict[str, Any]) -> None:
    one = {"rack": "r9", "cores": 64, "memory_mib": 262144, "bridges": ["vmbr0", "vmbr1", "vmbr2", "vmbr3"]}
    overlay = Overlay(source="NetBox", values={"stock": {"hypervisors": {"pve1": one, "pve9": one}}})
    nodes = [{"name": name, "online": True, "cores": 64, "memory_mib": 262144} for name in ("pve1", "pve9")]
    result = planned({**params, "overlay": overlay, "hypervisors": nodes, "guests": []})
    assert {machine["hypervisor"] for machine in result["plan"]["machines"]} == {"pve1", "pve9"}
    wrong = Overlay(source="NetBox", values={"stock": {"hypervisors": {"pve1": {**one, "cores": 0}}}})
    with pytest.raises(
        InputError, match=r"stock\.yml with NetBox: renfort_stock\.hypervisors\.pve1\.cores: 0"
    ):
        planned({**params, "overlay": wrong})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("renfort_stok: {}\n", r'renfort_stok: this top key is not known here. Expected "renfort_stock"'),
        ("- 1\n", "there is no change in it"),
        ("renfort_stock: {survive_loss_of: site}\n", r"stock\.yml with .*/slip\.yml: .*survive_loss_of"),
    ],
)
def test_a_wrong_what_if_is_refused(params: dict[str, Any], slip: Path, text: str, message: str) -> None:
    slip.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        planned({**params, "what_if": str(slip)})


def test_report_and_proposals_are_those_of_the_plan_that_was_decided(
    params: dict[str, Any], tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    checked = planned({**params, "report_dir": folder}, check_mode=True)
    assert not folder.exists()
    result = planned({**params, "report_dir": folder})
    written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    proposals = [
        f"proposals/{t}.{lang}.{kind}"
        for t in ("eure", "haut_rhin")
        for lang in ("en", "fr")
        for kind in ("md", "pdf")
    ]
    assert written == result["outputs"] == checked["outputs"] == [*proposals, "report.html"]
    assert "haut-rhin-web-02" in (folder / "report.html").read_text(encoding="utf-8")
    bytes_before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    again = planned({**provisioned(params, result), "report_dir": folder})
    assert not again["changed"]
    assert {path: path.read_bytes() for path in bytes_before} == bytes_before


def test_values_lose_the_marks_of_ansible() -> None:
    class Tagged(int):
        """An integer of a type of its own, as playbooks have them."""

    found = plain({"a": [Tagged(3), True, None, 1.5, "x"]})
    assert found == {"a": [3, True, None, 1.5, "x"]}
    assert [type(value) for value in found["a"]] == [int, bool, type(None), float, str]
