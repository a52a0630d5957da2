# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Jinja expressions without Ansible, for those that mean the same with and without it.

A part of the language is evaluated here: variables, constants, comparisons, arithmetic, conditions and
the filters, tests and methods that are listed. Whatever else an expression uses, such as a filter of
Ansible's, raises `NeedsAnsible` before anything is evaluated: another answer is never given.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, wraps
from typing import Any

import jinja2
from jinja2 import nodes

from .needs import NeedsAnsible

FILTERS = frozenset(
    [
        "capitalize",
        "count",
        "d",
        "default",
        "first",
        "int",
        "join",
        "last",
        "length",
        "lower",
        "replace",
        "string",
        "trim",
        "upper",
    ]
)
"""Filters that Ansible leaves as Jinja has them."""

TESTS = frozenset(
    [
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "boolean",
        "defined",
        "eq",
        "equalto",
        "even",
        "false",
        "in",
        "integer",
        "lower",
        "mapping",
        "ne",
        "none",
        "number",
        "odd",
        "string",
        "true",
        "undefined",
        "upper",
    ]
)
"""Tests that Ansible leaves as Jinja has them."""

METHODS = frozenset(
    [
        "endswith",
        "lower",
        "lstrip",
        "partition",
        "removeprefix",
        "removesuffix",
        "replace",
        "rpartition",
        "rsplit",
        "rstrip",
        "split",
        "startswith",
        "strip",
        "title",
        "upper",
    ]
)
"""Methods of texts."""

GLOBALS = frozenset(
    [
        "cycler",
        "dict",
        "joiner",
        "lipsum",
        "lookup",
        "namespace",
        "now",
        "omit",
        "q",
        "query",
        "range",
        "undef",
        "vars",
    ]
)
"""Names that mean something to Ansible without being variables."""

_NODES = (
    nodes.Name,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Add,
    nodes.Sub,
    nodes.Mul,
    nodes.Neg,
    nodes.List,
    nodes.Dict,
    nodes.Pair,
    nodes.Keyword,
)

_PLAIN = (str, int, float, type(None))
"""What a variable may be, besides lists and mappings of these; a boolean is an integer to Python."""


class _Missing(jinja2.StrictUndefined):
    """An undefined variable: what hangs on it is undefined too, and any use of it is an error.

    ``made`` counts them, since one within a list or a mapping escapes whoever looks at that.
    """

    made = 0

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        _Missing.made += 1

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self

    def __getitem__(self, key: object) -> Any:
        return self

    def __repr__(self) -> str:
        # Within a list that is made a text.
        raise NeedsAnsible("a text of something undefined")


def _printed(value: Any) -> Any:
    """Return a part of a longer text; only texts and integers are written alike by everybody."""
    if isinstance(value, jinja2.Undefined) or type(value) in (str, int):
        return value
    raise NeedsAnsible(f"a {type(value).__name__} within a text")


_ENVIRONMENT = jinja2.Environment(
    undefined=_Missing,
    finalize=_printed,
    autoescape=False,
    keep_trailing_newline=True,
)


def _of_defined(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """Return a filter or test that leaves what is undefined to Ansible, which hands it on in its own way."""

    @wraps(function)
    def checked(*args: Any, **named: Any) -> Any:
        if any(isinstance(value, jinja2.Undefined) for value in (*args, *named.values())):
            raise NeedsAnsible(f"{name} of something undefined")
        return function(*args, **named)

    return checked


def _guard(table: dict[str, Any], names: frozenset[str]) -> None:
    for name in names - {"d", "default", "defined", "undefined"}:
        table[name] = _of_defined(table[name], name)


_guard(_ENVIRONMENT.filters, FILTERS)
_guard(_ENVIRONMENT.tests, TESTS)


def is_template(text: str) -> bool:
    """Whether a text has anything that Jinja would look at."""
    return "{{" in text or "{%" in text or "{#" in text


@lru_cache(maxsize=256)
def compiled(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """Return a function from variables to the value of an expression.

    The function raises `jinja2.UndefinedError` for a variable that is not there, and `NeedsAnsible` where an
    expression fails otherwise or its value is of a kind that an inventory cannot hold as it is.

    Raises:
        NeedsAnsible: the expression uses something that is not evaluated here.
    """
    try:
        tree = _ENVIRONMENT.parse("{{(" + text + "\n)}}")
        if is_template(text) or len(tree.body) != 1:
            raise NeedsAnsible(f"a template within the expression {text!r}")
        _check(tree, text)
        evaluate = _ENVIRONMENT.compile_expression(text, undefined_to_none=False)
    except jinja2.TemplateError as error:
        raise NeedsAnsible(f"the expression {text!r} ({error})") from error
    globals_ = {"lookup": _lookup} if "lookup" in text else {}
    # What an operator or a filter makes of something undefined differs in the details.
    only_a_variable = all(
        isinstance(node, (nodes.Output, nodes.Name, nodes.Getattr)) for node in tree.find_all(nodes.Node)
    )

    collects = any(True for _ in tree.find_all((nodes.List, nodes.Dict)))

    def value(variables: Mapping[str, Any]) -> Any:
        made = _Missing.made
        try:
            found = evaluate({**variables, **globals_})
        except NeedsAnsible:
            raise
        except Exception as error:
            raise NeedsAnsible(f"the expression {text!r}, which fails ({error})") from error
        if collects and _Missing.made != made:
            raise NeedsAnsible(f"something undefined, and a list or mapping, in {text!r}")
        if only_a_variable and isinstance(found, jinja2.Undefined):
            raise jinja2.UndefinedError(f"{text} is undefined")
        return _plain(found, text)

    return value


def names_in(text: str) -> frozenset[str]:
    """Return the variables that an expression reads."""
    tree = _ENVIRONMENT.parse("{{(" + text + "\n)}}")
    return frozenset(node.name for node in tree.find_all(nodes.Name))


def filled_in(text: str) -> Any:
    """Return a text with its templates filled in; one that is a single expression has the value of that.

    Raises:
        NeedsAnsible: it uses something that is not evaluated here, or something undefined.
    """
    if not is_template(text):
        return text
    try:
        tree = _ENVIRONMENT.parse(text)
        output = tree.body[0] if len(tree.body) == 1 else None
        if not isinstance(output, nodes.Output) or "{#" in text:
            raise NeedsAnsible(f"the template {text!r}")
        _check(tree, text)
        stripped = text.strip()
        if len(output.nodes) == 1 and stripped == text:
            return compiled(stripped[2:-2].strip("-+ \n"))({})
        return _ENVIRONMENT.from_string(text, globals={"lookup": _lookup}).render()
    except jinja2.TemplateError as error:
        raise NeedsAnsible(f"the template {text!r} ({error})") from error


def _check(tree: nodes.Template, text: str) -> None:
    for node in tree.find_all(nodes.Node):
        if not _known(node):
            raise NeedsAnsible(f"{_what(node)} in {text!r}")


def _known(node: nodes.Node) -> bool:
    if isinstance(node, nodes.Filter):
        return node.name in FILTERS and not node.dyn_args and not node.dyn_kwargs
    if isinstance(node, nodes.Test):
        return node.name in TESTS
    if isinstance(node, nodes.Call):
        return not node.dyn_args and not node.dyn_kwargs and (_is_method(node.node) or _is_lookup(node))
    if isinstance(node, nodes.Const):
        return not isinstance(node.value, str) or not (is_template(node.value) or "\\" in node.value)
    if isinstance(node, nodes.Getattr):
        return not node.attr.startswith("_")
    if isinstance(node, nodes.Getitem):
        return isinstance(node.arg, nodes.Const)
    if isinstance(node, nodes.CondExpr):
        return node.expr2 is not None
    if isinstance(node, nodes.Name):
        # As a callee it was judged with its call.
        return node.name == "lookup" or node.name not in GLOBALS | {"inventory_file", "inventory_dir"}
    return isinstance(node, (*_NODES, nodes.Output, nodes.TemplateData))


def _is_method(callee: nodes.Node) -> bool:
    return isinstance(callee, nodes.Getattr) and callee.attr in METHODS


def _is_lookup(call: nodes.Call) -> bool:
    texts = [arg.value for arg in call.args if isinstance(arg, nodes.Const) and isinstance(arg.value, str)]
    return (
        isinstance(call.node, nodes.Name)
        and call.node.name == "lookup"
        and len(texts) == len(call.args) == 2
        and texts[0] in ("env", "ansible.builtin.env")
        and texts[1].split() == [texts[1]]
        and not call.kwargs
    )


def _lookup(_kind: str, name: str) -> str:
    import os

    return os.environ.get(name, "")


def _what(node: nodes.Node) -> str:
    named = getattr(node, "name", None) or getattr(node, "attr", None)
    kind = type(node).__name__.lower()
    return f"the {kind} {named}" if isinstance(named, str) else f"a {kind}"


def _plain(value: Any, text: str) -> Any:
    if isinstance(value, list):
        return [_plain(item, text) for item in value]
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {key: _plain(item, text) for key, item in value.items()}
    if type(value) is bool or type(value) in _PLAIN:
        return value
    raise NeedsAnsible(f"a {type(value).__name__} as the value of {text!r}")
