# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access/domains``: where users and their passwords come from."""

from __future__ import annotations

from typing import Any

from ..call import Call
from ..errors import ServerError
from ..formats import split_list
from ..registry import endpoint
from ..store import Row

_BUILT_IN = ("pam", "pve")


@endpoint("GET", "/access/domains")
async def domains(call: Call) -> list[dict[str, Any]]:
    """The realms, for the login page."""
    shown = ("type", "comment", "default", "tfa")
    return [
        {"realm": name} | {key: row[key] for key in shown if key in row}
        for name, row in call.cluster.store.table("realms").items()
    ]


def _existing(call: Call, prefix: str = "") -> Row:
    name = call.params["realm"]
    row: Row | None = call.cluster.store.table("realms").get(name)
    if row is None:
        raise ServerError(f"{prefix}domain '{name}' does not exist")
    return row


@endpoint("GET", "/access/domains/{realm}")
async def read(call: Call) -> dict[str, Any]:
    """The settings of a realm."""
    return {key: value for key, value in _existing(call).items() if key != "password"}


@endpoint("POST", "/access/domains")
async def create(call: Call) -> None:
    """Add a realm; nobody can log in through it here."""
    params = dict(call.params)
    name, table = params.pop("realm"), call.cluster.store.table("realms")
    if name in table:
        raise ServerError(f"add auth server failed: domain '{name}' already exists")
    table[name] = params


@endpoint("PUT", "/access/domains/{realm}")
async def update(call: Call) -> None:
    """Change a realm."""
    row = dict(_existing(call, "update auth server failed: "))
    params = {key: value for key, value in call.params.items() if key not in ("realm", "delete", "digest")}
    for key in split_list(call.params.get("delete", "")):
        row.pop(key, None)
    call.cluster.store.table("realms")[call.params["realm"]] = row | params


@endpoint("DELETE", "/access/domains/{realm}")
async def delete(call: Call) -> None:
    """Remove a realm that is not built in."""
    name = call.params["realm"]
    if name in _BUILT_IN:
        raise ServerError(f"delete auth server failed: unable to delete builtin realm '{name}'")
    _existing(call, "delete auth server failed: ")
    del call.cluster.store.table("realms")[name]
