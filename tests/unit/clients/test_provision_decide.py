# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each file of provision_cases is one behaviour: a machine, a guest, and the actions that must follow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.provision_changes import Access, config_changes
from ansible_collections.ent.renfort.plugins.module_utils.provision_decide import (
    Action,
    Decision,
    GuestState,
    StrangerError,
    decide,
)
from ansible_collections.ent.renfort.plugins.module_utils.provision_disks import SlotTakenError

CASES = sorted((Path(__file__).parent / "provision_cases").glob("*.yml"))

MACHINE = Machine(
    name="eure-web-02",
    vmid=2003,
    tier="web",
    tenant="eure",
    hypervisor="pve4",
    template=9000,
    cores=2,
    memory_mib=2048,
    disk_gib=8,
    storage="vmdata",
    bridge="vmbr2",
    address="10.83.20.12/24",
    gateway="10.83.20.1",
    nameservers=("10.83.20.1",),
    pool="renfort",
    reason="15000 sessions need 3 machines",
)

ACCESS = Access(user="ops", ssh_keys=("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5+key  ops@lab\n",))

TEMPLATE = {
    "name": "debian-13",
    "memory": "512",
    "cores": 1,
    "boot": "order=scsi0",
    "net0": "virtio=BC:24:11:79:04:81,bridge=vmbr0",
    "scsi0": "vmdata:9000/base-9000-disk-0.raw,discard=on,size=1199M",
    "agent": "enabled=1",
    "ide2": "vmdata:9000/vm-9000-cloudinit.qcow2,media=cdrom",
    "template": 1,
}

AS_PLANNED = {
    "name": "eure-web-02",
    "memory": "2048",
    "cores": 2,
    "boot": "order=scsi0",
    "net0": "virtio=BC:24:11:90:3F:42,bridge=vmbr2",
    "scsi0": "vmdata:9000/base-9000-disk-0.raw/2003/vm-2003-disk-0.qcow2,discard=on,size=8G",
    "agent": "enabled=1",
    "ide2": "vmdata:2003/vm-2003-cloudinit.qcow2,media=cdrom,size=4M",
    "tags": "ip-10.83.20.12;renfort;tenant-eure;tier-web",
    "ciuser": "ops",
    "sshkeys": "ssh-ed25519%20AAAAC3NzaC1lZDI1NTE5%2Bkey%20ops%40lab",
    "ipconfig0": "ip=10.83.20.12/24,gw=10.83.20.1",
    "nameserver": "10.83.20.1",
}


def guest_of(data: dict[str, Any] | None) -> GuestState | None:
    """A guest as planned, but for what the case says."""
    if data is None:
        return None
    return GuestState(
        node=data.get("node", "pve4"),
        running=data.get("running", True),
        pool=data.get("pool", "renfort"),
        config=AS_PLANNED | data.get("config", {}),
        live=data.get("live", {}),
    )


def decided(case: dict[str, Any]) -> Decision:
    return decide(
        replace(MACHINE, **case.get("machine", {})),
        guest_of(case["guest"]),
        template=TEMPLATE,
        access=ACCESS,
        host_key_known=case.get("host_key_known", True),
        allow_restart=case.get("allow_restart", False),
    )


def matches(action: Action, expected: dict[str, Any]) -> bool:
    """Whether an action is of the kind, with these very values or with these words in its reason."""
    ((kind, what),) = expected.items()
    if action.kind != kind:
        return False
    if isinstance(what, dict):
        return {change.key: change.value for change in action.changes} == what
    return what in action.reason


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_decision(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    expect = case["expect"]
    if "refused" in expect:
        with pytest.raises((StrangerError, SlotTakenError)) as caught:
            decided(case)
        assert [word for word in expect["refused"] if word not in str(caught.value)] == []
        return

    decision = decided(case)

    if "first_reason" in expect:
        assert expect["first_reason"] in decision.actions[0].reason
        return
    assert [str(action.kind) for action in decision.actions] == [
        next(iter(item)) for item in expect["actions"]
    ]
    wrong = [
        (action, item)
        for action, item in zip(decision.actions, expect["actions"], strict=True)
        if not matches(action, item)
    ]
    assert wrong == []
    assert [change.key for change in decision.withheld] == expect.get("withheld", [])
    assert len(decision.notes) == len(expect.get("notes", []))
    assert [
        text for text in expect.get("notes", []) if not any(text in note for note in decision.notes)
    ] == []


def test_there_are_cases() -> None:
    assert len(CASES) > 20


def test_every_action_has_a_reason() -> None:
    for path in CASES:
        case = yaml.safe_load(path.read_text(encoding="utf-8"))
        if "refused" not in case["expect"]:
            assert all(action.reason for action in decided(case).actions)


def test_after_the_changes_are_written_nothing_is_left_to_change() -> None:
    """What is sent, read back as it was sent, compares as equal."""
    missing = {**TEMPLATE, "name": "x"}
    changes = config_changes(MACHINE, missing, ACCESS)
    written = missing | {change.key: change.value for change in changes}

    assert changes
    assert config_changes(MACHINE, written, ACCESS) == ()
