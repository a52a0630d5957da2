# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Accounts as schools' directories export them: CSV with a heading, or one JSON object a line.

Pure: lines in, rows out, with every problem of the file in one error.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PROFILES = ("pupil", "parent", "teacher", "staff")
REQUIRED = ("username", "profile", "name")
FIELDS = (*REQUIRED, "mail", "school", "password", "password_hash")
SHOWN = 10
"""Problems that are shown; the rest is counted."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,149}")
_HASH = re.compile(r"(argon2|pbkdf2_sha256|pbkdf2_sha1|scrypt)\$\S{20,240}")


class AccountsError(Exception):
    """The file cannot be imported; its message has a line for each problem."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One account; ``password`` in clear is for new accounts, ``password_hash`` for all."""

    username: str
    profile: str
    name: str
    mail: str = ""
    school: str = ""
    password: str = ""
    password_hash: str = ""


def read(lines: Iterable[str]) -> list[Row]:
    """Read a file of either kind.

    Raises:
        AccountsError: something is wrong with a line; nothing of the file should be used.
    """
    rows: list[Row] = []
    problems: list[str] = []
    seen: set[str] = set()
    for number, record in _records(iter(lines)):
        found = _problem(record, seen)
        if found:
            problems.append(f"line {number}: {found}")
            continue
        row = Row(**{**record, "username": record["username"].strip().lower()})
        seen.add(row.username)
        rows.append(row)
    if problems:
        rest = [f"and {len(problems) - SHOWN} more"] if len(problems) > SHOWN else []
        raise AccountsError("\n".join([*problems[:SHOWN], *rest]))
    return rows


def _records(lines: Iterator[str]) -> Iterator[tuple[int, dict[str, str]]]:
    first = next(lines, "").lstrip("\ufeff")
    if first.lstrip().startswith("{"):
        for number, line in enumerate(_chain(first, lines), start=1):
            if line.strip():
                yield number, _json(number, line)
        return
    heading = first.strip()
    separator = ";" if heading.count(";") > heading.count(",") else ","
    reader = csv.DictReader(_chain(first, lines), delimiter=separator, restkey="too many", restval="")
    for record in reader:
        yield reader.line_num, {str(name).strip(): value for name, value in record.items()}


def _chain(first: str, rest: Iterator[str]) -> Iterator[str]:
    yield first
    yield from rest


def _json(number: int, line: str) -> dict[str, str]:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise AccountsError(f"line {number}: no JSON object ({error})") from error
    if not isinstance(record, dict):
        raise AccountsError(f"line {number}: no JSON object")
    return record


def _problem(record: dict[str, str], seen: set[str]) -> str:
    """What is wrong with an account, empty when nothing is."""
    if unknown := set(record) - set(FIELDS):
        return f"unknown {', '.join(sorted(map(str, unknown)))}; known are {', '.join(FIELDS)}"
    if wrong := [name for name, value in record.items() if not isinstance(value, str) or "\x00" in value]:
        return f"{wrong[0]} is no text"
    if missing := [name for name in REQUIRED if not record.get(name, "").strip()]:
        return f"{missing[0]} is missing"
    username = record["username"].strip().lower()
    if not _USERNAME.fullmatch(username):
        return "username has other characters than letters, digits, dots, dashes, underscores and @"
    if username in seen:
        return f"{username} for the second time"
    if record["profile"] not in PROFILES:
        return f"profile is none of {', '.join(PROFILES)}"
    if too_long := [name for name in ("name", "mail", "school") if len(record.get(name, "")) > 200]:
        return f"{too_long[0]} is longer than 200 characters"
    if record.get("password_hash") and not _HASH.fullmatch(record["password_hash"]):
        return "password_hash is no argon2, pbkdf2 or scrypt hash as Django writes them"
    return ""
