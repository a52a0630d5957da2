# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan from a real NetBox: its hypervisors, deliveries and networks stand instead of those of the files."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.netbox.conftest import Filled

ROOT = Path(__file__).resolve().parents[2]
LAB = ROOT / "inventories" / "lab"


def write(path: Path, data: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")


def inventory(folder: Path) -> Path:
    """Write an inventory whose files know nothing of what is in NetBox, with a snapshot of a cluster."""
    inputs = folder / "group_vars" / "all"
    for name in ("capacity", "networks"):
        write(inputs / f"{name}.yml", yaml.safe_load((LAB / f"group_vars/all/{name}.yml").read_text()))
    tenants = yaml.safe_load((LAB / "group_vars/all/tenants.yml").read_text())["renfort_tenants"]
    write(inputs / "tenants.yml", {"renfort_tenants": {"haut_rhin": tenants["haut_rhin"]}})
    stock = yaml.safe_load((LAB / "group_vars/all/stock.yml").read_text())["renfort_stock"]
    # One hypervisor of NetBox alone has the bridge of the tenant, so that its loss cannot be survived.
    write(inputs / "stock.yml", {"renfort_stock": stock | {"survive_loss_of": "none"}})
    variables = {
        "renfort_plan_file": str(folder / "fleet.yml"),
        "renfort_report_dir": str(folder / "reports"),
        "renfort_cluster_file": str(folder / "snapshot.yaml"),
        "renfort_today": "2020-03-16",
    }
    write(inputs / "connection.yml", variables)
    (folder / "localhost.yml").write_text((LAB / "localhost.yml").read_text(), encoding="utf-8")
    nodes = [
        {"name": name, "online": True, "cores": 64, "memory_mib": 262144} for name in ("pve1", "pve2", "pve3")
    ]
    write(folder / "snapshot.yaml", {"renfort_cluster": {"hypervisors": nodes, "guests": []}})
    return folder / "localhost.yml"


def test_a_plan_is_made_from_netbox(netbox: Filled, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", str(inventory(tmp_path)), "-e", f"renfort_netbox_url={netbox.running.url}"),
            str(ROOT / "playbooks" / "plan.yml"),
        ],
        cwd=ROOT,
        env={
            **os.environ,
            "RENFORT_NETBOX_TOKEN": netbox.tokens.reader,
            "RENFORT_NETBOX_CA_FILE": str(netbox.running.ca_file),
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    plan = yaml.safe_load((tmp_path / "fleet.yml").read_text(encoding="utf-8"))["renfort_fleet"]
    places = {machine["name"]: machine["hypervisor"] for machine in plan["machines"]}
    assert {place for name, place in places.items() if "web" in name} == {"pve1"}
    addresses = {machine["name"]: machine["address"] for machine in plan["machines"]}
    assert addresses["haproxy-01"] == "10.90.0.20/22"
    assert addresses["haut-rhin-web-01"] == "10.83.10.11/24"
    assert [stage["when"] for stage in plan["stages"]] == ["2020-04-20", "unknown"]
    assert (tmp_path / "reports" / "report.html").exists()
