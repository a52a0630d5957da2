# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last good copy of what a cluster showed, and the refusal of a copy that has lost much of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core.errors import RenfortError
from .options import Cluster
from .state_files import read_state, write_state

VERSION = 1
"""The form of the copies."""

KEPT_FIELDS = ("type", "vmid", "name", "node", "status", "template", "tags")
"""What is kept of a row: no counters, which change at every reading, and nothing secret."""

SHRINK_FLOOR = 3
"""As few hosts as that may always go: a percentage of a small fleet is less than one host."""

SHOWN = 5
"""How many of the missing hosts a message names."""

Row = Mapping[str, Any]


class ShrinkError(RenfortError):
    """A cluster shows far fewer machines than when it was last read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """What a cluster showed, and when: seconds since the epoch.

    ``planned`` are the addresses of the plan of that time.
    """

    taken: float
    rows: tuple[Row, ...]
    planned: frozenset[str] = frozenset()


def copy_path(state_dir: Path, cluster: Cluster) -> Path:
    """Return where a cluster's copy is: its name does not depend on the token, which may change its view."""
    first = cluster.addresses[0]
    readable = re.sub(r"[^A-Za-z0-9.-]", "_", cluster.name or first.host)
    return state_dir / f"cluster-{readable}-{hashlib.sha256(first.url.encode()).hexdigest()[:8]}.json"


def read_copy(state_dir: Path, cluster: Cluster) -> Copy | None:
    """Return the last good copy, if there is one."""
    data = read_state(copy_path(state_dir, cluster), version=VERSION)
    rows = data.get("rows") if data is not None else None
    if data is None or not isinstance(rows, list):
        return None
    if not all(isinstance(row, dict) and {"vmid", "type"} <= row.keys() for row in rows):
        return None
    planned = frozenset(data.get("planned", ()))
    return Copy(taken=float(data.get("taken", 0.0)), rows=tuple(rows), planned=planned)


def write_copy(state_dir: Path, cluster: Cluster, copy: Copy) -> None:
    """Keep a copy.

    Raises:
        StateError: it cannot be written.
    """
    data = {
        "version": VERSION,
        "where": cluster.where,
        "taken": copy.taken,
        "planned": sorted(copy.planned),
        "rows": list(copy.rows),
    }
    write_state(copy_path(state_dir, cluster), data)


def may_be_missing(copy: Copy, now: Collection[int]) -> bool:
    """Whether enough rows of a copy have gone for `refuse_shrink` to look at its hosts."""
    return len({int(row["vmid"]) for row in copy.rows} - set(now)) >= SHRINK_FLOOR


def released(copy: Copy, planned: Collection[str]) -> frozenset[str]:
    """Return the addresses that were planned when a copy was taken and are no more: nobody misses those.

    An empty plan is the sign of a mistake, not of a fleet that nobody wants: it releases nothing.
    """
    return copy.planned - set(planned) if planned else frozenset()


def refuse_shrink(
    before: Mapping[int, str], now: Collection[int], *, where: str, max_percent: int, taken: str
) -> None:
    """Refuse what a cluster shows when much of what it showed before is missing.

    Args:
        before: names by id, of the hosts in the last good copy.
        now: the ids of the hosts that are shown now.
        where: the cluster, for messages.
        max_percent: the part of the hosts that may go at once.
        taken: when the copy was taken, for messages.

    Raises:
        ShrinkError: more than that is missing, and not just a few hosts.
    """
    missing = sorted(before[vmid] for vmid in before.keys() - set(now))
    if len(missing) < SHRINK_FLOOR or len(missing) * 100 <= max_percent * len(before):
        return
    more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
    raise ShrinkError(
        f"{where} no longer shows {len(missing)} of the {len(before)} machines that it showed {taken}: "
        f"{', '.join(missing[:SHOWN])}{more}. More than {max_percent} % at once is not published.",
        hint="Check what the API token may see (VM.Audit). If the machines are gone for good, read the "
        "inventory once with RENFORT_ACCEPT_SHRINK=1 (option accept_shrink).",
    )


def age_in_words(seconds: float) -> str:
    """Return an age as people say it, in its largest unit."""
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count = int(seconds // size)
        if count >= 1:
            return f"{count} {unit}{'s' if count > 1 else ''}"
    return "less than a second"
