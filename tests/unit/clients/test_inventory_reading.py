# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fleet of an emulated cluster: while it answers, when it is away, when it loses much."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.fleet_inventory import (
    InventoryError,
    groups_of,
    hostvars_of,
)
from ansible_collections.ent.renfort.plugins.module_utils.inventory.asking import AwayError
from ansible_collections.ent.renfort.plugins.module_utils.inventory.copies import ShrinkError
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import (
    AuthError,
    OptionsError,
    TlsError,
)
from lab.pve.qemu.guests import row_of
from tests.unit.clients.emulator import SECRET, Emulator
from tests.unit.clients.inventories import Reader, fill, names, planned

if TYPE_CHECKING:
    from tests.unit.clients.conftest import Told


def test_one_call_whatever_the_number_of_guests(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    fill(emulator, [f"eure-web-{number:03d}" for number in range(1, 201)])

    fleet = read(emulator)

    assert len(fleet.hosts) == 200
    assert fleet.warnings == ()
    assert emulator.counted() == {"reads": 1, "writes": 0}


def test_a_copy_is_for_its_owner_and_holds_no_secret(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    emulator.write("guests", "100", row_of(100, "pve1", {"name": "payroll"}, image="debian-13"))

    read(emulator)

    (path,) = read.copies()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SECRET not in path.read_text()
    assert "payroll" not in path.read_text()


def test_while_the_api_is_away_the_last_good_copy_is_served_and_marked(
    start: Callable[[], Emulator], read: Reader
) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01", "eure-web-02"])
    options = read.of(emulator)
    fresh = read(**options)
    emulator.close()
    read.age_copies(hours=26)

    stale = read(**options)

    assert names(stale) == names(fresh)
    assert "cannot be reached" in stale.warnings[0]
    assert "as they were 1 day ago, in the group stale" in stale.warnings[0]
    assert {groups_of(host) for host in stale.hosts} == {(*groups_of(host), "stale") for host in fresh.hosts}
    assert hostvars_of(stale.hosts[0], user="ops")["renfort_stale"] is True
    assert "renfort_stale" not in hostvars_of(fresh.hosts[0], user="ops")


@pytest.mark.parametrize(
    ("hours", "limit", "words"),
    [(26, 24, r"last good copy is 1 day old, which is more than 1 day \(max_stale_hours\)"), (1, 0, "")],
)
def test_a_copy_that_is_too_old_is_not_served(
    start: Callable[[], Emulator], read: Reader, hours: int, limit: int, words: str
) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    options = read.of(emulator)
    read(**options)
    emulator.close()
    read.age_copies(hours=hours)

    with pytest.raises(AwayError, match=f"cannot be reached.*{words}"):
        read(**options, max_stale_hours=limit)


def test_an_api_that_was_never_read_and_is_away_is_an_error(read: Reader, closed_port: int) -> None:
    with pytest.raises(AwayError, match=rf"127\.0\.0\.1:{closed_port} cannot be reached: Connection refused"):
        read(api_host=f"127.0.0.1:{closed_port}", api_user="a@pve", api_token_id="b", api_token_secret="c")


def test_a_refusal_is_no_absence(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    read(emulator)

    with pytest.raises(AuthError, match="refuses the API token"):
        read(emulator, api_token_secret="wrong")
    with pytest.raises(TlsError, match="does not verify"):
        read(emulator, ca_file=None)
    with pytest.raises(OptionsError, match="api_token_secret nor api_token_file"):
        read(emulator, api_token_secret=None)


def test_an_answer_of_a_server_that_is_none_is_an_absence(told: Told, read: Reader) -> None:
    row = {"type": "qemu", "vmid": 2001, "name": "eure-web-01", "node": "pve1", "status": "running"}
    told.server.answers = [told.answer(data=[row | {"tags": "renfort;tier-web;ip-10.0.0.1"}])]
    options = {
        "api_host": f"127.0.0.1:{told.server.server_port}",
        "api_user": "renfort@pve",
        "api_token_id": "ops",
        "api_token_secret": "s3cret",
        "ca_file": told.ca_file,
    }
    read(**options)

    for answer in (
        told.answer(status=503, reason="Service Unavailable"),
        told.answer(status=596, reason="Broken pipe"),
        told.answer(cut=True),
    ):
        told.server.answers = [answer]
        assert hostvars_of(read(**options).hosts[0], user="ops")["renfort_stale"] is True
    told.server.answers = [told.answer(status=403, reason="Permission check failed")]
    with pytest.raises(RenfortError, match="Permission"):
        read(**options)


def test_a_sudden_loss_is_refused_until_it_is_accepted(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    machines = [f"eure-web-{number:02d}" for number in range(1, 21)]
    fill(emulator, machines)
    read(emulator)
    for vmid in range(2001, 2004):
        emulator.remove("guests", str(vmid))

    with pytest.raises(ShrinkError) as raised:
        read(emulator)
    assert "no longer shows 3 of the 20 machines" in str(raised.value)
    assert "eure-web-01, eure-web-02, eure-web-03" in str(raised.value)
    assert "RENFORT_ACCEPT_SHRINK=1" in str(raised.value)
    with pytest.raises(ShrinkError):
        read(emulator)

    assert len(read(emulator, accept_shrink=True).hosts) == 17
    assert len(read(emulator).hosts) == 17


@pytest.mark.parametrize(("gone", "options"), [(2, {}), (5, {"max_shrink_percent": 25})])
def test_a_loss_within_the_limit_is_no_matter(
    start: Callable[[], Emulator], read: Reader, gone: int, options: dict[str, Any]
) -> None:
    emulator = start()
    fill(emulator, [f"eure-web-{number:02d}" for number in range(1, 21)])
    read(emulator)
    for vmid in range(2001, 2001 + gone):
        emulator.remove("guests", str(vmid))

    assert len(read(emulator, **options).hosts) == 20 - gone


def test_a_token_that_sees_less_than_before_is_noticed(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    fill(emulator, [f"eure-web-{number:02d}" for number in range(1, 6)])
    read(emulator)
    emulator.withdraw("/vms", "VM.Audit")

    with pytest.raises(InventoryError, match="shows no guest with the tag renfort"):
        read(emulator)
    with pytest.raises(ShrinkError):
        read(emulator, allow_empty=True)


def test_a_hypervisor_that_is_off_line_loses_nothing(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    fill(emulator, [f"eure-web-{number:02d}" for number in range(1, 9)])
    fresh = read(emulator)
    emulator.write("nodes", "pve2", emulator.table("nodes")["pve2"] | {"online": False})

    fleet = read(emulator)

    assert {host.vmid for host in fleet.hosts} == {host.vmid for host in fresh.hosts}
    assert {host.status for host in fleet.hosts if host.hypervisor == "pve2"} == {"unknown"}


def test_what_the_plan_no_longer_has_is_not_missed(start: Callable[[], Emulator], read: Reader) -> None:
    emulator = start()
    fill(emulator, [f"eure-web-{number:02d}" for number in range(1, 11)])
    plan = read.folder / "plan.yml"
    plan.write_text(planned(range(2001, 2011)))
    read(emulator, plan_file="plan.yml")
    for vmid in range(2001, 2006):
        emulator.remove("guests", str(vmid))

    with pytest.raises(ShrinkError):
        read(emulator, plan_file="plan.yml")
    plan.write_text("renfort_fleet: {version: 1, machines: [], shortages: []}\n")
    with pytest.raises(ShrinkError):
        read(emulator, plan_file="plan.yml")
    plan.write_text(planned(range(2006, 2011)))
    assert len(read(emulator, plan_file="plan.yml").hosts) == 5


def test_a_copy_serves_as_cache_for_as_long_as_it_is_told(
    start: Callable[[], Emulator], read: Reader
) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    cached = {"cache": True, "cache_timeout": 60}

    for _ in range(3):
        assert read(emulator, **cached).hosts[0].stale is False
    assert emulator.counted()["reads"] == 1
    read(emulator, use_cache=False, **cached)
    assert emulator.counted()["reads"] == 2
    read.age_copies(hours=0.1)
    read(emulator, **cached)
    assert emulator.counted()["reads"] == 3


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"version": 1}', '{"version": 1, "rows": [{}]}', '{"version": 99, "rows": []}']
)
def test_a_damaged_copy_counts_as_none(start: Callable[[], Emulator], read: Reader, damage: str) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    read(emulator)
    (path,) = read.copies()
    path.write_text(damage)

    assert names(read(emulator)) == ["eure-web-01"]
    assert json.loads(path.read_text())["rows"]


def test_a_folder_that_cannot_be_written_is_told_and_no_matter(
    start: Callable[[], Emulator], read: Reader
) -> None:
    emulator = start()
    fill(emulator, ["eure-web-01"])
    read.state.write_text("a file where the folder should be")

    fleet = read(emulator)

    assert names(fleet) == ["eure-web-01"]
    assert "No copy of" in fleet.warnings[0]
    assert "RENFORT_INVENTORY_STATE" in fleet.warnings[0]
