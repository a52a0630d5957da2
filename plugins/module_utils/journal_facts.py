# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run's start is described with: the user, the plan, the commit, the process."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

PLAN_BELOW_INVENTORY = "group_vars/all/fleet.yml"
"""Where the plan is in the folder of an inventory."""

GIT_TIMEOUT_S = 2.0
"""How long git may take to name the commit."""


def user_name(environment: Mapping[str, str]) -> str:
    """Return who runs this: the account, and with sudo the one behind it (``root (marie)``)."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        name = str(os.getuid())
    behind = environment.get("SUDO_USER", "")
    return f"{name} ({behind})" if behind and behind != name else name


def plan_file(inventories: Iterable[str], stated: str) -> Path | None:
    """Return the plan: the stated file, else that of the first inventory which has one."""
    if stated:
        return Path(stated).expanduser()
    for source in inventories:
        folder = Path(source) if Path(source).is_dir() else Path(source).parent
        if (folder / PLAN_BELOW_INVENTORY).is_file():
            return folder / PLAN_BELOW_INVENTORY
    return None


def sha256_of(path: Path | None) -> str:
    """Return the digest of a file's content; empty where there is no file to read."""
    if path is not None:
        with contextlib.suppress(OSError):
            return hashlib.sha256(path.read_bytes()).hexdigest()
    return ""


def commit_of(folder: Path, environment: Mapping[str, str]) -> str:
    """Return the commit of the project: as AWX tells it, or else as git does; empty if neither does."""
    told = environment.get("PROJECT_REVISION", "")
    if told:
        return told
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(
            ["git", "-C", str(folder), "rev-parse", "HEAD"],
            capture_output=True,
            check=True,
            text=True,
            timeout=GIT_TIMEOUT_S,
        )
        return done.stdout.strip()
    return ""


def process_start(pid: int) -> int:
    """Return when a process began, in clock ticks since boot; 0 when there is none.

    With the id it names one process for good: an id alone is given to another one later.
    """
    with contextlib.suppress(OSError, ValueError, IndexError):
        # The name of the command, in brackets, may hold blanks and brackets itself.
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
        return int(fields.split()[19])
    return 0
