#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the roles' Molecule scenarios, two at a time, each once for the same content: `make molecule`."""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SCENARIOS = ROOT / "extensions/molecule"
LOGS = ROOT / "build/molecule"
AT_ONCE = 2
"""Scenarios that run at the same time: what two cores and one package mirror bear."""

TAIL_LINES = 60
"""Lines of a failed scenario's log that are shown."""

COMMON_INPUTS = (
    "extensions/molecule/config.yml",
    "extensions/molecule/conftest.py",
    "extensions/molecule/utils",
    "lab",
    "plugins",
    "ansible.cfg",
    "constraints.txt",
)
"""What every scenario depends on, besides its own folder and the roles that it names."""


def main() -> int:
    """Run the chosen scenarios; 0 when all passed."""
    options = arguments()
    known = sorted(path.parent.name for path in SCENARIOS.glob("*/molecule.yml"))
    unknown = set(options.scenarios) - set(known)
    if unknown:
        print(
            f"no scenario named {', '.join(sorted(unknown))}. There are: {', '.join(known)}.", file=sys.stderr
        )
        return 2
    passed, waiting = [], []
    for scenario in options.scenarios or known:
        if not options.force and stamp(scenario).exists():
            print(
                f"{scenario}: passed before with the same content, not run again (FORCE=1 runs it)",
                flush=True,
            )
            passed.append(scenario)
        else:
            waiting.append(scenario)
    failed = []
    LOGS.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        runs = {pool.submit(run, scenario): scenario for scenario in waiting}
        for done in as_completed(runs):
            (passed if done.result() else failed).append(runs[done])
    print(f"{len(passed)} passed, {len(failed)} failed", flush=True)
    return 1 if failed else 0


def arguments() -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenarios", nargs="*", help="scenarios to run (default: all)")
    parser.add_argument("--force", action="store_true", help="run even what passed with the same content")
    return parser.parse_args()


def run(scenario: str) -> bool:
    """Run one scenario to its end, its output in a log; whether it passed."""
    log = LOGS / f"{scenario}.log"
    passed_stamp = stamp(scenario)
    started = time.monotonic()
    print(f"{scenario}: running, log in {log.relative_to(ROOT)}", flush=True)
    with log.open("w") as output:
        result = subprocess.run(
            [sys.executable, "-m", "molecule", "test", "--scenario-name", scenario],
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    seconds = time.monotonic() - started
    if result.returncode:
        tail = log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        print(
            "\n".join(
                [*(f"{scenario} | {line}" for line in tail), f"{scenario}: FAILED after {seconds:.0f} s"]
            )
        )
        return False
    passed_stamp.parent.mkdir(parents=True, exist_ok=True)
    passed_stamp.touch()
    print(f"{scenario}: passed in {seconds:.0f} s", flush=True)
    return True


def environment() -> dict[str, str]:
    """The environment of a scenario: the project's Ansible configuration and its podman first."""
    path = os.pathsep.join([str(ROOT / "lab/bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"}


def stamp(scenario: str) -> Path:
    """The file that says that the scenario passed on this machine with its present content."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "renfort/passed" / f"molecule-{scenario}-{digest(scenario)}"


def digest(scenario: str) -> str:
    """A hash over the names and bytes of everything that the scenario's result depends on."""
    own = SCENARIOS / scenario
    text = "".join(path.read_text() for path in sorted(own.glob("*.yml")))
    # A scenario of a playbook depends on its tasks and variables, and on the roles that it names.
    named = {ROOT / "playbooks" / name for name in re.findall(r"/playbooks/(\w+\.yml)", text)}
    playbooks = sorted(path for path in named if path.is_file())
    text += "".join(path.read_text() for path in playbooks)
    roles = set(re.findall(r"ent\.renfort\.(\w+)", text)) | {scenario}
    folders = [
        own,
        *playbooks,
        *(ROOT / "playbooks" / name for name in ("tasks", "vars") if playbooks),
        *(ROOT / name for name in COMMON_INPUTS),
        *(ROOT / "roles" / role for role in sorted(roles)),
    ]
    total = hashlib.sha256()
    for path in sorted({file for folder in folders for file in files(folder)}):
        total.update(f"{path.relative_to(ROOT)}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def files(path: Path) -> Iterator[Path]:
    """The path itself, or every file below it that is not made by running."""
    if path.is_file():
        yield path
    else:
        yield from (it for it in path.rglob("*") if it.is_file() and "__pycache__" not in it.parts)


if __name__ == "__main__":
    sys.exit(main())
