# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each file of release_cases is one behaviour: a fleet, what is asked for, and what must follow.

The fleet of every case: the tier web of the tenant eure has four machines, of which the demand asks for
three, and must keep two; haut_rhin has two; one load balancer serves all.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.core.server_use import ServerState, ServerUse
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import (
    ClusterView,
    Guest,
    Hypervisor,
)
from ansible_collections.ent.renfort.plugins.module_utils.release import is_machine_name
from ansible_collections.ent.renfort.plugins.module_utils.release_decide import (
    Fleet,
    Release,
    ReleaseError,
    Wanted,
    decide_release,
)
from ansible_collections.ent.renfort.plugins.module_utils.release_minimum import Left

CASES = sorted((Path(__file__).parent / "release_cases").glob("*.yml"))

MACHINES = {
    "haproxy-01": (2000, "haproxy", "", "10.83.0.11"),
    "eure-web-01": (2001, "web", "eure", "10.83.20.11"),
    "eure-web-02": (2002, "web", "eure", "10.83.20.12"),
    "eure-web-03": (2003, "web", "eure", "10.83.20.13"),
    "eure-web-04": (2004, "web", "eure", "10.83.20.14"),
    "haut-rhin-web-01": (2011, "web", "haut_rhin", "10.83.10.11"),
    "haut-rhin-web-02": (2012, "web", "haut_rhin", "10.83.10.12"),
}

GROUPS = {
    ("haproxy", ""): Left(tier="haproxy", tenant="", minimum=1, asked=1),
    ("web", "eure"): Left(tier="web", tenant="eure", minimum=2, asked=3),
    ("web", "haut_rhin"): Left(tier="web", tenant="haut_rhin", minimum=1, asked=2),
}


def machine(name: str) -> Machine:
    vmid, tier, tenant, ip = MACHINES[name]
    return Machine(
        name=name,
        vmid=vmid,
        tier=tier,
        tenant=tenant,
        hypervisor=f"pve{1 + vmid % 2}",
        template=9000,
        cores=2,
        memory_mib=2048,
        disk_gib=8,
        storage="vmdata",
        bridge="vmbr2",
        address=f"{ip}/24",
        gateway="10.83.20.1",
        nameservers=(),
        pool="renfort",
        reason="demand",
    )


def guest(of: Machine, changes: dict[str, Any]) -> Guest:
    found = Guest(
        vmid=of.vmid,
        type="qemu",
        name=of.name,
        node=of.hypervisor,
        status="running",
        template=False,
        tags=of.tags,
        pool="renfort",
        lock="",
        cores=2,
        memory_mib=2048,
    )
    return replace(found, **{key: tuple(it) if isinstance(it, list) else it for key, it in changes.items()})


def fleet(case: dict[str, Any]) -> Fleet:
    """The fleet of all cases, but for what a case says: guests changed or gone, names out of the plan."""
    planned = [machine(name) for name in MACHINES if name not in case.get("unplanned", [])]
    gone = case.get("gone", [])
    changes = case.get("guests", {})
    guests = [guest(machine(name), changes.get(name, {})) for name in MACHINES if name not in gone]
    guests += [guest(machine("eure-web-04"), it) for it in case.get("more", [])]
    servers = [
        ServerUse(
            **{"site": "", "rack": "", "origin": "", "reason": "x", **it, "state": ServerState(it["state"])}
        )
        for it in case.get("servers", [])
    ]
    nodes = ["pve1", "pve2", *case.get("nodes", [])]
    view = ClusterView(
        hypervisors=tuple(
            Hypervisor(name=name, online=name not in case.get("offline", []), cores=8, memory_mib=65536)
            for name in nodes
        ),
        guests=tuple(guests),
        storages=(),
    )
    groups = {key: it for key, it in GROUPS.items() if key[1] not in case.get("left_the_platform", [])}
    carriers = {name: tuple(group) for name, group in case.get("carriers", {}).items()}
    return Fleet(view=view, plan=Plan.of(machines=planned, servers=servers), groups=groups, carriers=carriers)


def decided(case: dict[str, Any]) -> Release:
    asked = dict(case["wanted"])
    return decide_release(
        fleet(case),
        Wanted(
            names=tuple(asked.pop("names", ())),
            drained=frozenset(asked.pop("drained", ["web"])),
            **asked,
        ),
        is_name=lambda name: is_machine_name(name, tenants=["eure", "haut_rhin"]),
    )


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    expected = case["expect"]
    if "refused" in expected:
        with pytest.raises(ReleaseError) as caught:
            decided(case)
        assert [text for text in expected["refused"] if text not in str(caught.value)] == [], str(
            caught.value
        )
        return
    release = decided(case)
    assert [target.name for target in release.targets] == expected["targets"]
    notes = " ".join(release.notes)
    assert [text for text in expected.get("notes", []) if text not in notes] == [], notes
    assert bool(release.notes) == bool(expected.get("notes"))


def test_a_removal_is_confirmed_by_its_names_or_its_digest_and_by_nothing_else() -> None:
    release = decided({"wanted": {"names": ["eure-web-04", "haut-rhin-web-02"]}})

    for text in (release.digest, "haut-rhin-web-02 eure-web-04", "eure-web-04,haut-rhin-web-02"):
        assert release.is_confirmed(text)
    for text in ("", "yes", "eure-web-04", release.digest[:-1], f"{release.digest} eure-web-04"):
        assert not release.is_confirmed(text)


def test_the_digest_stays_while_an_interrupted_release_goes_on() -> None:
    names = {"names": ["eure-web-04", "haut-rhin-web-02"]}
    before = decided({"wanted": names})
    halfway = decided({"wanted": names, "gone": ["eure-web-04"], "unplanned": ["eure-web-04"]})

    assert [target.name for target in halfway.targets] == ["haut-rhin-web-02"]
    assert halfway.digest == before.digest


def test_the_arithmetic_names_tier_tenant_and_minimum() -> None:
    (left,) = decided({"wanted": {"names": ["eure-web-04"]}}).left

    assert left.line == ("web for eure: 4 serve now, 1 released, 3 left; minimum 2, the demand asks for 3")
