#!/usr/bin/python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps the repositories of the machines in order: ``renfort-repositories retention|check|restic NAME …``.

Runs on the repository machine, as the user of its server. One repository that fails does not keep the others
from their turn; the status is 1 then, and the figures tell which.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

SETTINGS = Path("/etc/renfort/backup.json")
FUTURE_SECONDS = 3600
"""How far a clock may be ahead. Retention counts from the newest snapshot: a machine in wrong hands would
only have to save one from the year 2100 for all the others to be too old."""

LOCK_WAIT = "30m"
"""How long to wait for a machine that is saving."""

WEEK_SECONDS = 7 * 86400
FIGURES = {
    "retention": "renfort_repository_retention_success_timestamp_seconds",
    "check": "renfort_repository_check_success_timestamp_seconds",
    "newest": "renfort_repository_newest_snapshot_timestamp_seconds",
    "snapshots": "renfort_repository_snapshots",
    "bytes": "renfort_repository_bytes",
    "failed": "renfort_repository_failed",
}
HELP = {
    "retention": "When what is too old was last removed.",
    "check": "When a part of the repository was last verified.",
    "newest": "Time of the newest snapshot.",
    "snapshots": "Snapshots in the repository.",
    "bytes": "Space that the repository takes.",
    "failed": "Whether the last retention or verification failed.",
}

State = dict[str, dict[str, float]]


class RepositoryError(Exception):
    """A repository could not be worked on, or must not be."""


@dataclass(frozen=True, kw_only=True)
class Repositories:
    """What the settings say, and where passwords and state are."""

    root: Path
    clients: tuple[str, ...]
    keep: Mapping[str, str]
    parts: int
    password_of: Callable[[str], Path]
    cache: Path
    now: Callable[[], float] = field(default=time.time)

    def restic(self, name: str, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run restic on the repository of a machine."""
        command = [
            "restic",
            f"--repo={self.root / name}",
            f"--password-file={self.password_of(name)}",
            f"--cache-dir={self.cache}",
            f"--retry-lock={LOCK_WAIT}",
            *argv,
        ]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def ask(self, name: str, *argv: str) -> str:
        """The same, when only success will do.

        Raises:
            RepositoryError: restic failed.
        """
        done = self.restic(name, *argv)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise RepositoryError(f"restic {argv[0]} ended with status {done.returncode}: {said}")
        return done.stdout

    def exists(self, name: str) -> bool:
        """Whether the machine has saved anything yet."""
        return (self.root / name / "config").is_file()


def keep_options(keep: Mapping[str, str]) -> list[str]:
    """``within_daily: 14d`` as restic's options."""
    return [f"--keep-{period.replace('_', '-')}={duration}" for period, duration in sorted(keep.items())]


def snapshot_times(text: str) -> list[float]:
    """Seconds since the epoch of each snapshot, from restic's JSON."""
    return sorted(
        datetime.fromisoformat(row["time"][:19] + _zone(row["time"])).timestamp() for row in json.loads(text)
    )


def _zone(stamp: str) -> str:
    """The zone of a time with more digits than Python reads."""
    return "+00:00" if stamp.endswith("Z") else stamp[-6:]


def retention(repositories: Repositories, name: str) -> dict[str, float]:
    """Remove what is too old; the figures of what is left.

    Raises:
        RepositoryError: restic failed, or a snapshot is from the future.
    """
    times = snapshot_times(repositories.ask(name, "snapshots", "--json"))
    ahead = [moment for moment in times if moment > repositories.now() + FUTURE_SECONDS]
    if ahead:
        last = datetime.fromtimestamp(ahead[-1]).astimezone()
        raise RepositoryError(
            f"{len(ahead)} of its snapshots are from the future, the last from {last:%Y-%m-%d %H:%M}: "
            "nothing is removed. Look at the machine: its clock is wrong, or it is in wrong hands"
        )
    repositories.ask(
        name, "forget", "--prune", "--group-by=host", *keep_options(repositories.keep), "--quiet"
    )
    left = snapshot_times(repositories.ask(name, "snapshots", "--json"))
    return {
        "retention": repositories.now(),
        "snapshots": len(left),
        "newest": left[-1] if left else 0,
        "bytes": size_of(repositories.root / name),
    }


def check(repositories: Repositories, name: str) -> dict[str, float]:
    """Verify the structure and one part of the data, another one each time.

    Raises:
        RepositoryError: restic failed, which may mean that the repository is damaged.
    """
    part = int(repositories.now() // 86400) % repositories.parts + 1
    repositories.ask(name, "check", f"--read-data-subset={part}/{repositories.parts}", "--quiet")
    return {"check": repositories.now()}


def size_of(folder: Path) -> float:
    """Bytes of all files below a folder."""
    return float(sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()))


def work(
    job: Callable[[Repositories, str], dict[str, float]], repositories: Repositories, state: State
) -> list[str]:
    """Do a job for every machine that has a repository; a sentence for each that failed."""
    failures = []
    for name in repositories.clients:
        if not repositories.exists(name):
            print(f"{name}: has saved nothing yet", flush=True)
            continue
        known = state.setdefault(name, {})
        try:
            known.update(job(repositories, name))
            known[f"{job.__name__}_failed"] = 0
            print(f"{name}: {job.__name__} done", flush=True)
        except RepositoryError as error:
            known[f"{job.__name__}_failed"] = 1
            failures.append(f"{name}: {error}")
    return failures


def figures(state: State) -> str:
    """The state in the node exporter's format."""
    lines = []
    for key, metric in FIGURES.items():
        lines += [f"# HELP {metric} {HELP[key]}", f"# TYPE {metric} gauge"]
        for name, known in sorted(state.items()):
            if key == "failed":
                for job in ("retention", "check"):
                    failed = known.get(f"{job}_failed", 0)
                    lines.append(f'{metric}{{client="{name}",job_name="{job}"}} {failed:g}')
            elif key in known:
                lines.append(f'{metric}{{client="{name}"}} {known[key]:.0f}')
    return "\n".join(lines) + "\n"


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Wait until no other job runs."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str) -> None:
    """Replace a file in one step."""
    new = path.with_name(path.name + ".new")
    new.write_text(text, encoding="utf-8")
    new.chmod(0o644)
    new.rename(path)


def load(settings: Mapping[str, Any]) -> Repositories:
    """The settings with the places that systemd gives."""
    passwords = Path(os.environ.get("RUNTIME_DIRECTORY", "/etc/renfort/backup-passwords"))
    folder = Path(os.environ.get("CACHE_DIRECTORY", "/var/cache/backup"))
    return Repositories(
        root=Path(settings["root"]),
        clients=tuple(settings["clients"]),
        keep=settings["keep"],
        parts=int(settings["parts"]),
        password_of=lambda name: passwords / name,
        cache=folder,
    )


def run_job(name: str, repositories: Repositories, folder: Path) -> int:
    """Do the job for every machine, keeping figures; the exit status."""
    job = {"retention": retention, "check": check}[name]
    with alone(folder / "lock"):
        file = folder / "state.json"
        known: State = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        state = {client: known.get(client, {}) for client in repositories.clients if client in known}
        failures = work(job, repositories, state)
        write(file, json.dumps(state, indent=1))
        write(folder / "figures.prom", figures(state))
    for failure in failures:
        print(failure, file=sys.stderr)
    return 1 if failures else 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    jobs = parser.add_subparsers(dest="job", required=True)
    jobs.add_parser("retention", help="remove what is too old")
    jobs.add_parser("check", help="verify a part of the data")
    by_hand = jobs.add_parser("restic", help="run restic on the repository of one machine, as root")
    by_hand.add_argument("name")
    by_hand.add_argument("arguments", nargs=argparse.REMAINDER)
    options = parser.parse_args(argv)
    repositories = load(json.loads(SETTINGS.read_text(encoding="utf-8")))
    if options.job == "restic":
        password = f"--password-file={repositories.password_of(options.name)}"
        repository = f"--repo={repositories.root / options.name}"
        return subprocess.run(["restic", repository, password, *options.arguments], check=False).returncode
    return run_job(options.job, repositories, Path(os.environ.get("STATE_DIRECTORY", "/var/lib/backup")))


if __name__ == "__main__":
    sys.exit(main())
