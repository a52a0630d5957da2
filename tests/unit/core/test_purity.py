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
    "copy",
    "dataclasses",
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

ALLOWED_NAMES = {("datetime", "date")}
"""What may be taken from a module that is not allowed as a whole: a date can be read and compared."""

CLOCK_CALLS = {"today", "now", "utcnow"}

IMPURE_CALLS = {"open", "print", "input", "eval", "exec", "__import__"}

HERE = Path(next(iter(core.__path__)))
FILES = sorted(HERE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(HERE).as_posix()


def foreign_imports(tree: ast.AST, depth: int = 0) -> list[str]:
    """Return what a module, ``depth`` folders below the core, imports besides the allowed and the core."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names if name.name.partition(".")[0] not in ALLOWED]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            module = node.module or ""
            names = {(module, name.name) for name in node.names}
            allowed = module.partition(".")[0] in ALLOWED or names <= ALLOWED_NAMES
            found += [] if allowed else [module]
        elif isinstance(node, ast.ImportFrom) and node.level > 1 + depth:
            found.append(f"{'.' * node.level}{node.module or ''}")
    return found


def impure_calls(tree: ast.AST) -> list[str]:
    """Return the built-in functions with an effect, and the questions to the clock, that a module calls."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [call.id for call in calls if isinstance(call, ast.Name) and call.id in IMPURE_CALLS]
    return named + [
        call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in CLOCK_CALLS
    ]


def test_the_core_is_found() -> None:
    assert {"plan.py", "planner.py", "placement/solve.py"} <= {name_of(path) for path in FILES}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_and_calls(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert foreign_imports(tree, name_of(path).count("/")) == []
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


@pytest.mark.parametrize("source", ["open('x')", "def f():\n    print(1)", "date.today()"])
def test_an_impure_call_is_seen(source: str) -> None:
    assert len(impure_calls(ast.parse(source))) == 1
