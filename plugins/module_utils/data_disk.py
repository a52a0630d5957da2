# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A disk of its own for data: XFS on the whole device, made once, grown when the device has grown.

Runs on the managed machine: Python 3.11 is enough, and nothing but the standard library is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from .core.errors import RenfortError

LABEL_LENGTH = 12
"""Characters that the label of an XFS file system may have."""

UNUSABLE_BYTES = 16 * 2**20
"""What may be left at the end of a device: less than XFS makes anything of."""


class DiskError(RenfortError):
    """A disk cannot be used, or not without losing what is on it."""


class Step(Enum):
    """What a disk needs."""

    MAKE = "make"
    GROW = "grow"
    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One thing that a disk says of itself: a file system, a table of partitions, a member of a volume."""

    type: str
    label: str
    uuid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """What was found.

    ``blank`` tells whether the beginning of the device holds zeros alone; ``mounted_at`` the places
    where it is mounted; ``file_system_bytes`` is 0 while it is mounted nowhere.
    """

    device: str
    size_bytes: int
    signatures: tuple[Signature, ...]
    blank: bool
    mounted_at: tuple[str, ...] = ()
    file_system_bytes: int = 0


def decide(disk: Disk, *, label: str, mount: str) -> Step:
    """Tell what a disk needs; nothing is ever made on one that holds something.

    Raises:
        DiskError: it holds something that is not ours, or is mounted elsewhere.
    """
    elsewhere = [place for place in disk.mounted_at if place != mount]
    if elsewhere:
        raise DiskError(
            f"{disk.device} is mounted at {', '.join(elsewhere)}.",
            hint=f"Name another disk, or unmount it if it is meant for {mount}. Nothing was changed.",
        )
    if not disk.signatures:
        return _empty(disk)
    if [(found.type, found.label) for found in disk.signatures] != [("xfs", label)]:
        held = ", ".join(_words(found) for found in disk.signatures)
        raise DiskError(
            f"{disk.device} holds {held}; expected nothing, or XFS labelled {label}.",
            hint=_way_out(disk),
        )
    grown = disk.size_bytes - disk.file_system_bytes >= UNUSABLE_BYTES
    return Step.GROW if disk.file_system_bytes and grown else Step.KEEP


def _empty(disk: Disk) -> Step:
    if not disk.blank:
        raise DiskError(
            f"{disk.device} holds data without a known signature in its first MiB.",
            hint=_way_out(disk),
        )
    return Step.MAKE


def _way_out(disk: Disk) -> str:
    return (
        "Name another disk. If what it holds may be lost, clear it by hand: "
        f"wipefs -a {disk.device} && dd if=/dev/zero of={disk.device} bs=1M count=1. Nothing was changed."
    )


def _words(found: Signature) -> str:
    return f"{found.type} labelled {found.label}" if found.label else found.type


def parse_signatures(text: str) -> tuple[Signature, ...]:
    """Read what ``wipefs --no-act --json`` prints, which is nothing for an empty disk."""
    rows = json.loads(text)["signatures"] if text.strip() else []
    return tuple(
        Signature(type=row["type"], label=row.get("label") or "", uuid=row.get("uuid") or "") for row in rows
    )


def parse_file_system_bytes(text: str) -> int:
    """Read the size of the data section from what ``xfs_info`` prints.

    Raises:
        DiskError: there is no such line.
    """
    found = re.search(r"^data\s.*bsize=(\d+)\s+blocks=(\d+)", text, re.MULTILINE)
    if not found:
        raise DiskError(f"xfs_info printed no size of its data section, but: {text.strip()!r}")
    return int(found[1]) * int(found[2])


def parse_places(mountinfo: str, *, number: str) -> tuple[str, ...]:
    """The places where the device of a number, such as ``7:0``, is mounted, from /proc/self/mountinfo."""
    rows = [line.split() for line in mountinfo.splitlines()]
    return tuple(_unescaped(row[4]) for row in rows if row[2] == number)


def _unescaped(place: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda found: chr(int(found[1], 8)), place)


def make_command(device: str, *, label: str, options: Sequence[str] = ()) -> list[str]:
    """The command that makes the file system; it has no option that overwrites something."""
    return ["mkfs.xfs", "-q", "-L", label, *options, device]
