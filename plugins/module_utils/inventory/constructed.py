# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, composed variables, conditional and keyed groups, with the results that Ansible's have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import UndefinedError

from .expressions import compiled, names_in
from .needs import NeedsAnsible
from .options import Constructed
from .tree import Tree, constructed_group_name

Evaluate = Callable[[Mapping[str, Any]], Any]


class Constructor:
    """Applies the expressions of a configuration to the hosts of a tree.

    Raises:
        NeedsAnsible: an expression, or a name in it, is none that is evaluated here.
    """

    def __init__(self, constructed: Constructed, tree: Tree) -> None:
        self._tree = tree
        self._strict = constructed.strict
        self._leading = constructed.leading_separator
        self._keyed_groups = constructed.keyed_groups
        self._filters = [compiled(text) for text in constructed.filters]
        self._compose = {name: compiled(_text(text)) for name, text in constructed.compose.items()}
        self._groups = [
            (constructed_group_name(name), compiled(_text(text))) for name, text in constructed.groups.items()
        ]
        texts = [
            *constructed.filters,
            *constructed.compose.values(),
            *constructed.groups.values(),
            *(entry["key"] for entry in constructed.keyed_groups),
        ]
        self._keys: list[Evaluate] = [compiled(entry["key"]) for entry in constructed.keyed_groups]
        self._group_names = any("group_names" in names_in(text) for text in texts)
        for entry in constructed.keyed_groups:
            if "{" in str(entry.get("parent_group") or ""):
                raise NeedsAnsible("a template as parent_group")

    def keeps(self, known: Mapping[str, Any]) -> bool:
        """Whether all filters are true for a host, given what they may read of it."""
        return all(self._try(evaluate, known, default=False) for evaluate in self._filters)

    def construct(self, host: str) -> None:
        """Add the composed variables of a host, then put it into its conditional and keyed groups."""
        variables = self._tree.hosts[host]
        known = self._known(host)
        for name, evaluate in self._compose.items():
            value = self._try(evaluate, known, default=_FAILED)
            if value is not _FAILED:
                variables[name] = value
        known = self._known(host)
        for group, evaluate in self._groups:
            fits = self._try(evaluate, known, default=False)
            if not isinstance(fits, bool):
                raise NeedsAnsible(f"the condition of the group {group}, which is neither true nor false")
            if fits:
                self._tree.add_to_group(host, group)
        for entry, evaluate in zip(self._keyed_groups, self._keys, strict=True):
            self._key(host, entry, evaluate)

    def _key(self, host: str, entry: Mapping[str, Any], evaluate: Evaluate) -> None:
        key = self._try(evaluate, self._known(host), default=_FAILED)
        if key is _FAILED:
            return
        default = entry.get("default_value")
        if not key and not (default is not None and key in (None, "")):
            if self._strict and key not in ([], {}):
                raise NeedsAnsible(f"the empty key {entry['key']!r}, which strict refuses")
            return
        prefix, separator = entry.get("prefix", ""), entry.get("separator", "_")
        names = _bare_names(key, entry, separator)
        if prefix == "" and not self._leading:
            separator = ""
        for bare in names:
            name = constructed_group_name(f"{prefix}{separator}{bare}")
            self._tree.add_to_group(host, name)
            if entry.get("parent_group"):
                self._tree.nest(constructed_group_name(str(entry["parent_group"])), name)

    def _known(self, host: str) -> dict[str, Any]:
        """Return what an expression may read of a host at this moment."""
        known = {**self._tree.hosts[host], **_names_of(host)}
        if self._group_names:
            known["group_names"] = self._tree.group_names(host)
        return known

    def _try(self, evaluate: Evaluate, known: Mapping[str, Any], *, default: Any) -> Any:
        """Return a value, or the default where the variable is not there and that is no matter."""
        try:
            return evaluate(known)
        except UndefinedError as error:
            if self._strict:
                raise NeedsAnsible(f"an expression that fails ({error}), which strict refuses") from error
            return default


_FAILED = object()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise NeedsAnsible(f"{value!r} in the place of an expression")
    return value


def _names_of(host: str) -> dict[str, str]:
    return {"inventory_hostname": host, "inventory_hostname_short": host.split(".")[0]}


def _bare_names(key: Any, entry: Mapping[str, Any], separator: str) -> list[Any]:
    """Return the names that a key's value gives, before the prefix."""
    default = entry.get("default_value")
    if key in (None, ""):
        return [default]
    if isinstance(key, str):
        return [key]
    if isinstance(key, list):
        return [default if name in (None, "") and default is not None else name for name in key]
    if isinstance(key, dict):
        return [_of_pair(name, value, entry, separator) for name, value in key.items()]
    raise NeedsAnsible(f"the key {entry['key']!r}, which is neither text, list nor mapping")


def _of_pair(name: str, value: Any, entry: Mapping[str, Any], separator: str) -> str:
    if value in (None, ""):
        if entry.get("default_value") is not None:
            return f"{name}{separator}{entry['default_value']}"
        if entry.get("trailing_separator") is False:
            return name
    return f"{name}{separator}{value}"
