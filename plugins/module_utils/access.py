# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives an account of the cluster exactly the access that it needs: read, compare, write the difference."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .core.access import Account, Change, Present, Step, difference, foreign
from .core.errors import RenfortError
from .core.privileges import Duty, Grant, grants, roles
from .proxmox import Client
from .proxmox_errors import AuthError, PrivilegeError

COMMENT = "Renfort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is wanted. The token's secret goes into ``token_file``, which its owner alone may read.

    ``renew`` replaces a token that is there by one with another secret.
    """

    account: Account
    token_file: Path
    renew: bool = False
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was done, or would be in a dry run; ``before`` and ``after`` are the account as text."""

    changes: tuple[Change, ...]
    remarks: tuple[str, ...]
    before: str
    after: str
    reads: int
    writes: int


def ensure_access(client: Client, request: Request) -> Outcome:
    """Make the account what it must be; a second time nothing is written.

    Raises:
        RenfortError: the cluster refuses, the token's file cannot be written, or the secret of a token
            that exists is not there and ``renew`` was not asked for.
    """
    account = request.account
    _check_caller(client)
    present = read_present(client, account)
    changes = difference(account, present, renew=request.renew)
    _check_file(client, request, changes)
    if not request.dry_run:
        for change in changes:
            _carry_out(client, request, change)
    return Outcome(
        changes=changes,
        remarks=tuple(
            f"{account.user} also holds {grant.role} on {grant.path}, which is not Renfort's: left as it is."
            for grant in foreign(present)
        ),
        before=as_text(account, present),
        after=as_text(account, _wanted(account, present)),
        reads=client.reads,
        writes=client.writes,
    )


def _check_caller(client: Client) -> None:
    """Refuse whoever would be shown only a part of the lists, which would then look empty."""
    held = client.get("access/permissions", doing="see what this administrator may do")
    if "Permissions.Modify" not in (held.get("/") or {}):
        raise PrivilegeError(
            f"{client.settings.user} cannot hand out privileges: it lacks Permissions.Modify on /.",
            hint="Use root@pam, or an account with the role Administrator on / (renfort_admin_user).",
        )


def read_present(client: Client, account: Account) -> Present:
    """Return what the cluster has of the account, in four calls."""
    known_roles = client.get("access/roles", doing="list the roles")
    pools = client.get("pools", doing="list the pools")
    users = client.get("access/users", doing="list the users and their tokens", full=1)
    acl = client.get("access/acl", doing="list who may do what")
    user = next((row for row in users if row["userid"] == account.user), None)
    tokens = (user or {}).get("tokens") or []
    token = next((row for row in tokens if row["tokenid"] == account.token), None)
    return Present(
        roles={row["roleid"]: _privileges(row.get("privs")) for row in known_roles},
        pools=frozenset(row["poolid"] for row in pools),
        user=user is not None,
        separated=None if token is None else bool(int(token.get("privsep", 1))),
        grants=frozenset(_grant(row) for row in acl if _is_of(row, account.user)),
    )


def as_text(account: Account, present: Present) -> str:
    """Return the account line by line, for a diff."""
    lines = [f"pool {pool}" for pool in account.places.pools if pool in present.pools]
    lines += [
        f"role {role}: {' '.join(sorted(present.roles[role]))}"
        for role in roles(account.duty)
        if role in present.roles
    ]
    lines += [f"user {account.user}"] if present.user else []
    if present.separated is not None:
        whose = "its own" if present.separated else "its user's"
        lines.append(f"token {account.user}!{account.token} with {whose} privileges")
    lines += [
        f"grant {grant.role} on {grant.path}{'' if grant.below else ', nothing below'}"
        for grant in sorted(present.grants)
    ]
    return "".join(f"{line}\n" for line in lines)


def _wanted(account: Account, present: Present) -> Present:
    return replace(
        present,
        roles={**present.roles, **{role: frozenset(privs) for role, privs in roles(account.duty).items()}},
        pools=present.pools | (set(account.places.pools) if account.duty is Duty.GUESTS else set()),
        user=True,
        separated=False,
        grants=frozenset((*grants(account.duty, account.places), *foreign(present))),
    )


def _privileges(value: object) -> frozenset[str]:
    return frozenset(part for part in str(value or "").split(",") if part)


def _is_of(row: Mapping[str, Any], user: str) -> bool:
    return row.get("type") == "user" and row.get("ugid") == user


def _grant(row: Mapping[str, Any]) -> Grant:
    return Grant(path=str(row["path"]), role=str(row["roleid"]), below=bool(int(row.get("propagate", 1))))


def _check_file(client: Client, request: Request, changes: Iterable[Change]) -> None:
    """Refuse before anything is touched: a secret that could not be kept, or one that nobody knows."""
    path, token = request.token_file, f"{request.account.user}!{request.account.token}"
    if any(change.step in (Step.MAKE_TOKEN, Step.RENEW_TOKEN) for change in changes):
        folder = next(parent for parent in path.absolute().parents if parent.exists())
        if path.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
            raise RenfortError(
                f"The secret of the token {token} cannot be written to {path} (token_file).",
                hint="Name a file in a folder that you may write to.",
            )
        return
    hint = "Put its secret there, or get a new one with renew_token (-e renfort_renew_token=true)."
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise RenfortError(
            f"The token {token} exists, and its secret cannot be read from {path} (token_file): "
            f"{error.strerror}. The cluster tells a secret only once.",
            hint=hint,
        ) from error
    _try_secret(client, request, secret, hint)


def _try_secret(client: Client, request: Request, secret: str, hint: str) -> None:
    account = request.account
    settings = replace(
        client.settings, user=account.user, token_id=account.token, token_secret=secret, password=""
    )
    try:
        Client(settings, read_only=True).get("version", doing="use the token's secret")
    except AuthError as error:
        raise RenfortError(
            f"{request.token_file} (token_file) does not hold the secret of the token "
            f"{account.user}!{account.token}: {error.message}",
            hint=hint,
        ) from error


def _carry_out(client: Client, request: Request, change: Change) -> None:
    account = request.account
    doing = f"{change.step} {change.subject}"
    wanted = roles(account.duty)
    tokens = f"access/users/{account.user}/token/{account.token}"
    match change.step:
        case Step.MAKE_ROLE:
            client.post(
                "access/roles", doing=doing, roleid=change.subject, privs=",".join(wanted[change.subject])
            )
        case Step.CHANGE_ROLE:
            client.put(f"access/roles/{change.subject}", doing=doing, privs=",".join(wanted[change.subject]))
        case Step.MAKE_POOL:
            client.post("pools", doing=doing, poolid=change.subject, comment=COMMENT)
        case Step.MAKE_USER:
            client.post("access/users", doing=doing, userid=change.subject, comment=COMMENT)
        case Step.CHANGE_TOKEN:
            client.put(tokens, doing=doing, privsep=0)
        case Step.MAKE_TOKEN | Step.RENEW_TOKEN:
            if change.step is Step.RENEW_TOKEN:
                client.delete(tokens, doing=doing)
            made = client.post(tokens, doing=doing, privsep=0, comment=COMMENT)
            write_secret(request.token_file, str(made["value"]))
        case Step.GRANT | Step.WITHDRAW:
            _change_grant(client, change, doing)


def _change_grant(client: Client, change: Change, doing: str) -> None:
    assert change.grant is not None
    given = {"path": change.grant.path, "roles": change.grant.role, "users": change.subject}
    if change.step is Step.GRANT:
        client.put("access/acl", doing=f"{doing} {change.reason}", propagate=int(change.grant.below), **given)
    else:
        client.put("access/acl", doing=f"{doing} {change.reason}", delete=1, **given)


def write_secret(path: Path, secret: str) -> None:
    """Write a file that only its owner may read, from its first byte on; it is whole or not there at all."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.new")
    with suppress(FileNotFoundError):
        fresh.unlink()
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(f"{secret}\n")
    fresh.replace(path)
