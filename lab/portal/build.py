# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack the stand-in portal into the artifact that the web machines unpack.

The same source gives the same bytes: entries sorted, times and owners fixed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import sys
import tarfile
from pathlib import Path

from ..paths import cache_dir

SOURCE = Path(__file__).with_name("portal")
"""The package that is packed."""

SUFFIXES = frozenset({".py", ".html", ".css", ".sql"})
"""Kinds of files that belong to the portal; what tools leave beside them does not."""


def main() -> int:
    """Build the artifact and print its path; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m lab.portal.build", description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, help="file to write (default: in the lab's cache)")
    path = build(parser.parse_args().path)
    print(path)
    return 0


def build(path: Path | None = None) -> Path:
    """Write the artifact if it is not there already with these bytes; return where it is."""
    target = path or default_path()
    content = pack(SOURCE)
    if target.exists() and target.read_bytes() == content:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{target.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(target)
    return target


def default_path() -> Path:
    """Where the lab's inventory expects the artifact."""
    return cache_dir() / "portal.tar.gz"


def pack(source: Path) -> bytes:
    """The tar.gz of a package, with a file VERSION made of its content."""
    files = {
        file.relative_to(source.parent).as_posix(): file.read_bytes()
        for file in sorted(source.rglob("*"))
        if file.suffix in SUFFIXES
    }
    files[f"{source.name}/VERSION"] = f"{version(files)}\n".encode()
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), compresslevel=9, mtime=0)


def version(files: dict[str, bytes]) -> str:
    """Twelve hexadecimal digits over the names and the bytes."""
    total = hashlib.sha256()
    for name, content in sorted(files.items()):
        total.update(f"{name}\0{len(content)}\0".encode())
        total.update(content)
    return total.hexdigest()[:12]


if __name__ == "__main__":
    sys.exit(main())
