# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts of the machines that save their data: passwords, and how the server knows them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .core.errors import RenfortError

PURPOSES = ("transport", "repository")
"""What a machine needs passwords for: to reach the server, and to read what it saved."""

SECRET_LENGTH = 20
"""Characters that a secret must have, so that nobody finds it by trying."""

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
DURATION = re.compile(r"(?:\d+[ymdh])+")
PERIODS = ("", "hourly", "daily", "weekly", "monthly", "yearly")


class AccountError(RenfortError):
    """A secret cannot be used."""


def password(secret: str, *, name: str, purpose: str) -> str:
    """A password of one machine, made from the secret of all: who has one cannot find another.

    Raises:
        AccountError: the secret is too short, or the purpose is none.
    """
    if len(secret) < SECRET_LENGTH:
        raise AccountError(
            f"The secret of the backups has {len(secret)} characters.", hint=f"Use {SECRET_LENGTH} or more."
        )
    if purpose not in PURPOSES:
        raise AccountError(f"There is no password for {purpose}.", hint=f"Expected {' or '.join(PURPOSES)}.")
    digest = hmac.new(secret.encode(), f"renfort-backup:{purpose}:{name}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def clients(names: Iterable[str], *, secret: str) -> list[dict[str, str]]:
    """The machines of these names with both their passwords, in the order of the names."""
    return [
        {"name": name}
        | {f"{purpose}_password": password(secret, name=name, purpose=purpose) for purpose in PURPOSES}
        for name in sorted(set(names))
    ]


def htpasswd(rows: Sequence[Mapping[str, str]]) -> str:
    """The file by which the server knows the machines.

    The hash is a fast one: these passwords are long and random, so that a slow one would protect nothing
    more, and the server looks at the password of each of a backup's thousands of requests.
    """
    lines = []
    for row in sorted(rows, key=lambda row: row["name"]):
        digest = hashlib.sha1(row["transport_password"].encode(), usedforsecurity=False).digest()
        lines.append(f"{row['name']}:{{SHA}}{base64.b64encode(digest).decode()}\n")
    return "".join(lines)


def problems(rows: Sequence[Mapping[str, Any]], *, keep: Mapping[str, Any]) -> list[str]:
    """Everything that is wrong with clients and retention, without any password; empty when nothing is."""
    wrong = []
    names = [str(row.get("name", "")) for row in rows]
    wrong += [f"the name {name!r} is not usable" for name in names if not NAME.fullmatch(name)]
    wrong += [f"{name} stands twice in backup_clients" for name in sorted({*names}) if names.count(name) > 1]
    for row in rows:
        for purpose in PURPOSES:
            if len(str(row.get(f"{purpose}_password", ""))) < SECRET_LENGTH:
                wrong.append(
                    f"the {purpose}_password of {row.get('name')} is shorter than {SECRET_LENGTH} characters"
                )
    for period, duration in keep.items():
        if period.removeprefix("within").removeprefix("_") not in PERIODS or not period.startswith("within"):
            wrong.append(f"backup_keep has the unknown key {period}")
        if not DURATION.fullmatch(str(duration)):
            wrong.append(f"backup_keep {period} is {duration}; expected such as 14d or 1y6m")
    if not keep:
        wrong.append("backup_keep is empty: it must say what is kept")
    return wrong
