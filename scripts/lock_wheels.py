#!/usr/bin/env python3
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pin what a role's application needs from PyPI: write requirements.txt, with hashes, from requirements.in.

    scripts/lock_wheels.py roles/cas/files 3.13

Every package gets the newest version that requirements.in allows, and the hashes of its wheels for each
architecture.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "collections"))

from ansible_collections.ent.renfort.plugins.module_utils.wheelhouse import (  # noqa: E402 - needs the path
    PLATFORMS,
    Target,
)

HEADER = """\
# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# Made from requirements.in for CPython {python} by scripts/lock_wheels.py; change that file and run it again.
"""


def main() -> int:
    """Write the file; 0 when every architecture has a wheel of every package."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of requirements.in")
    parser.add_argument("python", help="version of Python on the machines, such as 3.13")
    options = parser.parse_args()
    found: dict[str, set[str]] = {}
    for architecture in sorted(PLATFORMS):
        target = Target(python=options.python, architecture=architecture)
        for requirement, digest in wheels(options.folder / "requirements.in", target):
            found.setdefault(requirement, set()).add(digest)
    lines = [
        " \\\n".join([requirement, *(f"    --hash=sha256:{digest}" for digest in sorted(found[requirement]))])
        for requirement in sorted(found)
    ]
    content = HEADER.format(python=options.python) + "\n".join(lines) + "\n"
    (options.folder / "requirements.txt").write_text(content, encoding="utf-8")
    return 0


def wheels(requirements: Path, target: Target) -> list[tuple[str, str]]:
    """Each package as name==version with the SHA-256 of its wheel for the target."""
    with tempfile.TemporaryDirectory() as folder:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
        chosen = ["--only-binary", ":all:", *target.options(), "--dest", folder]
        subprocess.run([*pip, *chosen, "--requirement", str(requirements)], check=True)
        return [(requirement_of(path.name), sha256(path)) for path in sorted(Path(folder).iterdir())]


def requirement_of(wheel: str) -> str:
    """The package and version in the name of a wheel, as name==version."""
    name, version = wheel.split("-")[:2]
    return f"{re.sub(r'[-_.]+', '-', name).lower()}=={version}"


def sha256(path: Path) -> str:
    """The hash of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
