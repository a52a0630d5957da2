# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The everyday token can do all of its work with what the list gives it, and not without any part of that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.machine import Machine
from ansible_collections.ent.renfort.plugins.module_utils.core.privileges import (
    NEEDS,
    OWN_ROLES,
    Duty,
    Places,
    grants,
    roles,
)
from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import fleet_from
from ansible_collections.ent.renfort.plugins.module_utils.provision import Provisioner, Request
from ansible_collections.ent.renfort.plugins.module_utils.provision_changes import Access
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_cluster import read_guests
from ansible_collections.ent.renfort.plugins.module_utils.release_act import Limits, Remover
from tests.unit.clients.emulator import PRIVILEGES, ROOT, Emulator

PAGE = (ROOT / "docs/reference/privileges.md").read_text(encoding="utf-8")

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ops@lab"

MACHINE = Machine(
    name="eure-web-01",
    vmid=2001,
    tier="web",
    tenant="eure",
    hypervisor="pve2",
    template=9000,
    cores=4,
    memory_mib=4096,
    disk_gib=8,
    storage="vmdata",
    bridge="vmbr2",
    address="10.83.20.11/24",
    gateway="10.83.20.1",
    nameservers=("10.83.20.1",),
    pool="renfort",
    reason="15000 sessions need 1 machine",
)

EVERYTHING = [(path, privilege) for path, privileges in PRIVILEGES.items() for privilege in privileges]

TRIMMED = {
    ("/vms", "VM.Audit"): "2001|eure-web-01",
    ("/vms/9000", "VM.Audit"): "template 9000",
    ("/nodes", "Sys.Audit"): "pve2",
}
"""Where the server leaves things out of lists instead of refusing: what the message must name then."""


@pytest.fixture
def emulator(certificate: Path) -> Iterator[Emulator]:
    running = Emulator(certificate, speed=200.0)
    yield running
    running.close()


def provision(emulator: Emulator, folder: Path, machine: Machine, **options: Any) -> list[str]:
    """One run; whatever it complains of."""
    request = Request(
        machines=(machine,),
        access=Access(user="ops", ssh_keys=(KEY,)),
        known_hosts_file=str(folder / "known_hosts"),
        **options,
    )
    outcome = Provisioner(Client(emulator.settings()), request, lambda _line: None).run()
    return [*map(str, outcome.failures.values()), *outcome.remarks, *outcome.skipped.values()]


def everything(emulator: Emulator, folder: Path) -> Iterator[str]:
    """The everyday work in all its parts; yields what goes wrong."""
    yield from provision(emulator, folder, MACHINE)
    emulator.write("pools", "renfort", {"comment": "", "vms": [], "storages": []})
    yield from provision(emulator, folder, MACHINE)
    grown = replace(MACHINE, cores=2, memory_mib=2048)
    yield from provision(emulator, folder, grown, allow_restart=True)
    client = Client(emulator.settings())
    guests = read_guests(client)
    seen = [host.name for host in fleet_from(guests).hosts]
    if seen != [MACHINE.name]:
        yield f"The inventory shows {seen} instead of {MACHINE.name}."
    remover = Remover(client, Limits())
    for guest in guests:
        if guest.vmid == MACHINE.vmid and remover.check(guest):
            remover.stop(guest, force=True)
            remover.destroy(guest)


def complaints(emulator: Emulator, folder: Path) -> list[str]:
    found: list[str] = []
    try:
        for complaint in everything(emulator, folder):
            found.append(complaint)
            break
    except RenfortError as error:
        found.append(str(error))
    return found


def test_the_listed_privileges_are_enough_for_all_of_the_work(emulator: Emulator, tmp_path: Path) -> None:
    assert list(everything(emulator, tmp_path)) == []
    assert "2001" not in emulator.table("guests")


@pytest.mark.parametrize(("path", "privilege"), EVERYTHING)
def test_no_listed_privilege_is_superfluous(
    emulator: Emulator, tmp_path: Path, path: str, privilege: str
) -> None:
    emulator.withdraw(path, privilege)

    found = " ".join(complaints(emulator, tmp_path))

    # What a guest's pool would give is asked for on the guest; where either path would do, neither is named.
    nameless = privilege == "VM.Allocate" and "privileges.md" in found
    where = f"(?:{re.escape(path)}|/vms/2001)" if path == "/pool/renfort" else re.escape(path)
    expected = TRIMMED.get((path, privilege), f"{re.escape(privilege)}.* on {where}[ .,(]")
    assert nameless or re.search(expected, found), found or "nothing went wrong"


def table(heading: str) -> list[tuple[str, tuple[str, ...], str]]:
    """The rows of the table under a heading of the page."""
    _, _, rest = PAGE.partition(f"## {heading}\n")
    rows = [line for line in rest.partition("\n## ")[0].splitlines() if line.startswith("| `/")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [(path.strip("`"), tuple(re.findall(r"`([\w.]+)`", held)), why) for path, held, why in cells]


@pytest.mark.parametrize(
    ("heading", "duty"),
    [("The everyday token", Duty.GUESTS), ("The token that makes templates", Duty.TEMPLATES)],
)
def test_the_page_lists_what_is_needed(heading: str, duty: Duty) -> None:
    assert table(heading) == [(need.path, need.privileges, need.purpose) for need in NEEDS[duty]]


@pytest.mark.parametrize(
    ("user", "duty"), [("renfort@pve", Duty.GUESTS), ("renfort-templates@pve", Duty.TEMPLATES)]
)
def test_the_page_s_commands_make_the_same_account(user: str, duty: Duty) -> None:
    _, _, section = PAGE.partition("## With `pveum`")
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    (block,) = [text for text in blocks if f"pveum user add {user}\n" in text]
    lines = block.replace("\\\n", "").splitlines()
    made = {
        found[1]: tuple(found[2].split())
        for line in lines
        if (found := re.match(r'pveum role add (\w+) --privs "(.+)"', line))
    }
    given = {line for line in lines if line.startswith("pveum acl")}
    places = Places(
        pools=("renfort",),
        templates=("9000",),
        storages=("vmdata",),
        images=("local",),
        nodes=("pve1",),
        bridges=("vmbr0", "vmbr1"),
    )

    assert made == roles(duty)
    assert given == {
        f"pveum acl modify {it.path} --users {user} --roles {it.role}{'' if it.below else ' --propagate 0'}"
        for it in grants(duty, places)
    }


def test_roles_that_duties_share_hold_the_same() -> None:
    guests, templates = roles(Duty.GUESTS), roles(Duty.TEMPLATES)

    assert {name: guests[name] for name in guests.keys() & templates.keys()} == {
        name: templates[name] for name in guests.keys() & templates.keys()
    }
    assert guests.keys() | templates.keys() == OWN_ROLES
