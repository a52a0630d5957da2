# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the code imports is what a machine without development tools gets."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
OWN = {"ansible_collections", "lab", "scripts", "portal"}
"""Top names of this project's own code."""

THROUGH = {"ansible-core": "ansible"}
"""Distributions that come with another one, which requirements.txt names instead."""


ELSEWHERE = ROOT / "lab" / "portal" / "portal"
"""Runs on web machines, which get Debian's packages."""


def sources() -> Iterator[Path]:
    for folder in ("lab", "plugins", "scripts"):
        for path in (ROOT / folder).rglob("*.py"):
            if "__pycache__" not in path.parts and ELSEWHERE not in path.parents:
                yield path


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            yield node.module.partition(".")[0]


def required() -> set[str]:
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    return {found[1].lower() for line in lines if (found := re.match(r"([\w.-]+)==", line))}


def test_every_import_is_met_by_the_requirements_for_running() -> None:
    distributions = packages_distributions()
    unmet = {}
    for path in sources():
        for name in set(imported(path)) - OWN - sys.stdlib_module_names:
            offers = {THROUGH.get(it.lower(), it.lower()) for it in distributions.get(name, [name])}
            if not offers & required():
                unmet.setdefault(name, path.relative_to(ROOT))

    assert unmet == {}
