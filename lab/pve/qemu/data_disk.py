# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one disk beside the system's that the lab's guests see: the one in the slot scsi1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lab.guests.base import BackendError

from ..errors import ServerError
from . import guests
from .properties import Drive

if TYPE_CHECKING:
    from ..cluster import Cluster

SLOT = "scsi1"


def size_of(config: dict[str, Any]) -> int:
    """The size of the data disk in bytes, 0 without one."""
    drive = Drive.parse(str(config.get(SLOT, "")))
    return 0 if drive.is_cdrom else drive.size


async def fit(cluster: Cluster, row: guests.Row, before: int) -> None:
    """Let a guest that runs see a data disk that is larger than it was before."""
    size = size_of(row["config"])
    if row["status"] != "running" or size <= before:
        return
    try:
        await cluster.backend.fit_disk(row["vmid"], size)
    except BackendError as error:
        raise ServerError(f"hotplug problem - can't resize or add '{SLOT}': {error}") from error
