# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernel settings that the lab raises while it runs, and puts back afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .paths import run_dir

SYSCTL = Path("/proc/sys")

FORWARDING = {"net/ipv4/ip_forward": 1}
"""Routing between the lab's networks and to the mirror."""

CROWD = {
    "fs/inotify/max_user_instances": 8192,
    "fs/inotify/max_user_watches": 1048576,
    "net/ipv4/neigh/default/gc_thresh1": 4096,
    "net/ipv4/neigh/default/gc_thresh2": 8192,
    "net/ipv4/neigh/default/gc_thresh3": 16384,
}
"""What past some 25 machines runs out: each systemd watches files, each pair is a neighbour."""


def _saved_file() -> Path:
    return run_dir() / "sysctl.json"


def raise_settings(least: Mapping[str, int], *, root: Path = SYSCTL, saved: Path | None = None) -> None:
    """Raise settings that are lower than needed, noting first what they were.

    A network namespace that is not the first lacks some settings: those are left out.
    """
    file = saved or _saved_file()
    noted: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    present = [name for name in least if (root / name).exists()]
    values = {name: int((root / name).read_text()) for name in present}
    lower = {name: value for name, value in values.items() if value < least[name]}
    if not lower:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({**lower, **noted}))
    for name in lower:
        (root / name).write_text(str(least[name]))


def restore_settings(*, root: Path = SYSCTL, saved: Path | None = None) -> None:
    """Put back every setting that `raise_settings` changed, the last raised first."""
    file = saved or _saved_file()
    if not file.exists():
        return
    noted: dict[str, int] = json.loads(file.read_text())
    # Thresholds refuse to rise above the next one, so the smallest is put back first.
    for name in sorted(noted):
        (root / name).write_text(str(noted[name]))
    file.unlink()
