# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one playbook of the project through ansible-runner."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ansible_runner.interface import run_async
from rich.console import Console

from ansible_collections.ent.renfort.plugins.module_utils.tally_file import RUN_DIR_VARIABLE

from .outcome import Outcome
from .progress import Progress
from .stopping import Stopping

ROOT = Path(__file__).resolve().parents[2]
"""The project's folder."""

KEPT_RUNS = 20
"""How many runs' artifacts (every event as JSON, the plain output) are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A playbook by its short name (`surge`), and how to run it."""

    playbook: str
    inventory: Path
    check: bool = False
    diff: bool = False
    limit: str = ""
    tags: str = ""
    extra_vars: Sequence[str] = field(default=())

    @property
    def path(self) -> Path:
        """The playbook's file."""
        return ROOT / "playbooks" / f"{self.playbook}.yml"

    @property
    def cmdline(self) -> str:
        """The options for ansible-playbook, quoted for a shell."""
        words = [*(["--check"] if self.check else []), *(["--diff"] if self.diff else [])]
        for option, value in (("--limit", self.limit), ("--tags", self.tags)):
            if value:
                words += [option, value]
        for value in self.extra_vars:
            words += ["--extra-vars", value]
        return shlex.join(words)


def playbooks() -> list[str]:
    """The short names of the playbooks, sorted."""
    return sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))


def run_dir(playbook: str) -> Path:
    """A new private folder for the artifacts of one run, in the user's state directory; old ones are pruned.

    Each run has its own: ansible-runner leaves its options in the folder, and would take them up again.
    """
    base = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "renfort" / "runs"
    base.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in sorted(path for path in base.iterdir() if path.is_dir())[: -KEPT_RUNS + 1]:
        # Another run may be pruning the same folder at this moment.
        shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{time.strftime('%Y%m%dT%H%M%S')}-{playbook}-", dir=base))


def environment() -> Mapping[str, str]:
    """What ansible-playbook needs whatever the caller's own environment says."""
    return {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        # The collection finder warns when the project is installed as a collection too.
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "LC_ALL": "C.UTF-8",
    }


def run_playbook(request: Request, console: Console) -> Outcome:
    """Run the playbook to its end, showing progress; Ctrl-C and SIGTERM end it in an orderly way."""
    folder = str(run_dir(request.playbook))

    def tell() -> None:
        console.print("stopping: Ansible ends what it is doing; once more kills it", style="yellow")

    with Progress(console) as progress, Stopping(tell) as stopping:
        thread, runner = run_async(
            private_data_dir=folder,
            project_dir=str(ROOT),
            playbook=str(request.path),
            inventory=str(request.inventory.resolve()),
            cmdline=request.cmdline,
            # The list of machines that are left lies beside the run's other artifacts.
            envvars={**environment(), RUN_DIR_VARIABLE: folder},
            event_handler=progress.handle,
            cancel_callback=stopping.overdue,
            quiet=True,
        )
        while thread.is_alive():
            progress.tick()
            time.sleep(0.2)
        ended = str(runner.status)
        progress.outcome.status = "canceled" if stopping.asked and ended != "successful" else ended
        if progress.outcome.status == "failed" and not progress.outcome.failures:
            for line in why_nothing_started(progress.prelude):
                progress.fail(line)
    return progress.outcome


def why_nothing_started(prelude: Sequence[str]) -> list[str]:
    """The lines that say why a run failed before its first play.

    Ansible tries one inventory plugin after the other, the one meant for a cluster first: what it says
    counts, and the complaints of the others about the same file only hide it.
    """
    said = "\n".join(prelude)
    found = re.search(r"Failed to parse inventory with '[\w.]+' plugin: (.+)", said)
    if found:
        return [found[1]]
    errors = [line for line in said.splitlines() if "ERROR" in line]
    return (
        errors or list(prelude[-3:]) or ["ansible-playbook ended without a word; run it by hand to see more"]
    )
