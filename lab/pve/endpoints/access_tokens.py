# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""``/access/users/{userid}/token``."""

from __future__ import annotations

import uuid
from typing import Any

from ..auth import hash_token
from ..call import Call
from ..errors import ParameterError, ServerError
from ..registry import endpoint
from ..store import Row
from .access_users import existing, token_entry, tokens_of

_BASE = "/access/users/{userid}/token"


@endpoint("GET", _BASE)
async def tokens(call: Call) -> list[dict[str, Any]]:
    """A user's tokens."""
    existing(call.cluster, call.params["userid"])
    return [{"tokenid": name, **row} for name, row in tokens_of(call.cluster, call.params["userid"]).items()]


def _key(call: Call) -> str:
    return f"{call.params['userid']}!{call.params['tokenid']}"


def _existing(call: Call) -> Row:
    existing(call.cluster, call.params["userid"])
    row: Row | None = call.cluster.store.table("tokens").get(_key(call))
    if row is None:
        name, user = call.params["tokenid"], call.params["userid"]
        raise ServerError(f"no such token '{name}' for user '{user}'")
    return row


@endpoint("GET", _BASE + "/{tokenid}")
async def read(call: Call) -> dict[str, Any]:
    """One token, without its secret."""
    return token_entry(_existing(call))


@endpoint("POST", _BASE + "/{tokenid}")
async def create(call: Call) -> dict[str, Any]:
    """A new token; its secret is told this once."""
    existing(call.cluster, call.params["userid"])
    table = call.cluster.store.table("tokens")
    if _key(call) in table:
        raise ParameterError({"tokenid": "Token already exists."})
    value = str(uuid.uuid4())
    given = _given(call)
    table[_key(call)] = {"privsep": 1, "expire": 0} | given | {"secret": hash_token(value)}
    return {"full-tokenid": _key(call), "value": value, "info": {"privsep": 1} | _as_sent(given)}


@endpoint("PUT", _BASE + "/{tokenid}")
async def update(call: Call) -> dict[str, Any]:
    """Change a token's comment, expiry or privileges."""
    row, given = _existing(call), _given(call)
    call.cluster.store.table("tokens")[_key(call)] = row | given
    return token_entry(row) | _as_sent(given)


@endpoint("DELETE", _BASE + "/{tokenid}")
async def delete(call: Call) -> None:
    """Remove a token and its privileges."""
    _existing(call)
    acl = call.cluster.store.table("acl")
    for path, entry in list(acl.items()):
        if _key(call) in entry.get("tokens", {}):
            kept = {name: roles for name, roles in entry["tokens"].items() if name != _key(call)}
            acl[path] = entry | {"tokens": kept}
    del call.cluster.store.table("tokens")[_key(call)]


def _given(call: Call) -> Row:
    return {key: call.params[key] for key in ("privsep", "expire", "comment") if key in call.params}


def _as_sent(given: Row) -> dict[str, str]:
    """The answer repeats what was sent, as text."""
    return {key: str(value) for key, value in given.items()}
