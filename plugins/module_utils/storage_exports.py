# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a storage machine exports, as its inventory says it, completed and checked."""

from __future__ import annotations

import ipaddress
import posixpath
import re
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

TENANT = re.compile(r"[a-z][a-z0-9_]*")
DIRECTORY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
SQUASH = ("all", "root", "none")
IDS = 65534
"""Numbers that an export may have: those of two bytes, without the first and the last one."""

_KEYS = {"tenant", "directory", "networks", "quota_gib", "squash", "read_only", "owner_id", "id"}


def complete(exports: Sequence[Mapping[str, Any]], *, mount: str, owner_id: int) -> list[dict[str, Any]]:
    """Give every export all its keys, in the order of their paths.

    Args:
        exports: mappings with ``tenant`` and ``networks``, and optionally the other keys.
        mount: where the data disk is mounted; every directory is directly below it.
        owner_id: user and group id of the files of exports that name none.

    Returns:
        Mappings with tenant, path, networks, quota_gib (0: none), squash, read_only, owner_id and id. The id
        comes from the name of the directory, so that it stays the same whatever other exports come and go:
        clients know files by it.
    """
    found = [_completed(export, mount=mount, owner_id=owner_id) for export in exports]
    return sorted(found, key=lambda export: str(export["path"]))


def _completed(export: Mapping[str, Any], *, mount: str, owner_id: int) -> dict[str, Any]:
    path = posixpath.join(mount, str(export.get("directory") or export["tenant"]))
    return {
        "tenant": export["tenant"],
        "path": path,
        "networks": list(export["networks"]),
        "quota_gib": int(export.get("quota_gib") or 0),
        "squash": export.get("squash", "all"),
        "read_only": bool(export.get("read_only", False)),
        "owner_id": int(export.get("owner_id") or owner_id),
        "id": int(export.get("id") or zlib.crc32(posixpath.basename(path).encode()) % IDS + 1),
    }


def problems(exports: Sequence[Mapping[str, Any]]) -> list[str]:
    """Everything that is wrong with the exports, each in one sentence; empty when nothing is."""
    wrong = [sentence for number, export in enumerate(exports) for sentence in _faults(export, number)]
    if wrong:
        return wrong
    full = complete(exports, mount="", owner_id=IDS)
    wrong += [f"the directory {path} is exported twice" for path in _twice(full, "path")]
    for number in _twice(full, "id"):
        sharing = " and ".join(str(export["path"]) for export in full if export["id"] == number)
        wrong.append(
            f"the directories {sharing} have the id {number}: give one of them another (id: 1 to {IDS})"
        )
    return wrong


def _twice(exports: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    return [value for value, times in Counter(export[key] for export in exports).items() if times > 1]


def _faults(export: Mapping[str, Any], number: int) -> list[str]:
    tenant = str(export.get("tenant", ""))
    who = f"storage_exports[{number}] ({tenant or 'without tenant'})"
    wrong = [f"{who} has the unknown key {key}" for key in sorted(set(export) - _KEYS)]
    if not TENANT.fullmatch(tenant):
        wrong.append(f"{who} needs a tenant of lower-case letters, digits and _")
    if not export.get("networks"):
        wrong.append(f"{who} needs networks: addresses or networks that may use it")
    wrong += [f"{who}: {text} is no network" for text in export.get("networks") or () if not _network(text)]
    if export.get("squash", "all") not in SQUASH:
        wrong.append(f"{who} has squash {export['squash']}; expected one of {', '.join(SQUASH)}")
    bounds = {"quota_gib": (0, 2**30), "owner_id": (1, 2**32 - 2), "id": (1, IDS)}
    for key, (least, most) in bounds.items():
        if key in export and not _whole(export[key], least, most):
            wrong.append(f"{who} has {key} {export[key]}; expected a whole number from {least} to {most}")
    if "directory" in export and not DIRECTORY.fullmatch(str(export["directory"])):
        wrong.append(f"{who} has the directory {export['directory']}; expected one name without /")
    return wrong


def _network(text: object) -> bool:
    try:
        ipaddress.ip_network(str(text))
    except ValueError:
        return False
    return True


def _whole(value: object, least: int, most: int) -> bool:
    try:
        return least <= int(str(value)) <= most
    except ValueError:
        return False
