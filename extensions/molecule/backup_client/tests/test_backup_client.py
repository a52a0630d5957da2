# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A large backup is proven by a sample, failures are told, and a play can ask for the proof."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

FIGURES = "/var/lib/prometheus/node-exporter/renfort-backup.prom"


def figure(host: Any, name: str) -> float:
    lines = host.file(FIGURES).content_string.splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(name)))


def snapshots(host: Any) -> int:
    return int(host.check_output("renfort-backup restic snapshots --json | grep -o '\"short_id\"' | wc -l"))


def test_a_restore_test_before_any_backup_says_what_to_do(host: Any) -> None:
    host.check_output("rm -f /var/lib/renfort-backup/manifest.json")
    result = host.run("renfort-backup restore-test")
    assert result.rc == 1
    assert "systemctl start renfort-backup" in result.stderr


def test_a_play_proves_a_large_backup_by_a_sample(host: Any) -> None:
    host.check_output("systemctl start renfort-backup.service")
    done = subprocess.run(
        [
            "ansible-playbook",
            "-i",
            os.environ["MOLECULE_INVENTORY_FILE"],
            Path(__file__).parents[1] / "restore_test.yml",
        ],
        capture_output=True,
        text=True,
        check=False,
        # Colours would stand between the words of a wrapped line.
        env={**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_NOCOLOR": "1"},
    )
    said = " ".join(done.stdout.split())
    assert done.returncode == 0, said
    assert "restored a sample, compared 5 files" in said


def test_a_failed_command_keeps_a_backup_from_being_made_and_is_told(host: Any) -> None:
    before = snapshots(host)
    host.check_output("touch /run/refuse")
    try:
        assert host.run("systemctl start renfort-backup.service").rc != 0
        assert snapshots(host) == before
        assert figure(host, "renfort_backup_success") == 0
        assert figure(host, "renfort_backup_last_success_timestamp_seconds") > 0
        assert "test ! -e /run/refuse" in host.check_output("journalctl -u renfort-backup --no-pager -n 20")
    finally:
        host.check_output("rm /run/refuse")
    host.check_output("systemctl start renfort-backup.service")
    assert snapshots(host) == before + 1
    assert figure(host, "renfort_backup_success") == 1


def test_a_file_that_comes_back_different_makes_the_test_fail(host: Any) -> None:
    host.check_output(
        "python3 -c \"import json; f = '/var/lib/renfort-backup/manifest.json'; m = json.load(open(f));"
        "m['digests'] = {k: '0' * 64 for k in m['digests']}; json.dump(m, open(f, 'w'))\""
    )
    result = host.run("renfort-backup restore-test")
    assert result.rc == 1
    assert "5 of 5 files differ" in result.stderr
    assert figure(host, "renfort_restore_test_success") == 0
    host.check_output("systemctl start renfort-backup.service")


def test_the_timer_follows_the_settings(host: Any) -> None:
    shown = host.check_output("systemctl cat renfort-backup.timer")
    assert "OnCalendar=*-*-* 02:30" in shown
    assert "RandomizedDelaySec=2h" in shown
    assert host.service("renfort-backup.timer").is_running
