# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The identifiers of worker tasks."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UPID = re.compile(
    r"^UPID:(?P<node>[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?):(?P<pid>[0-9A-Fa-f]{8}):"
    r"(?P<pstart>[0-9A-Fa-f]{8,9}):(?P<starttime>[0-9A-Fa-f]{8}):"
    r"(?P<type>[^:\s]+):(?P<id>[^:\s]*):(?P<authid>[^:\s]+):$"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Upid:
    """A task's name: where, which process, when (epoch seconds), what, on what, for whom.

    ``pstart`` is the start in hundredths of a second since the node booted.
    """

    node: str
    pid: int
    pstart: int
    starttime: int
    type: str
    id: str
    authid: str

    def __str__(self) -> str:
        return (
            f"UPID:{self.node}:{self.pid:08X}:{self.pstart:08X}:{self.starttime:08X}:"
            f"{self.type}:{self.id}:{self.authid}:"
        )

    @property
    def user(self) -> str:
        """The user's name without the token's."""
        return self.authid.partition("!")[0]

    @property
    def token(self) -> str:
        """The token's name, empty for a session."""
        return self.authid.partition("!")[2]

    @classmethod
    def parse(cls, text: str) -> Upid | None:
        """The parts of a UPID, or None when the text is not one."""
        match = _UPID.match(text)
        if match is None:
            return None
        return cls(
            node=match["node"],
            pid=int(match["pid"], 16),
            pstart=int(match["pstart"], 16),
            starttime=int(match["starttime"], 16),
            type=match["type"],
            id=match["id"],
            authid=match["authid"],
        )
