# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The machines of a role's Molecule scenario, converged, for a drill to do harm to."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

from lab import machines
from lab.paths import PODMAN
from lab.podman import Podman

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "extensions/molecule"
STEPS = ("destroy", "create", "prepare", "converge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """The booted machines of one scenario."""

    platforms: tuple[machines.Platform, ...]

    def address(self, name: str) -> str:
        """The address of a machine, without prefix length."""
        return next(platform.address for platform in self.platforms if platform.name == name)

    def run(self, name: str, *argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command in a machine as root; both outputs are kept.

        Raises:
            subprocess.CalledProcessError: it failed, unless ``check`` is off.
        """
        return _podman("exec", name, *argv, check=check)

    def start_in(self, name: str, *argv: str) -> subprocess.Popen[str]:
        """Start a command in a machine, its standard output to be read while it runs."""
        command = [str(PODMAN), "exec", name, *argv]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)

    def cut_the_power(self, name: str) -> None:
        """End every process of a machine at once."""
        _podman("kill", "--signal=KILL", name)

    def switch_on(self, *names: str) -> None:
        """Boot machines whose power was cut, and wait until they can be worked with."""
        chosen = [platform for platform in self.platforms if platform.name in names]
        asyncio.run(machines.up(chosen, Podman()))


@contextmanager
def scenario(name: str, *, keep: bool = False) -> Iterator[Machines]:
    """Bring the role of a scenario to its machines, and remove these at the end.

    Args:
        name: the scenario, a folder of extensions/molecule.
        keep: leave the machines, to look at them; `molecule destroy` removes them.

    Raises:
        SystemExit: a step of Molecule failed; its output has been shown.
    """
    described = yaml.safe_load((SCENARIOS / name / "molecule.yml").read_text(encoding="utf-8"))
    try:
        for step in STEPS:
            _molecule(step, name)
        yield Machines(platforms=tuple(machines.parse_platforms(described["platforms"])))
    finally:
        if not keep:
            _molecule("destroy", name)


def _molecule(step: str, name: str) -> None:
    print(f"{name}: {step}", file=sys.stderr, flush=True)
    path = os.pathsep.join([str(PODMAN.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    ended = subprocess.run(
        [sys.executable, "-m", "molecule", step, "--scenario-name", name],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if ended.returncode:
        print(ended.stdout, file=sys.stderr)
        raise SystemExit(f"{name}: molecule {step} failed; its output stands above.")


def _podman(*argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(PODMAN), *argv], capture_output=True, text=True, check=check, stdin=subprocess.DEVNULL
    )
