# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the end-to-end tests see of the machine, and commands as an operator types them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent


def operate(*command: str, timeout: float = 900, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder as an operator would; both outputs are kept."""
    return subprocess.run(
        list(command),
        cwd=ROOT,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1", **env},
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def renfort(playbook: str, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a playbook in the lab."""
    return operate("scripts/renfort", "run", playbook, *options)


def start_renfort(playbook: str, *options: str) -> subprocess.Popen[str]:
    """Start a playbook, its output to be read line by line."""
    return subprocess.Popen(
        ["scripts/renfort", "run", playbook, *options],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        # Where tests run in the background, Ctrl-C is ignored, and so it would be by all that they start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What a lab could leave on a machine."""

    links: frozenset[str]
    mounts: frozenset[str]
    tables: frozenset[str]
    processes: frozenset[str]


def traces() -> Traces:
    """Look for them now. Processes are those whose command line shows the lab's own programs."""
    links = {path.name for path in Path("/sys/class/net").iterdir() if path.name.startswith("rf-")}
    mounts = {line.split()[1] for line in Path("/proc/mounts").read_text().splitlines() if "renfort" in line}
    tables = operate("nft", "list", "tables").stdout.splitlines()
    return Traces(
        links=frozenset(links),
        mounts=frozenset(mounts),
        tables=frozenset(line for line in tables if "renfort" in line),
        processes=frozenset(_lab_processes()),
    )


def _lab_processes() -> set[str]:
    own_mounts = Path("/proc/self/ns/mnt").readlink()
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            text = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            mounts = (folder / "ns/mnt").readlink()
        except OSError:
            continue  # it ended while we were looking
        holder = text == "sleep infinity" and mounts != own_mounts
        if holder or any(mark in text for mark in ("conmon", "lab.pve", "lab.mail")):
            found.add(text)
    return found
