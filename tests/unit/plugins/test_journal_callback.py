# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal as real runs of ansible-playbook write it, with the project's own ansible.cfg."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from ansible_collections.ent.renfort.plugins.module_utils.core.journal import (
    ObjectChange,
    Run,
    TaskEnd,
    read_runs,
)
from ansible_collections.ent.renfort.plugins.module_utils.core.plan import Plan
from ansible_collections.ent.renfort.plugins.module_utils.inputs import dump_plan
from ansible_collections.ent.renfort.plugins.module_utils.journal_facts import sha256_of
from ansible_collections.ent.renfort.plugins.module_utils.journal_file import read_records
from tests.unit.clients.conftest import certificate  # noqa: F401 - a fixture
from tests.unit.clients.emulator import SECRET, Emulator
from tests.unit.clients.test_provision_emulated import KEY
from tests.unit.machines import machine

ROOT = Path(__file__).resolve().parents[3]
PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")

TASKS = """
- hosts: all
  gather_facts: false
  tasks:
    - name: Change a thing
      ansible.builtin.command: "true"
    - name: Write a secret
      ansible.builtin.command: "echo {{ secret }}"
      no_log: true
    - name: Fail with a secret
      ansible.builtin.fail:
        msg: "{{ secret }}"
      no_log: true
      ignore_errors: true
    - name: Try several
      ansible.builtin.fail:
        msg: "no {{ item }}"
      loop: [bread, wine]
      ignore_errors: true
    - name: Change nothing
      ansible.builtin.debug:
        msg: nothing
    - name: Fail on one
      ansible.builtin.fail:
        msg: out of order
      when: inventory_hostname == 'b'
"""


class Site:
    """A folder with an inventory of two hosts that are this machine, and playbooks to run on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "state" / "journal.jsonl"
        self.plan = folder / "group_vars/all/fleet.yml"
        self.plan.parent.mkdir(parents=True)
        self.plan.write_text("renfort_fleet: {}\n")
        local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
        hosts = {"a": local, "b": local}
        (folder / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts}}))

    def start(self, tasks: str, *options: str, **environment: str) -> subprocess.Popen[str]:
        playbook = self.folder / "play.yml"
        playbook.write_text(tasks)
        return subprocess.Popen(
            [str(PLAYBOOK), "-i", str(self.folder / "hosts.yml"), str(playbook), *options],
            cwd=ROOT,
            env={**os.environ, "RENFORT_JOURNAL": str(self.journal), "ANSIBLE_NOCOLOR": "1", **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    def play(self, tasks: str, *options: str, **environment: str) -> str:
        process = self.start(tasks, *options, **environment)
        output, _ = process.communicate(timeout=60)
        return output

    def run(self) -> Run:
        reading = read_runs(read_records(self.journal))
        assert (reading.unreadable, reading.newer) == (0, 0)
        (run,) = reading.runs
        return run


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_what_changed_and_failed_is_kept_and_no_secret(site: Site) -> None:
    site.play(TASKS, "-e", "secret=s3cret", "--limit", "a,b", AWX_HOST="x", JOB_ID="42")

    run = site.run()

    kept = sorted(
        (event.host, event.task, event.result, event.ignored, event.message)
        for event in run.events
        if isinstance(event, TaskEnd)
    )
    each = [
        ("Change a thing", "changed", False, ""),
        ("Fail with a secret", "failed", True, "hidden by no_log"),
        ("Try several", "failed", True, "no bread"),
        ("Write a secret", "changed", False, ""),
    ]
    last = ("b", "Fail on one", "failed", False, "out of order")
    assert kept == sorted([(host, *rest) for host in "ab" for rest in each] + [last])
    assert "s3cret" not in site.journal.read_text()
    assert run.end is not None
    assert (run.end.result, run.end.hosts, run.end.changed, run.end.failed) == ("failed", 2, 4, 1)
    start = run.start
    assert (start.extra_vars, start.limit, start.check, start.awx_job) == (("secret",), "a,b", False, "42")
    assert (start.plan, start.plan_sha256) == (str(site.plan.resolve()), sha256_of(site.plan))


def test_a_run_that_writes_the_plan_tells_both_digests(site: Site) -> None:
    before = sha256_of(site.plan)
    writes = f"""
- hosts: a
  gather_facts: false
  tasks:
    - ansible.builtin.copy: {{dest: "{site.plan}", content: "renfort_fleet: {{}}  # new", mode: "0600"}}
"""
    site.play(writes)

    run = site.run()

    assert run.end is not None
    assert (run.start.plan_sha256, run.end.plan_sha256) == (before, sha256_of(site.plan))
    assert run.end.plan_sha256 != before


@pytest.mark.parametrize(
    ("number", "result"),
    [(signal.SIGINT, "stopped"), (signal.SIGKILL, "unfinished")],
    ids=["SIGINT", "SIGKILL"],
)
def test_a_run_that_is_ended_early_is_told_from_one_that_ended(
    site: Site, number: signal.Signals, result: str
) -> None:
    process = site.start("[{hosts: a, gather_facts: false, tasks: [{ansible.builtin.command: sleep 20}]}]")
    deadline = time.monotonic() + 30
    while not site.journal.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(number)
    process.communicate(timeout=60)

    assert site.run().result == result


def test_a_journal_that_cannot_be_written_is_said_once_and_stops_nothing(site: Site) -> None:
    output = site.play(TASKS, "-e", "secret=x", RENFORT_JOURNAL=str(site.folder))

    assert output.count("Cannot write the journal") == 1
    assert "This run goes on without it." in " ".join(output.split())
    assert "PLAY RECAP" in output


def test_an_empty_name_switches_the_journal_off(site: Site) -> None:
    output = site.play(
        "[{hosts: a, gather_facts: false, tasks: []}]", RENFORT_JOURNAL="", XDG_STATE_HOME=str(site.folder)
    )

    assert "journal" not in output
    assert not (site.folder / "renfort").exists()


@pytest.fixture
def emulator(certificate: Path) -> Iterator[Emulator]:  # noqa: F811 - the fixture that is imported
    running = Emulator(certificate)
    yield running
    running.close()


def test_each_guest_that_a_module_of_ours_changes_has_its_own_line(site: Site, emulator: Emulator) -> None:
    site.plan.write_text(dump_plan(Plan.of(machines=[machine(1)])))
    (site.folder / "token").write_text(SECRET)
    settings = emulator.settings()
    output = site.play(
        f"""
- hosts: a
  gather_facts: false
  tasks:
    - name: Make the guests
      ent.renfort.pve_guests:
        plan_file: {site.plan}
        ssh_public_keys: ["{KEY}"]
        known_hosts_file: {site.folder}/known_hosts
        probe_addresses: false  # the guest is in memory, another network may have its address
        api_host: 127.0.0.1
        api_port: {settings.port}
        api_user: renfort@pve
        api_token_id: ops
        api_token_file: {site.folder}/token
        ca_file: {settings.ca_file}
"""
    )

    changes = [event for event in site.run().events if isinstance(event, ObjectChange)]

    assert {change.object for change in changes} == {"eure-web-01"}, output
    assert ("clone", "changed") in {(change.action, change.result) for change in changes}
