#!/usr/bin/python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saves this machine to its repository, and proves that it can be restored.

``renfort-backup init|backup|restore-test|restic …``; the last runs restic with the machine's own repository.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/renfort/backup-client.json")
STATE = Path("/var/lib/renfort-backup")
NO_REPOSITORY = 10
INCOMPLETE = 3
"""Exit statuses of restic: there is no repository; some files could not be read."""

MIB = 2**20
FIGURES = {
    "success": ("renfort_backup_success", "Whether the last backup was complete."),
    "last_success": ("renfort_backup_last_success_timestamp_seconds", "When the last complete backup ended."),
    "duration": ("renfort_backup_duration_seconds", "Time that the last backup took."),
    "bytes_read": ("renfort_backup_processed_bytes", "Size of what the last backup saved."),
    "bytes_added": ("renfort_backup_added_bytes", "What the last backup added to the repository."),
    "files": ("renfort_backup_files", "Files that the last backup saved."),
    "restore_success": ("renfort_restore_test_success", "Whether the last restore test found all as it was."),
    "restore_last_success": (
        "renfort_restore_test_last_success_timestamp_seconds",
        "When the last good restore test ended.",
    ),
    "restore_duration": ("renfort_restore_test_duration_seconds", "Time that the last restore test took."),
    "restore_files": ("renfort_restore_test_files", "Files that the last restore test compared."),
}


class BackupError(Exception):
    """Saving or restoring failed, with what to tell."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the role says."""

    repository: str
    environment: Mapping[str, str]
    ca: str
    host: str
    paths: tuple[str, ...]
    excludes: tuple[str, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    upload_kib: int
    sample: int
    full_mib: int
    checks: tuple[str, ...]
    figures: str

    @classmethod
    def read(cls, path: Path) -> Settings:
        """The settings of the file."""
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        found.pop("managed", None)
        return cls(
            **{key: tuple(value) if isinstance(value, list) else value for key, value in found.items()}
        )

    def command(self, *argv: str) -> list[str]:
        """Restic with the machine's repository."""
        own = [f"--repo={self.repository}", f"--cacert={self.ca}", "--cache-dir=/var/cache/renfort-backup"]
        return ["restic", *own, *argv]

    def restic(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run it; the passwords are in the environment alone."""
        environment = {**os.environ, **self.environment}
        return subprocess.run(
            self.command(*argv), env=environment, capture_output=True, text=True, check=False
        )

    def ask(self, *argv: str) -> str:
        """The same, when only success will do.

        Raises:
            BackupError: restic failed.
        """
        return expect(self.restic(*argv), f"restic {argv[0]}").stdout


def expect(done: subprocess.CompletedProcess[str], what: str) -> subprocess.CompletedProcess[str]:
    """The ended command, if it succeeded.

    Raises:
        BackupError: it did not.
    """
    if done.returncode:
        said = (done.stderr or done.stdout or "").strip()
        raise BackupError(f"{what} ended with status {done.returncode}: {said}")
    return done


def init(settings: Settings) -> bool:
    """Make the repository unless there is one; whether it was made.

    Raises:
        BackupError: the server cannot be reached or refuses.
    """
    found = settings.restic("cat", "config")
    if found.returncode == 0:
        return False
    if found.returncode != NO_REPOSITORY:
        expect(found, f"Asking for the repository {settings.repository}")
    settings.ask("init")
    return True


def backup(settings: Settings, state: dict[str, float]) -> str:
    """Save, and note checksums of what was saved; a sentence that tells what.

    Raises:
        BackupError: a command before or after it failed, restic failed, or something could not be read.
    """
    started = time.time()
    state["success"] = 0
    try:
        for command in settings.before:
            expect(shell(command), f"Before the backup: {command!r}")
        done = settings.restic(*backup_arguments(settings))
        if done.returncode != INCOMPLETE:
            expect(done, "restic backup")
        summary = summary_of(done.stdout)
        write(STATE / "manifest.json", json.dumps(make_manifest(settings, summary)))
    finally:
        failed = [command for command in settings.after if shell(command).returncode]
    state["duration"] = time.time() - started
    state["files"] = summary["total_files_processed"]
    state["bytes_read"] = summary["total_bytes_processed"]
    state["bytes_added"] = summary.get("data_added_packed", summary["data_added"])
    if done.returncode == INCOMPLETE:
        raise BackupError(f"Something could not be read and is not saved: {done.stderr.strip()}")
    if failed:
        raise BackupError(f"The backup is complete, but after it {failed[0]!r} failed")
    state["success"], state["last_success"] = 1, time.time()
    return f"snapshot {summary['snapshot_id'][:8]}: {summary['total_files_processed']} files"


def backup_arguments(settings: Settings) -> list[str]:
    """The arguments of ``restic backup``."""
    limit = [f"--limit-upload={settings.upload_kib}"] if settings.upload_kib else []
    excludes = [f"--exclude={pattern}" for pattern in settings.excludes]
    common = ["--json", f"--host={settings.host}", "--tag=renfort", "--exclude-caches"]
    return ["backup", "--retry-lock=1h", *limit, *common, *excludes, "--", *settings.paths]


def summary_of(output: str) -> dict[str, Any]:
    """The last line of ``restic backup --json``.

    Raises:
        BackupError: there is none.
    """
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    for row in reversed(rows):
        if row.get("message_type") == "summary":
            return dict(row)
    raise BackupError("restic told nothing of the snapshot that it made")


def make_manifest(settings: Settings, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Checksums of some saved files, taken from the disk and not from what restic saved.

    A file that has changed since it was saved is left out: its checksum would be that of something else.
    """
    listed = settings.ask("ls", "--json", summary["snapshot_id"])
    rows = (json.loads(line) for line in listed.splitlines())
    files = [row for row in rows if row.get("type") == "file" and row.get("size", 0) > 0]
    chosen = random.sample(files, min(len(files), settings.sample))
    found = {row["path"]: digest for row in chosen if (digest := unchanged_digest(row)) is not None}
    return {
        "snapshot": summary["snapshot_id"],
        "bytes": summary["total_bytes_processed"],
        "digests": found,
    }


def unchanged_digest(row: Mapping[str, Any]) -> str | None:
    """The SHA-256 of a file as long as its size and time are those that restic saved."""
    path = Path(row["path"])
    try:
        digest = sha256(path)
        status = path.stat()
    except OSError:
        return None
    stamp = re.sub(r"\.\d+", "", row["mtime"]).replace("Z", "+00:00")
    saved = int(datetime.fromisoformat(stamp).timestamp())
    return digest if (status.st_size, int(status.st_mtime)) == (row["size"], saved) else None


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def restore_test(settings: Settings, state: dict[str, float]) -> str:
    """Restore the newest backup to an empty place and compare it; a sentence that tells what.

    Raises:
        BackupError: there is nothing to compare with, restoring failed, or something differs.
    """
    started = time.time()
    state["restore_success"] = 0
    manifest = read_manifest()
    digests: dict[str, str] = manifest["digests"]
    if not digests:
        raise BackupError("The last backup has no file that stayed as it was: nothing can be compared")
    full = manifest["bytes"] <= settings.full_mib * MIB
    with scratch() as place:
        enough_space(place, manifest["bytes"] if full else settings.full_mib * MIB)
        includes = [] if full else [f"--include={escaped(path)}" for path in digests]
        settings.ask("restore", manifest["snapshot"], f"--target={place}", "--quiet", *includes)
        wrong = differing(place, digests)
        if wrong:
            raise BackupError(f"{len(wrong)} of {len(digests)} files differ, such as {', '.join(wrong[:5])}")
        for command in settings.checks:
            expect(shell(command, RESTORED=str(place)), f"The check {command!r} of what was restored")
    state["restore_duration"] = time.time() - started
    state["restore_files"] = len(digests)
    state["restore_success"], state["restore_last_success"] = 1, time.time()
    kind = "all" if full else "a sample"
    return f"snapshot {manifest['snapshot'][:8]}: restored {kind}, compared {len(digests)} files"


def read_manifest() -> dict[str, Any]:
    """What the last backup noted.

    Raises:
        BackupError: there was no backup yet.
    """
    file = STATE / "manifest.json"
    if not file.is_file():
        raise BackupError("This machine has made no backup yet: systemctl start renfort-backup")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def differing(place: Path, digests: Mapping[str, str]) -> list[str]:
    """The files that are not there, or not as they were."""
    wrong = []
    for path, digest in sorted(digests.items()):
        restored = place / path.lstrip("/")
        if not restored.is_file() or sha256(restored) != digest:
            wrong.append(path)
    return wrong


def escaped(path: str) -> str:
    """A path as a pattern that matches it alone."""
    return re.sub(r"([\\*?\[\]$])", r"\\\1", path)


def enough_space(place: Path, needed: int) -> None:
    """Refuse to fill a disk.

    Raises:
        BackupError: there is less than twice the space.
    """
    free = shutil.disk_usage(place).free
    if free < 2 * needed:
        raise BackupError(f"{place} has {free // MIB} MiB free; restoring needs {2 * needed // MIB} MiB")


@contextmanager
def scratch() -> Iterator[Path]:
    """An empty place that is removed at the end, whatever an earlier run left."""
    place = STATE / "restored"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(mode=0o700, parents=True)
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def shell(command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the settings."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def figures(state: Mapping[str, float]) -> str:
    """The state in the node exporter's format."""
    lines: list[str] = []
    for key, (metric, text) in FIGURES.items():
        if key in state:
            lines += [f"# HELP {metric} {text}", f"# TYPE {metric} gauge", f"{metric} {state[key]:.3f}"]
    return "".join(f"{line}\n" for line in lines)


def write(path: Path, text: str, *, mode: int = 0o600) -> None:
    """Replace a file in one step."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(mode)
    new.rename(path)


def run(settings: Settings, job: str) -> str:
    """Do a job, alone, and write its figures whether it succeeds or not."""
    work: Mapping[str, Callable[[Settings, dict[str, float]], str]] = {
        "backup": backup,
        "restore-test": restore_test,
    }
    file = STATE / "state.json"
    with (STATE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state: dict[str, float] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        try:
            return work[job](settings, state)
        finally:
            write(file, json.dumps(state))
            if settings.figures:
                write(Path(settings.figures), figures(state), mode=0o644)


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The parsed command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    jobs.add_parser("init", help="make the repository unless there is one")
    jobs.add_parser("backup", help="save this machine")
    jobs.add_parser("restore-test", help="restore the last backup to a scratch place and compare it")
    by_hand = jobs.add_parser("restic", help="run restic with this machine's repository")
    by_hand.add_argument("arguments", nargs=argparse.REMAINDER)
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; 1 when the job failed, with one line on standard error."""
    options = parse(argv)
    try:
        settings = Settings.read(SETTINGS)
        if options.job == "restic":
            command = settings.command(*options.arguments)
            environment = {**os.environ, **settings.environment}
            return subprocess.run(command, env=environment, check=False).returncode
        STATE.mkdir(mode=0o700, parents=True, exist_ok=True)
        if options.job == "init":
            print("created" if init(settings) else "there")
        else:
            print(run(settings, options.job))
    except (BackupError, OSError) as error:
        print(f"renfort-backup {options.job}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
