# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from scripts.cli.stopping import Stopping

ROOT = Path(__file__).resolve().parents[3]
RUN = """
import sys
from pathlib import Path
from rich.console import Console
from scripts.cli.run import Request, run_playbook

class Here(Request):
    path = Path(sys.argv[1])

sys.exit(run_playbook(Here(playbook="waits", inventory=Path(sys.argv[2])), Console()).exit_code)
"""
PLAY = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Wait for ever
      ansible.builtin.command:
        argv: [sleep, "300"]
"""
HOSTS = 5
WAIT_S = 60.0


def processes_with(word: str) -> list[str]:
    """The command lines of those that have this word."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = file.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if word in text and "python" in text:
            found.append(text)
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_ansible_and_all_its_workers(tmp_path: Path, number: signal.Signals) -> None:
    playbook, inventory = tmp_path / "waits.yml", tmp_path / "hosts.yml"
    playbook.write_text(PLAY)
    names = "".join(f"    machine-{count}: {{ansible_connection: local}}\n" for count in range(HOSTS))
    inventory.write_text(f"all:\n  hosts:\n{names}")
    run = subprocess.Popen(
        [sys.executable, "-c", RUN, str(playbook), str(inventory)],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'collections'}{os.pathsep}{ROOT}",
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        # Where tests run in the background, Ctrl-C is ignored, and so it would be by all that they start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + WAIT_S
    while len([text for text in processes_with(str(playbook)) if "bin/ansible-playbook" in text]) <= HOSTS:
        assert time.monotonic() < deadline
        assert run.poll() is None
        time.sleep(0.2)
    run.send_signal(number)
    said, _ = run.communicate(timeout=WAIT_S)

    assert run.returncode == 130, said
    assert "stopping: Ansible ends what it is doing" in said
    deadline = time.monotonic() + 5
    while processes_with(str(playbook)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert processes_with(str(playbook)) == []


def test_the_second_signal_and_patience_make_it_overdue() -> None:
    told: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    with Stopping(lambda: told.append("once"), patience_s=60) as stopping:
        assert not stopping.asked
        signal.raise_signal(signal.SIGTERM)
        assert stopping.asked
        assert not stopping.overdue()
        signal.raise_signal(signal.SIGTERM)
        assert stopping.overdue()
    assert told == ["once"]
    assert signal.getsignal(signal.SIGTERM) == before
    with Stopping(lambda: None, patience_s=0) as stopping:
        assert not stopping.overdue()
        signal.raise_signal(signal.SIGINT)
        time.sleep(0.01)
        assert stopping.overdue()
