# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual addresses as clients meet them: HAProxy dies, a machine dies and comes back, another one joins."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import testinfra
import yaml
from testinfra.host import Host

SCENARIO = Path(__file__).parents[1]
ROOT = SCENARIO.parents[2]
ADDRESSES = {"portals_1": "10.84.0.37", "portals_2": "10.84.0.38", "portals_3": "10.84.0.39"}
LOAD = "/usr/local/lib/renfort-test/steady.py"
FAILOVER_S = 5.0
"""Three words of half a second are missing, or two answers; the rest is for a busy host."""


def machine(name: str) -> Host:
    return testinfra.get_host(f"podman://{name}")


def holders(address: str, *names: str) -> list[str]:
    """The machines that have an address on their card."""
    names = names or ("keepalived-1", "keepalived-2")
    shown = {name: machine(name).check_output(f"ip -4 -o addr show dev eth0 to {address}") for name in names}
    return [name for name, text in shown.items() if text]


def until(condition: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.5)
    return True


def while_loaded(harm: Callable[[], object], after: float) -> dict[str, Any]:
    """Do something in the third second of a steady load; what the clients of each address saw."""
    client = machine("keepalived-client")
    client.check_output("rm -f /run/stop-load")
    command = ["podman", "exec", "keepalived-client", "python3", LOAD, "600", "4", *ADDRESSES.values()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as load:
        try:
            time.sleep(3)
            harm()
            time.sleep(after)
        finally:
            client.check_output("touch /run/stop-load")
        output, _ = load.communicate(timeout=60)
    seen: dict[str, Any] = json.loads(output)
    return seen


def grow() -> None:
    # The file that Molecule names lists machines alone, the scenario's groups are in the one beside it; and a
    # play that finds no machine of its group succeeds.
    inventory = Path(os.environ["MOLECULE_INVENTORY_FILE"]).parent
    done = subprocess.run(
        ["ansible-playbook", "--inventory", str(inventory), str(SCENARIO / "grow.yml")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "no hosts matched" not in done.stdout, done.stdout + done.stderr


def switch_on(name: str) -> None:
    platforms = yaml.safe_load((SCENARIO / "molecule.yml").read_text(encoding="utf-8"))["platforms"]
    subprocess.run(
        [sys.executable, "-m", "lab.machines", "up"],
        input=json.dumps([row for row in platforms if row["name"] == name]),
        text=True,
        check=True,
        capture_output=True,
        cwd=ROOT,
    )


def test_each_address_is_with_its_machine() -> None:
    assert {name: holders(address) for name, address in ADDRESSES.items()} == {
        "portals_1": ["keepalived-1"],
        "portals_2": ["keepalived-2"],
        "portals_3": ["keepalived-1"],
    }


def test_keepalived_runs_at_boot_as_vrrp_alone() -> None:
    for name in ("keepalived-1", "keepalived-2"):
        service = machine(name).service("keepalived")
        assert service.is_running
        assert service.is_enabled
        assert "--vrrp" in machine(name).check_output("systemctl show keepalived --property=ExecStart")


def test_the_user_who_asks_for_the_health_can_do_nothing_else() -> None:
    user = machine("keepalived-1").user("keepalived_script")
    assert user.shell == "/usr/sbin/nologin"
    assert machine("keepalived-1").file("/usr/local/libexec/renfort/keepalived-health").user == "root"


def test_a_haproxy_that_dies_gives_its_addresses_up_and_they_stay_where_they_went() -> None:
    one = machine("keepalived-1")
    seen = while_loaded(lambda: one.check_output("systemctl stop haproxy"), after=8)
    try:
        assert holders(ADDRESSES["portals_1"]) == ["keepalived-2"]
        assert seen[ADDRESSES["portals_1"]]["longest_gap_s"] <= FAILOVER_S
        assert seen[ADDRESSES["portals_1"]]["balancers"].keys() == {"keepalived-1", "keepalived-2"}
        assert seen[ADDRESSES["portals_2"]]["failed"] == []
    finally:
        one.check_output("systemctl start haproxy")
    time.sleep(5)
    assert holders(ADDRESSES["portals_1"]) == ["keepalived-2"], (
        "it came back by itself and cut connections again"
    )


def test_a_machine_that_joins_takes_its_share_and_nobody_notices() -> None:
    seen = while_loaded(grow, after=5)
    for address, row in seen.items():
        assert row["failed"] == [], (address, row)
        assert row["slow"] == "whole", (address, row)
        assert row["answered"] > 100
    names = ("keepalived-1", "keepalived-2", "keepalived-3")
    found = {name: holders(address, *names) for name, address in ADDRESSES.items()}
    assert found == {"portals_1": [names[0]], "portals_2": [names[1]], "portals_3": [names[2]]}
    assert "keepalived-3" in seen[ADDRESSES["portals_3"]]["balancers"]


def test_a_machine_that_dies_is_replaced_in_seconds_and_comes_back_in_peace() -> None:
    kill = ["podman", "kill", "--signal=KILL", "keepalived-3"]
    seen = while_loaded(lambda: subprocess.run(kill, check=True, capture_output=True), after=8)
    left = ("keepalived-1", "keepalived-2")
    assert len(holders(ADDRESSES["portals_3"], *left)) == 1
    assert seen[ADDRESSES["portals_3"]]["longest_gap_s"] <= FAILOVER_S
    assert seen[ADDRESSES["portals_1"]]["failed"] == seen[ADDRESSES["portals_2"]]["failed"] == []

    back = while_loaded(lambda: switch_on("keepalived-3"), after=5)
    assert until(lambda: machine("keepalived-3").service("keepalived").is_running, 30)
    assert holders(ADDRESSES["portals_3"], "keepalived-3") == []
    for address, row in back.items():
        assert row["failed"] == [], (address, row)
