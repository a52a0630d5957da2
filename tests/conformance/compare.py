# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes an answer the same as the recorded one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .client import Answer

IDENTITIES = (
    *("upid", "id", "vmid", "userid", "roleid", "iface", "volid", "storage", "tokenid", "realm", "poolid"),
    *("subdir", "key", "name", "snapname", "n", "path", "service"),
)
"""The member of a list's entries that tells which is which, the first that all of them have."""

VOLATILE = (
    (re.compile(r"AnyEvent\.pm line \d+"), "AnyEvent.pm line N"),
    (re.compile(r"Temporary failure in name resolution|Name or service not known"), "NAME RESOLUTION"),
    (re.compile(r"UPID:[^:\s]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:"), "UPID:"),
    (re.compile(r"\(try again at '[^']*'\)"), ""),
)
HISTORY = re.compile(r"/tasks$|/cluster/log$|/log$")
"""Lists whose length depends on what happened before the recording."""


def differences(recorded: Mapping[str, Any], answer: Answer, path: str) -> list[str]:
    """In words: what differs in status, reason or message, `errors` keys, shape and types."""
    found: list[str] = []
    if recorded["status"] != answer.status:
        given, wanted = f"{answer.status} {answer.reason!r}", f"{recorded['status']} {recorded['reason']!r}"
        return [f"status {given}, not {wanted}"]
    expected, actual = recorded["body"], answer.body
    if not (_same_text(recorded["reason"], answer.reason) or _same_message(expected, actual)):
        found.append(f"reason {answer.reason!r}, not {recorded['reason']!r}")
    if not isinstance(expected, dict):
        if isinstance(actual, dict) and expected in ("", None):
            found.append("a JSON body, where none was")
        return found
    if not isinstance(actual, dict):
        return [*found, f"body {actual!r} is not JSON"]
    if set(expected.get("errors") or {}) != set(actual.get("errors") or {}):
        found.append(f"errors {actual.get('errors')}, not {expected.get('errors')}")
    if set(expected) - {"message"} != set(actual) - {"message"}:
        found.append(f"members {sorted(actual)}, not {sorted(expected)}")
    found.extend(_shape(expected.get("data"), actual.get("data"), "data", history=bool(HISTORY.search(path))))
    return found


def texts(recorded: Mapping[str, Any], answer: Answer) -> list[str]:
    """Where the texts of `errors` differ; stricter than what is asked for."""
    expected = (recorded["body"] or {}).get("errors") if isinstance(recorded["body"], dict) else None
    actual = answer.body.get("errors") if isinstance(answer.body, dict) else None
    return [
        f"errors[{key}] {(actual or {}).get(key)!r}, not {text!r}"
        for key, text in (expected or {}).items()
        if not _same_text(text, str((actual or {}).get(key)))
    ]


def _same_message(expected: Any, actual: Any) -> bool:
    if not (isinstance(expected, dict) and isinstance(actual, dict) and expected.get("message")):
        return False
    return _same_text(str(expected["message"]), str(actual.get("message")))


def _same_text(expected: str, actual: str) -> bool:
    for pattern, replacement in VOLATILE:
        expected, actual = pattern.sub(replacement, expected), pattern.sub(replacement, actual)
    return expected == actual


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    return {str: "string", list: "list", dict: "mapping", type(None): "null"}[type(value)]


def _shape(expected: Any, actual: Any, where: str, *, history: bool) -> list[str]:
    if _kind(expected) != _kind(actual):
        return [f"{where} is {_kind(actual)} {_short(actual)}, not {_kind(expected)} {_short(expected)}"]
    if isinstance(expected, dict):
        return _mapping(expected, actual, where, history=history)
    if isinstance(expected, list):
        return _list(expected, actual, where, history=history)
    return []


def _mapping(expected: dict[str, Any], actual: dict[str, Any], where: str, *, history: bool) -> list[str]:
    found = []
    if missing := sorted(set(expected) - set(actual)):
        found.append(f"{where} lacks {', '.join(f'{key}={_short(expected[key])}' for key in missing)}")
    if extra := sorted(set(actual) - set(expected)):
        found.append(f"{where} has extra {', '.join(f'{key}={_short(actual[key])}' for key in extra)}")
    for key in sorted(set(expected) & set(actual)):
        found.extend(_shape(expected[key], actual[key], f"{where}.{key}", history=history))
    return found


def _list(expected: list[Any], actual: list[Any], where: str, *, history: bool) -> list[str]:
    if not expected or not actual:
        if history or len(expected) == len(actual):
            return []
        return [f"{where} has {len(actual)} entries {_short(actual)}, not {len(expected)} {_short(expected)}"]
    identity = _identity(expected, actual)
    if identity and not history:
        wanted = {entry[identity]: entry for entry in expected}
        given = {entry[identity]: entry for entry in actual}
        if not all(str(key).startswith("UPID:") for key in wanted):
            return _mapping(wanted, given, f"{where}[{identity}]", history=history)
    if not history and len(expected) != len(actual):
        return [f"{where} has {len(actual)} entries {_short(actual)}, not {len(expected)} {_short(expected)}"]
    found = []
    for index, (one, other) in enumerate(zip(expected, actual, strict=False)):
        found.extend(_shape(one, other, f"{where}[{index}]", history=history))
    return found


def _identity(*lists: list[Any]) -> str:
    entries = [entry for entries in lists for entry in entries]
    if not all(isinstance(entry, dict) for entry in entries):
        return ""
    for name in IDENTITIES:
        values = [[entry.get(name) for entry in entries] for entries in lists]
        if all(None not in column and len(set(map(str, column))) == len(column) for column in values):
            return name
    return ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 90 else f"{text[:87]}..."
