# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A Python application as one archive: its wheels from PyPI, fetched once on the controller, and its source.

Machines that reach no package index install from it. The digest is known without fetching anything: it
covers the requirements, whose hashes fix every byte of the wheels, the machines they are meant for, and the
source.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .core.errors import RenfortError

PLATFORMS = {
    "x86_64": ("manylinux_2_28_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "aarch64": ("manylinux_2_28_aarch64", "manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}
"""Architecture to the tags of wheels that run on Debian 12 and later."""

FETCH_SECONDS = 600
"""How long fetching all wheels may take."""

LEFT_BY_TOOLS = ("__pycache__", ".pyc")
"""Endings of the parts of a source's paths that are not its own."""

_REQUIREMENT = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*==\S+(\s+--hash=sha256:[0-9a-f]{64})+$")


class WheelhouseError(RenfortError):
    """An archive of an application could not be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What the wheels must run on: ``python`` such as "3.13", ``architecture`` a key of `PLATFORMS`."""

    python: str
    architecture: str

    def options(self) -> list[str]:
        """What tells pip to choose for this target instead of for itself.

        Raises:
            WheelhouseError: the architecture is not known.
        """
        if self.architecture not in PLATFORMS:
            raise WheelhouseError(
                f"No tags of wheels are known for machines of architecture {self.architecture}.",
                hint=f"Known are {', '.join(sorted(PLATFORMS))}.",
            )
        short = self.python.replace(".", "")
        abis = [option for abi in (f"cp{short}", "abi3", "none") for option in ("--abi", abi)]
        tags = [option for tag in PLATFORMS[self.architecture] for option in ("--platform", tag)]
        return ["--python-version", self.python, "--implementation", "cp", *abis, *tags]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An application to pack.

    ``requirements`` has exact versions and hashes; ``sources`` are the folders that travel along; ``cache``
    is the folder on this host in which wheels and archives are kept.
    """

    requirements: Path
    sources: tuple[Path, ...]
    target: Target
    cache: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where the archive is, whether it is there (in check mode it may not be), and what identifies it."""

    path: Path
    digest: str
    present: bool
    made: bool


def prepare(request: Request, *, dry_run: bool = False) -> Archive:
    """Make the archive unless it was made before; with ``dry_run`` only say what it would be.

    The archive holds ``requirements.txt``, ``wheels/`` and each source under its own name; the same inputs
    give the same bytes.

    Raises:
        WheelhouseError: the inputs are wrong, or the package index could not be reached.
    """
    text = read_requirements(request.requirements)
    files = read_sources(request.sources)
    wheels = _digest([text.encode(), *(part.encode() for part in request.target.options())])
    digest = _digest(
        [wheels.encode(), *(part for name in sorted(files) for part in (name.encode(), files[name]))]
    )
    path = request.cache / f"{digest}.tar"
    if path.exists() or dry_run:
        return Archive(path=path, digest=digest, present=path.exists(), made=not path.exists())
    request.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Ansible asks for several machines at once: one of them fetches, the others find what it fetched.
    with _alone(request.cache / f"{digest}.lock"):
        if not path.exists():
            folder = _fetch(request, request.cache / wheels)
            for wheel in folder.iterdir():
                files[f"wheels/{wheel.name}"] = wheel.read_bytes()
            _write(path, {"requirements.txt": text.encode(), **files})
            return Archive(path=path, digest=digest, present=True, made=True)
    return Archive(path=path, digest=digest, present=True, made=False)


def read_requirements(path: Path) -> str:
    """The requirements without comments, one a line, sorted.

    Raises:
        WheelhouseError: the file cannot be read, or a line has no exact version or no hash.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WheelhouseError(f"The requirements {path} cannot be read: {error}.") from error
    joined = re.sub(r"\\\n\s*", " ", text)
    lines = sorted(re.sub(r"\s+", " ", line.partition("#")[0]).strip() for line in joined.splitlines())
    wanted = [line for line in lines if line]
    loose = [line for line in wanted if not _REQUIREMENT.match(line)]
    if loose or not wanted:
        raise WheelhouseError(
            f"{path}: {loose[0].split(' ')[0] if loose else 'nothing is required'}.",
            hint="Expected lines such as name==1.2 --hash=sha256:<64 hexadecimal digits>, for every package.",
        )
    return "".join(f"{line}\n" for line in wanted)


def read_sources(folders: tuple[Path, ...]) -> dict[str, bytes]:
    """The files of the folders by their path in the archive, without what tools left there.

    Raises:
        WheelhouseError: a folder is missing, or two have the same name.
    """
    if missing := [str(folder) for folder in folders if not folder.is_dir()]:
        raise WheelhouseError(f"There is no folder {missing[0]} to put into the archive.")
    names = [folder.name for folder in folders]
    if len(set(names) | {"wheels"}) <= len(names):
        raise WheelhouseError(f"The folders {', '.join(map(str, folders))} would take each other's place.")
    return {
        file.relative_to(folder.parent).as_posix(): file.read_bytes()
        for folder in folders
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not any(part.endswith(LEFT_BY_TOOLS) for part in file.parts)
    }


def _fetch(request: Request, folder: Path) -> Path:
    """The folder with all wheels of the requirements: it is there whole, or not at all."""
    if folder.is_dir():
        return folder
    with tempfile.TemporaryDirectory(dir=request.cache) as partial:
        target = Path(partial, "wheels")
        argv = [
            *(
                sys.executable,
                "-m",
                "pip",
                "--disable-pip-version-check",
                "--no-input",
                "download",
                "--quiet",
            ),
            *("--no-deps", "--require-hashes", "--only-binary", ":all:", "--retries", "2", "--timeout", "15"),
            *request.target.options(),
            *("--dest", str(target), "--requirement", str(request.requirements)),
        ]
        try:
            done = subprocess.run(
                argv,
                capture_output=True,
                text=True,
                check=False,
                timeout=FETCH_SECONDS,
                stdin=subprocess.DEVNULL,
            )
        except subprocess.TimeoutExpired as error:
            raise _failure(request, f"after {FETCH_SECONDS} s the index had not sent them") from error
        if done.returncode:
            raise _failure(request, reason_of(done.stderr))
        # Another archive with the same wheels may have been quicker.
        with contextlib.suppress(OSError):
            target.rename(folder)
    return folder


def reason_of(output: str) -> str:
    """The line in which pip says why it failed: its last error."""
    lines = [
        line.partition("ERROR: ")[2].strip() for line in output.splitlines() if line.startswith("ERROR: ")
    ]
    return (lines or output.strip().splitlines() or ["pip said nothing"])[-1].rstrip(".")


def _failure(request: Request, reason: str) -> WheelhouseError:
    return WheelhouseError(
        f"The wheels of {request.requirements} for Python {request.target.python} could not be fetched: "
        f"{reason}.",
        hint=(
            "The controller needs a package index once for each change of the requirements "
            f"(pip's own settings say which); afterwards they are in {request.cache}. No machine was touched."
        ),
    )


def _write(path: Path, files: dict[str, bytes]) -> None:
    """Write a tar archive whose bytes depend on names and contents alone."""
    partial = path.with_suffix(".partial")
    with tarfile.open(partial, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    partial.replace(path)


def _digest(parts: list[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(f"{len(part)}\0".encode())
        total.update(part)
    return total.hexdigest()


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
