# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core stays pure: values in, values out."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from ansible_collections.ent.renfort.plugins.module_utils import core

ALLOWED = {
    "__future__",
    "collections",
    "dataclasses",
    "datetime.date",
    "decimal",
    "difflib",
    "enum",
    "fractions",
    "functools",
    "heapq",
    "itertools",
    "math",
    "netaddr",
    "ortools",
    "re",
    "string",
    "typing",
}
"""Neither a clock, nor chance, nor the world outside: no time, random, os, pathlib, socket, ansible …"""

IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "__import__"}

FILES = sorted(Path(next(iter(core.__path__))).rglob("*.py"))


def foreign_imports(tree: ast.AST) -> list[str]:
    """Return what a module imports besides the allowed libraries and the core's own modules."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] not in ALLOWED]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            found += [module] if module.partition(".")[0] not in ALLOWED else []
        elif isinstance(node, ast.ImportFrom) and node.level > 1:
            found.append(f"{'.' * node.level}{node.module or ''}")
    return found


def impure_calls(tree: ast.AST) -> list[str]:
    """Return the built-in functions with an effect that a module calls."""
    return [
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS
    ]


def test_the_core_is_found() -> None:
    assert {"plan.py", "planner.py", "placement.py"} <= {path.name for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_imports_and_calls(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert foreign_imports(tree) == []
    assert impure_calls(tree) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "import os.path",
        "from random import choice",
        "from datetime import datetime",
        "from ..inputs import load_plan",
        "from ansible.module_utils.basic import AnsibleModule",
        "import math, socket",
    ],
)
def test_a_foreign_import_is_seen(source: str) -> None:
    assert len(foreign_imports(ast.parse(source))) == 1


@pytest.mark.parametrize("source", ["open('x')", "def f():\n    print(1)"])
def test_an_impure_call_is_seen(source: str) -> None:
    assert len(impure_calls(ast.parse(source))) == 1
