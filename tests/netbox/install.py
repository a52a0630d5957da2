# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real NetBox needs on this machine: Debian's PostgreSQL and Redis, and a virtual environment.

The environment and the database after its migrations are kept in a folder outside the repository, so
that only the first run is slow. Remove that folder for a fresh one.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

VERSION = "4.7.3"
"""The NetBox that is tested against."""

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "renfort" / "netbox"
"""Where the environment and the migrated database are kept."""

DEBIAN_PACKAGES = {
    "/usr/lib/postgresql/*/bin/initdb": "postgresql",
    "/usr/bin/redis-server": "redis-server",
    "/usr/bin/openssl": "openssl",
    "/usr/bin/setpriv": "util-linux",
}
"""Files to the package that brings them."""

POLICY = Path("/usr/sbin/policy-rc.d")
"""Debian asks it whether a package may start its services when it is installed."""

BEGUN = time.monotonic()


class SetupError(Exception):
    """A step of the set-up failed; the message has its last lines."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """Programs that are there."""

    bin: Path
    postgres: Path

    @property
    def dump(self) -> Path:
        """The database after its migrations, of this NetBox for this PostgreSQL."""
        return CACHE / f"database-{VERSION}-postgresql-{self.postgres.parent.name}.dump"


def say(text: str) -> None:
    """Print a line of progress with the seconds since the start."""
    print(f"[{time.monotonic() - BEGUN:5.1f} s] {text}", file=sys.stderr, flush=True)


def run(command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, stdin: str = "") -> str:
    """Run a program to its end and return what it printed.

    Raises:
        SetupError: it failed.
    """
    words = [str(word) for word in command]
    done = subprocess.run(
        words, input=stdin, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False
    )
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).splitlines()[-20:])
        raise SetupError(f"`{' '.join(words)}` failed with {done.returncode}:\n{last}")
    return done.stdout


def install() -> Installed:
    """Return the programs, installed where they were missing.

    Raises:
        SetupError: a package cannot be installed.
    """
    _install_debian_packages()
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        environment = _install_netbox()
    postgres = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return Installed(bin=environment / "bin", postgres=postgres)


def _install_debian_packages() -> None:
    missing = sorted(
        {name for file, name in DEBIAN_PACKAGES.items() if not any(Path("/").glob(file.removeprefix("/")))}
    )
    if not missing:
        return
    if os.geteuid():
        raise SetupError(f"Install these Debian packages as root, then run again: {' '.join(missing)}")
    say(f"installing Debian packages: {' '.join(missing)}")
    with _services_stay_down():
        run(["apt-get", "update", "-q"])
        run(
            ["apt-get", "install", "-y", "-q", "--no-install-recommends", *missing],
            env={"DEBIAN_FRONTEND": "noninteractive"},
        )


@contextlib.contextmanager
def _services_stay_down() -> Iterator[None]:
    """Keep Debian from starting the machine's own PostgreSQL and Redis: the tests start theirs."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)


def _install_netbox() -> Path:
    target = CACHE / f"venv-{VERSION}-python-{sys.version_info.major}.{sys.version_info.minor}"
    stamp = target / "complete"
    if stamp.exists():
        return target
    say(f"making the environment of NetBox {VERSION} in {target}")
    shutil.rmtree(target, ignore_errors=True)
    run([sys.executable, "-m", "venv", target])
    python = target / "bin" / "python"
    pip = [python, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    run([*pip, "--no-deps", f"netbox=={VERSION}"])
    # NetBox asks for the client library of PostgreSQL that is compiled here; the same release comes
    # compiled too, and needs neither a compiler nor header files.
    wanted = run(
        [python, "-c", "from importlib.metadata import requires; print(*requires('netbox'), sep='\\n')"]
    )
    names = [line.replace("psycopg[c,", "psycopg[binary,") for line in wanted.splitlines()]
    requirements = target / "requirements.txt"
    requirements.write_text("\n".join(name for name in names if "extra ==" not in name), encoding="utf-8")
    run([*pip, "-r", requirements])
    stamp.touch()
    say("the environment of NetBox is complete")
    return target
