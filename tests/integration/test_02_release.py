# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way back in the lab: the demand falls, a web machine goes while no request fails, it may come back."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

import pytest
import yaml

from tests.integration.machine import ROOT, operate, renfort
from tests.integration.test_01_main_job import PORTALS, Visitor, state_dir

LAB = ROOT / "inventories/lab"
NAME, ADDRESS = "eure-web-03", "10.83.20.13"


@pytest.fixture(scope="module")
def calmer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lab's inventory once the surge is over in Eure: two web machines are needed."""
    folder = tmp_path_factory.mktemp("inventories") / "lab"
    shutil.copytree(LAB, folder)
    tenants = folder / "group_vars/all/tenants.yml"
    text = tenants.read_text()
    assert text.count("concurrent_sessions: 15000") == 1
    tenants.write_text(text.replace("concurrent_sessions: 15000", "concurrent_sessions: 10000"))
    return folder


def planned(inventory: Path) -> dict[str, int]:
    plan = yaml.safe_load((inventory / "group_vars/all/fleet.yml").read_text())["renfort_fleet"]
    return {it["name"]: it["vmid"] for it in plan["machines"]}


def machines() -> list[str]:
    return json.loads(operate("scripts/inventory.py", "--list").stdout)["fleet"]["hosts"]


def test_planning_for_less_keeps_every_machine_and_a_release_is_only_shown(calmer: Path) -> None:
    plan = renfort("plan", "-i", str(calmer))
    assert plan.returncode == 0, plan.stdout + plan.stderr
    assert NAME in planned(calmer)

    shown = renfort("release", "-i", str(calmer), "-e", "renfort_release_surplus=true")

    assert shown.returncode == 1
    assert f"{NAME}: guest" in shown.stdout
    assert "web for eure: 3 serve now, 1 released, 2 left; minimum 1, the demand asks for 2" in shown.stdout
    assert NAME in machines()


def test_a_machine_is_released_while_no_request_fails(calmer: Path) -> None:
    visitors = [Visitor(PORTALS["eure"], time.monotonic() + 3600) for _ in range(4)]
    for visitor in visitors:
        visitor.start()
    time.sleep(2)
    try:
        release = renfort(
            "release", "-i", str(calmer),
            "-e", "renfort_release_surplus=true", "-e", f"renfort_confirm_removal={NAME}",
        )  # fmt: skip
    finally:
        for visitor in visitors:
            visitor.until = time.monotonic() + 2
        for visitor in visitors:
            visitor.join()

    assert release.returncode == 0, release.stdout + release.stderr
    answers = [answer for visitor in visitors for _, answer in visitor.asked]
    assert NAME in {answer.machine for answer in answers}
    assert [answer for answer in answers if not answer.good] == []
    assert NAME not in machines()
    assert NAME not in planned(calmer)
    assert ADDRESS not in (state_dir() / "known_hosts").read_text()


def test_nothing_puts_it_back_while_the_demand_is_low(calmer: Path) -> None:
    # The reasons are those of two machines now; after that nothing is left to change.
    assert renfort("plan", "-i", str(calmer)).returncode == 0

    for playbook in ("plan", "provision", "verify"):
        run = renfort(playbook, "-i", str(calmer))
        assert run.returncode == 0, run.stdout + run.stderr
        assert "successful: 0 changed" in run.stdout
    again = renfort("release", "-i", str(calmer), "-e", f"renfort_release={NAME}")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "successful: 0 changed" in again.stdout
    assert len([name for name in planned(calmer) if name.startswith("eure-web-")]) == 2


def test_the_journal_tells_of_the_release() -> None:
    shown = operate("scripts/renfort", "journal", "--host", NAME, "-n", "1")
    (run,) = re.findall(r"^ *([0-9a-f]{6}) .* release on lab .* ok *$", shown.stdout, re.MULTILINE)

    lines = operate("scripts/renfort", "journal", "--run", run).stdout
    assert re.search(rf"^changed +{NAME}: remove", lines, re.MULTILINE)


def test_it_comes_back_with_its_id_and_address_when_the_demand_asks() -> None:
    before = planned(LAB)[NAME]

    for playbook in ("plan", "provision"):
        run = renfort(playbook)
        assert run.returncode == 0, run.stdout + run.stderr

    assert planned(LAB)[NAME] == before
    assert ADDRESS in (state_dir() / "known_hosts").read_text()
