# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Roles on paths: inheritance, overriding, groups, tokens, pools."""

from __future__ import annotations

from typing import Any

import pytest

from lab.pve.call import Identity
from lab.pve.errors import ForbiddenError
from lab.pve.permcheck import normalise
from lab.pve.permissions import Access
from lab.pve.roles import ALL_PRIVILEGES, special_roles
from lab.pve.store import Store

ANN = Identity(user="ann@pve")
TOKEN = Identity(user="ann@pve", token="ci")


@pytest.fixture
def store() -> Store:
    store = Store()
    store.table("users")["ann@pve"] = {"enable": 1}
    store.table("roles")["Power"] = {"privs": ["VM.PowerMgmt"]}
    store.table("roles")["Audit"] = {"privs": ["VM.Audit"]}
    return store


def allow(store: Store, path: str, role: str, *, propagate: int = 1, **names: str) -> None:
    """Give a role on a path to users, groups or tokens (by keyword)."""
    entry: dict[str, Any] = {"users": {}, "groups": {}, "tokens": {}}
    entry |= store.table("acl").get(path, {})
    for kind, name in names.items():
        entry[kind] = {**entry[kind], name: {**entry[kind].get(name, {}), role: propagate}}
    store.table("acl")[path] = entry


def test_root_may_do_everything(store: Store) -> None:
    access = Access(store)
    assert access.granted(Identity(user="root@pam"), "/vms/100").keys() == ALL_PRIVILEGES


def test_roots_token_without_separation_may_too_and_a_separated_one_nothing(store: Store) -> None:
    store.table("tokens")["root@pam!all"] = {"privsep": 0}
    store.table("tokens")["root@pam!sep"] = {"privsep": 1}
    access = Access(store)
    assert access.has(Identity(user="root@pam", token="all"), "/", ["Sys.Modify"])
    assert not access.has(Identity(user="root@pam", token="sep"), "/", ["Sys.Modify"])
    assert not access.has(Identity(user="root@pam", token="unknown"), "/", ["Sys.Modify"])


def test_a_role_reaches_the_paths_below(store: Store) -> None:
    allow(store, "/vms", "Power", users="ann@pve")
    access = Access(store)
    assert access.has(ANN, "/vms/100", ["VM.PowerMgmt"])
    assert not access.has(ANN, "/vms2", ["VM.PowerMgmt"])
    assert not access.has(ANN, "/", ["VM.PowerMgmt"])


def test_unless_it_does_not_propagate(store: Store) -> None:
    allow(store, "/vms", "Power", propagate=0, users="ann@pve")
    access = Access(store)
    assert access.has(ANN, "/vms", ["VM.PowerMgmt"])
    assert not access.has(ANN, "/vms/100", ["VM.PowerMgmt"])


def test_the_nearest_statement_replaces_those_above(store: Store) -> None:
    allow(store, "/vms", "Power", users="ann@pve")
    allow(store, "/vms/100", "Audit", users="ann@pve")
    access = Access(store)
    assert access.has(ANN, "/vms/100", ["VM.Audit"])
    assert not access.has(ANN, "/vms/100", ["VM.PowerMgmt"])


def test_no_access_takes_everything_away(store: Store) -> None:
    allow(store, "/", "Administrator", users="ann@pve")
    allow(store, "/vms/100", "NoAccess", users="ann@pve")
    access = Access(store)
    assert access.has(ANN, "/vms/101", ["VM.Audit"])
    assert not access.granted(ANN, "/vms/100")


def test_a_users_own_role_comes_before_the_groups(store: Store) -> None:
    store.table("groups")["ops"] = {"users": ["ann@pve"]}
    allow(store, "/vms", "Power", groups="ops")
    access = Access(store)
    assert access.has(ANN, "/vms/1", ["VM.PowerMgmt"])
    allow(store, "/vms", "Audit", users="ann@pve")
    assert not access.has(ANN, "/vms/1", ["VM.PowerMgmt"])


def test_a_separated_token_has_no_more_than_its_user(store: Store) -> None:
    store.table("tokens")["ann@pve!ci"] = {"privsep": 1}
    allow(store, "/vms", "Audit", users="ann@pve")
    allow(store, "/vms", "Audit", tokens="ann@pve!ci")
    allow(store, "/vms", "Power", tokens="ann@pve!ci")
    access = Access(store)
    assert access.has(TOKEN, "/vms/100", ["VM.Audit"])
    assert not access.has(TOKEN, "/vms/100", ["VM.PowerMgmt"])


def test_a_pool_gives_privileges_on_its_members(store: Store) -> None:
    store.table("pools")["team"] = {"vms": [100], "storages": ["fast"]}
    allow(store, "/pool/team", "Power", users="ann@pve")
    access = Access(store)
    assert access.has(ANN, "/vms/100", ["VM.PowerMgmt"])
    assert not access.has(ANN, "/vms/101", ["VM.PowerMgmt"])
    store.table("pools")["team"] = {"vms": [101], "storages": []}
    assert access.has(ANN, "/vms/101", ["VM.PowerMgmt"])


def test_the_refusal_names_path_and_privileges(store: Store) -> None:
    access = Access(store)
    with pytest.raises(ForbiddenError) as caught:
        access.check(ANN, "/storage/x", ["Datastore.Audit", "Datastore.AllocateSpace"], any=True)
    wanted = "Permission check failed (/storage/x, Datastore.Audit|Datastore.AllocateSpace)\n"
    assert caught.value.message == wanted


def test_privileges_on_the_pool_do_for_a_guest_to_be(store: Store) -> None:
    store.table("pools")["team"] = {"vms": [], "storages": []}
    allow(store, "/pool/team", "Power", users="ann@pve")
    access = Access(store)
    access.check_vm(ANN, 200, "team", ["VM.PowerMgmt"])
    with pytest.raises(ForbiddenError):
        access.check_vm(ANN, 200, None, ["VM.PowerMgmt"])


def test_built_in_roles() -> None:
    roles = special_roles()
    assert roles["Administrator"] == ALL_PRIVILEGES
    assert roles["PVEPoolUser"] == {"Pool.Audit"}
    assert "Sys.Modify" not in roles["PVEAdmin"]
    assert "Mapping.Modify" in roles["PVEMappingAdmin"]


@pytest.mark.parametrize(
    ("path", "wanted"), [("/vms/100", "/vms/100"), ("vms//100/", "/vms/100"), ("", "/"), ("/a b", None)]
)
def test_paths_have_one_spelling(path: str, wanted: str | None) -> None:
    assert normalise(path) == wanted
