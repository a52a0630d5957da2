# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps things on this host."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
"""The package itself, with its data files."""

PODMAN = HERE / "bin" / "podman"
"""The wrapper through which every podman command goes."""


def state_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """What belongs to the running lab: certificates, token, emulator state, logs, pid files."""
    if chosen := environ.get("RENFORT_LAB_STATE"):
        return Path(chosen)
    base = environ.get("XDG_STATE_HOME") or Path(environ["HOME"], ".local", "state")
    return Path(base, "renfort", "lab")


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """What is costly to make and can be made again: machine images."""
    base = environ.get("XDG_CACHE_HOME") or Path(environ["HOME"], ".cache")
    return Path(base, "renfort")


def run_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """What must not outlive a reboot: podman's notes, the holder's pid, saved kernel settings."""
    return Path(environ.get("RENFORT_LAB_RUN") or "/run/renfort")
