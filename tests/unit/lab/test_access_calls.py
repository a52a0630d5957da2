# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access``: users, tokens, roles, groups and access lists through the API."""

from __future__ import annotations

from .world import World, play


def test_a_users_life() -> None:
    async def scenario(world: World) -> None:
        made = await world.call(
            "POST", "/access/users", userid="eva@pve", password="secret12345", comment="c"
        )
        assert made.status == 200
        again = await world.call("POST", "/access/users", userid="eva@pve")
        assert again.reason == "create user failed: user 'eva@pve' already exists"
        seen = await world.get("/access/users/eva@pve")
        assert seen == {
            "enable": 1,
            "expire": 0,
            "email": "",
            "comment": "c",
            "groups": [],
            "tokens": None,
        }
        assert world.cluster.auth.password_matches("eva@pve", "secret12345")
        assert (await world.call("DELETE", "/access/users/eva@pve")).status == 200
        gone = await world.call("GET", "/access/users/eva@pve")
        assert (gone.status, gone.reason) == (500, "no such user ('eva@pve')")

    play(scenario)


def test_a_removed_user_leaves_nothing_behind() -> None:
    async def scenario(world: World) -> None:
        await world.call("POST", "/access/groups", groupid="ops")
        await world.call("POST", "/access/users", userid="eva@pve", groups="ops")
        await world.call("POST", "/access/users/eva@pve/token/ci")
        await world.call("PUT", "/access/acl", path="/vms", roles="PVEVMUser", users="eva@pve")
        await world.call("PUT", "/access/acl", path="/vms", roles="PVEVMUser", tokens="eva@pve!ci")
        await world.call("DELETE", "/access/users/eva@pve")
        assert await world.get("/access/acl") == []
        assert (await world.get("/access/groups/ops"))["members"] == []
        assert "eva@pve!ci" not in world.cluster.store.table("tokens")

    play(scenario)


def test_tokens_are_shown_without_their_secret() -> None:
    async def scenario(world: World) -> None:
        world.grant("eva@pve", "/vms", "VM.Audit")
        made = await world.call("POST", "/access/users/eva@pve/token/ci", user="eva@pve", comment="x")
        assert made.data["full-tokenid"] == "eva@pve!ci"
        secret = made.data["value"]
        listed = await world.get("/access/users/eva@pve/token")
        assert listed == [{"tokenid": "ci", "expire": 0, "privsep": 1, "comment": "x"}]
        assert secret not in str(dict(world.cluster.store.table("tokens")))
        again = await world.call("POST", "/access/users/eva@pve/token/ci")
        assert again.errors == {"tokenid": "Token already exists."}

    play(scenario)


def test_others_tokens_need_a_privilege() -> None:
    async def scenario(world: World) -> None:
        world.grant("eva@pve", "/vms", "VM.Audit")
        refused = await world.call("GET", "/access/users/root@pam/token", user="eva@pve")
        assert refused.status == 403

    play(scenario)


def test_roles() -> None:
    async def scenario(world: World) -> None:
        assert (
            await world.call("POST", "/access/roles", roleid="Ops", privs="VM.Audit VM.Clone")
        ).status == 200
        assert await world.get("/access/roles/Ops") == {"VM.Audit": 1, "VM.Clone": 1}
        await world.call("PUT", "/access/roles/Ops", privs="VM.Console", append=1)
        assert set(await world.get("/access/roles/Ops")) == {"VM.Audit", "VM.Clone", "VM.Console"}
        special = await world.call("PUT", "/access/roles/PVEAdmin", privs="VM.Audit")
        assert special.reason == "auto-generated role 'PVEAdmin' cannot be modified"
        missing = await world.call("DELETE", "/access/roles/Nope")
        assert missing.reason == "delete role failed: role 'Nope' does not exist"

    play(scenario)


def test_access_lists() -> None:
    async def scenario(world: World) -> None:
        await world.call("POST", "/access/users", userid="eva@pve")
        bad = await world.call("PUT", "/access/acl", path="/nope", roles="PVEAdmin", users="eva@pve")
        assert bad.errors == {"path": "invalid ACL path '/nope'"}
        nobody = await world.call("PUT", "/access/acl", path="/vms", roles="PVEAdmin")
        assert set(nobody.errors) == {"users", "groups", "tokens"}
        await world.call("PUT", "/access/acl", path="/vms", roles="PVEAdmin", users="eva@pve", propagate=0)
        assert await world.get("/access/acl") == [
            {"path": "/vms", "type": "user", "ugid": "eva@pve", "roleid": "PVEAdmin", "propagate": 0}
        ]
        await world.call("PUT", "/access/acl", path="/vms", roles="PVEAdmin", users="eva@pve", delete=1)
        assert await world.get("/access/acl") == []

    play(scenario)


def test_who_allocates_guests_may_hand_out_what_they_hold_and_no_more() -> None:
    async def scenario(world: World) -> None:
        world.grant("eva@pve", "/vms", "VM.Allocate", "VM.Audit", "VM.Clone")
        params = {"path": "/vms/100", "users": "eva@pve"}
        fine = await world.call("PUT", "/access/acl", user="eva@pve", roles="PVETemplateUser", **params)
        assert fine.status == 200
        more = await world.call(
            "PUT", "/access/acl", user="eva@pve", roles="PVEVMAdmin", path="/vms/101", users="eva@pve"
        )
        assert set(more.errors) == {"role"}

    play(scenario)


def test_permissions_show_where_they_come_from() -> None:
    async def scenario(world: World) -> None:
        world.grant("eva@pve", "/vms", "VM.Audit")
        own = await world.call("GET", "/access/permissions", user="eva@pve")
        assert own.data == {"/vms": {"VM.Audit": 1}}
        other = await world.call("GET", "/access/permissions", user="eva@pve", userid="root@pam")
        assert other.reason == "Permission check failed (/access, Sys.Audit)"

    play(scenario)
