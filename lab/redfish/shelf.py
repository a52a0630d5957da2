# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers on the lab's shelf: what a file says of them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import LabError


@dataclass(frozen=True, slots=True, kw_only=True)
class ShelfServer:
    """A server: its system id in Redfish, and what it is made of.

    ``power`` is its power when the lab starts, ``delay_s`` how long it takes to show another one. One that
    ``refuses`` answers every reset with an error; one that is ``locked`` takes a boot source and keeps its
    own; one without ``netboot`` offers no boot from the network. ``bridge``, ``address`` (with its prefix
    length) and ``gateway`` are what its installation from the network gives it.
    """

    name: str
    mac: str
    serial: str = ""
    power: str = "Off"
    delay_s: float = 0.0
    refuses: bool = False
    locked: bool = False
    netboot: bool = True
    bridge: str = ""
    address: str = ""
    gateway: str = ""

    @property
    def uuid(self) -> str:
        """An id that is always the same for a name."""
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, self.name))


def parse_shelf(data: Any) -> tuple[ShelfServer, ...]:
    """Return the servers of a mapping from name to server.

    Raises:
        LabError: it is no such mapping, or has keys that a server has not.
    """
    if not isinstance(data, Mapping):
        raise LabError("The shelf is not a mapping from names to servers.")
    known = {field.name for field in fields(ShelfServer)}
    found: list[ShelfServer] = []
    for name, row in data.items():
        unknown = sorted(set(row) - known) if isinstance(row, Mapping) else ["it is no mapping"]
        if unknown:
            raise LabError(f"The server {name} on the shelf is not understood: {', '.join(unknown)}.")
        found.append(ShelfServer(name=str(name), **row))
    return tuple(found)
