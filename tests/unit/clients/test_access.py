# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""An account is given its access in the emulator, as an administrator does it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils.access import Outcome, Request, ensure_access
from ansible_collections.ent.renfort.plugins.module_utils.core.access import Account
from ansible_collections.ent.renfort.plugins.module_utils.core.errors import RenfortError
from ansible_collections.ent.renfort.plugins.module_utils.core.privileges import Duty, Places, roles
from ansible_collections.ent.renfort.plugins.module_utils.proxmox import Client
from ansible_collections.ent.renfort.plugins.module_utils.proxmox_errors import AuthError
from tests.unit.clients.emulator import Emulator

PLACES = Places(
    pools=("surge",),
    templates=("9001",),
    storages=("vmdata",),
    bridges=("vmbr1",),
    images=("local",),
    nodes=("pve1",),
)
ACCOUNT = Account(duty=Duty.GUESTS, user="surge@pve", token="ops", places=PLACES)


@pytest.fixture(scope="module")
def running(certificate: Path) -> Iterator[Emulator]:
    emulator = Emulator(certificate)
    yield emulator
    emulator.close()


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    """The emulator without what earlier tests made."""
    for table in ("roles", "users", "tokens", "pools"):
        for key in list(running.table(table)):
            if key.startswith(("Renfort", "surge")):
                running.remove(table, key)
    for path, row in list(running.table("acl").items()):
        users = {name: given for name, given in row["users"].items() if name != "surge@pve"}
        running.write("acl", path, row | {"users": users})
    return running


def ensure(emulator: Emulator, folder: Path, account: Account = ACCOUNT, **options: bool) -> Outcome:
    client = Client(emulator.root_settings(), read_only=options.get("dry_run", False))
    return ensure_access(client, Request(account=account, token_file=folder / "secrets/token", **options))


def token(emulator: Emulator, folder: Path) -> Client:
    secret = (folder / "secrets/token").read_text().strip()
    return Client(replace(emulator.settings(), user="surge@pve", token_id="ops", token_secret=secret))


def steps(outcome: Outcome) -> list[str]:
    return [f"{change.step} {change.subject}: {change.reason}" for change in outcome.changes]


def test_an_account_is_made_from_nothing_and_a_second_run_writes_nothing(
    emulator: Emulator, tmp_path: Path
) -> None:
    first = ensure(emulator, tmp_path)

    assert (first.before, first.reads) == ("", 5)
    held = token(emulator, tmp_path).get("access/permissions", doing="see")
    assert set(held["/pool/surge"]) == set(roles(Duty.GUESTS)["RenfortGuests"])
    assert held["/"] == {"Sys.Audit": 0}
    assert "/storage/local" not in held
    second = ensure(emulator, tmp_path)
    assert (second.changes, second.writes, second.before) == ((), 0, first.after)
    assert second.after == first.after


def test_the_secret_is_its_owner_s_alone_and_shown_nowhere(emulator: Emulator, tmp_path: Path) -> None:
    outcome = ensure(emulator, tmp_path)

    path = tmp_path / "secrets/token"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() not in repr(outcome)


def test_a_dry_run_tells_all_and_touches_nothing(emulator: Emulator, tmp_path: Path) -> None:
    outcome = ensure(emulator, tmp_path, dry_run=True)

    assert len(outcome.changes) > 10
    assert outcome.writes == 0
    assert not (tmp_path / "secrets").exists()
    assert "surge@pve" not in emulator.table("users")


def test_a_role_with_too_much_and_too_little_is_set_right(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)
    held = set(roles(Duty.GUESTS)["RenfortGuests"]) - {"VM.Monitor"} | {"VM.Console"}
    emulator.write("roles", "RenfortGuests", {"privs": sorted(held)})

    outcome = ensure(emulator, tmp_path)

    assert steps(outcome) == ["change role RenfortGuests: lacks VM.Monitor; has VM.Console too many"]
    assert emulator.table("roles")["RenfortGuests"]["privs"] == list(roles(Duty.GUESTS)["RenfortGuests"])


def test_grants_that_are_not_needed_any_more_are_withdrawn(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)

    moved = replace(ACCOUNT, places=replace(PLACES, templates=("9002",)))
    outcome = ensure(emulator, tmp_path, moved)

    assert steps(outcome) == [
        "grant surge@pve: RenfortTemplate on /vms/9002",
        "withdraw surge@pve: RenfortTemplate on /vms/9001, which is not needed",
    ]
    assert "surge@pve" not in emulator.table("acl").get("/vms/9001", {}).get("users", {})


def test_what_reaches_too_far_is_narrowed(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)
    acl = emulator.table("acl")["/"]
    emulator.write("acl", "/", acl | {"users": acl["users"] | {"surge@pve": {"RenfortView": 1}}})

    assert steps(ensure(emulator, tmp_path)) == ["grant surge@pve: RenfortView on /, nothing below"]
    assert emulator.table("acl")["/"]["users"]["surge@pve"] == {"RenfortView": 0}


def test_others_are_left_alone_and_foreign_roles_told(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)
    emulator.write("acl", "/access", {"users": {"surge@pve": {"PVEAuditor": 1}}, "groups": {}, "tokens": {}})
    before = {name: dict(emulator.table(name)) for name in ("acl", "roles", "users", "tokens")}

    outcome = ensure(emulator, tmp_path)

    assert outcome.changes == ()
    assert outcome.remarks == (
        "surge@pve also holds PVEAuditor on /access, which is not Renfort's: left as it is.",
    )
    assert before == {name: dict(emulator.table(name)) for name in before}


def test_a_token_whose_secret_is_lost_is_renewed_only_when_asked(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)
    path = tmp_path / "secrets/token"
    old = path.read_text()
    path.unlink()

    with pytest.raises(RenfortError, match=r"surge@pve!ops exists.*renew_token"):
        ensure(emulator, tmp_path)
    outcome = ensure(emulator, tmp_path, renew=True)

    assert steps(outcome) == ["renew token surge@pve!ops: as asked: the old secret is void"]
    assert path.read_text() != old
    assert token(emulator, tmp_path).get("version", doing="use it")["version"]


def test_a_file_with_another_secret_is_noticed(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)
    (tmp_path / "secrets/token").write_text("00000000-0000-0000-0000-00000000dead\n")

    with pytest.raises(RenfortError, match=r"does not hold the secret of the token surge@pve!ops"):
        ensure(emulator, tmp_path)


def test_a_file_that_cannot_be_written_is_refused_before_anything_is_made(
    emulator: Emulator, tmp_path: Path
) -> None:
    (tmp_path / "secrets/token").mkdir(parents=True)

    with pytest.raises(RenfortError, match="cannot be written to"):
        ensure(emulator, tmp_path)
    assert "surge@pve" not in emulator.table("users")


def test_a_token_with_privileges_of_its_own_gets_its_user_s(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)
    row = emulator.table("tokens")["surge@pve!ops"]
    emulator.write("tokens", "surge@pve!ops", row | {"privsep": 1})

    assert [change.step for change in ensure(emulator, tmp_path).changes] == ["change token"]
    assert emulator.table("tokens")["surge@pve!ops"]["privsep"] == 0


def test_the_token_that_is_made_cannot_give_itself_more(emulator: Emulator, tmp_path: Path) -> None:
    ensure(emulator, tmp_path)

    with pytest.raises(RenfortError, match=r"lacks Permissions\.Modify on /"):
        ensure_access(token(emulator, tmp_path), Request(account=ACCOUNT, token_file=tmp_path / "other"))


def test_a_wrong_password_is_told_as_such(emulator: Emulator) -> None:
    client = Client(replace(emulator.root_settings(), password="guessed"))

    with pytest.raises(AuthError, match=r"refuses the password of root@pam"):
        client.get("version", doing="see the version")


def test_the_account_for_templates_makes_no_pool(emulator: Emulator, tmp_path: Path) -> None:
    maker = Account(duty=Duty.TEMPLATES, user="surge@pve", token="ops", places=PLACES)

    ensure(emulator, tmp_path, maker)

    assert "surge" not in emulator.table("pools")
    held = token(emulator, tmp_path).get("access/permissions", doing="see")
    assert set(held) >= {"/vms/9001", "/storage/local", "/nodes/pve1"}
    assert "/vms" not in held
