# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab serves in the place of Debian's cloud images: small files that name a machine image.

As Debian's own, such an image has cloud-init and no guest agent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

QCOW2 = b"QFI\xfb\x00\x00\x00\x03"
LENGTH = 64 * 1024
DISK_BYTES = 3 * 1024**3
"""The disk's length that the file stands for, as that of Debian's images."""

_MARK = re.compile(rb"renfort-lab-image: ([a-z0-9.-]+) (\d+)\n")
_FILE = re.compile(r"(debian-\d+)-genericcloud-amd64\.qcow2")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudImage:
    """What an image file stands for: a machine image of the lab, and a disk of so many bytes."""

    machine: str
    disk_bytes: int


def content(filename: str) -> bytes | None:
    """The file of that name, such as ``debian-13-genericcloud-amd64.qcow2``; always the same bytes."""
    found = _FILE.fullmatch(filename)
    if found is None:
        return None
    mark = f"renfort-lab-image: {found[1]} {DISK_BYTES}\n".encode()
    return (QCOW2 + mark).ljust(LENGTH, b"\x00")


def recognise(first_bytes: bytes) -> CloudImage | None:
    """What the file that begins like this stands for; None for any other file."""
    found = _MARK.match(first_bytes, len(QCOW2))
    if found is None or not first_bytes.startswith(QCOW2):
        return None
    return CloudImage(machine=found[1].decode(), disk_bytes=int(found[2]))
