# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API's description: which methods there are on which paths, and what they take.

It is data: another release's description can be put in its place, with `choose`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from .errors import ServerError

HERE = Path(__file__).parent / "schema"
DEFAULT = HERE / "pve-8.4.json"
SUPPLEMENT = HERE / "supplement-8.4.json"
USUAL_INDEXES = 32
"""How often a numbered option exists that a later release adds and the supplement does not know."""

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One method of the API.

    ``permissions`` is None where only root@pam may call it. ``proxied`` means that the node named in
    the path carries it out; ``protected`` that the privileged daemon does.
    """

    verb: str
    path: str
    properties: Properties
    closed: bool
    permissions: Mapping[str, Any] | None
    protected: bool
    proxied: bool
    allow_token: bool


@dataclass(slots=True)
class _Node:
    fixed: dict[str, _Node] = field(default_factory=dict)
    variable: tuple[str, _Node] | None = None
    methods: dict[str, Method] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A method and the parameters that the path carries."""

    method: Method
    params: dict[str, str]


class Schema:
    """All methods, found by path; and the property strings which the description only names."""

    def __init__(self, description: Mapping[str, Any], supplement: Mapping[str, Any]) -> None:
        self.formats: Mapping[str, Properties] = supplement["formats"]
        self.cpu_models = frozenset(supplement["cpu_models"])
        self._indexes: Mapping[str, int] = supplement["indexes"]
        self._rest = frozenset(supplement["rest"])
        self._root = _Node()
        self.methods: dict[tuple[str, str], Method] = {}
        for path, verbs in {**supplement["methods"], **description}.items():
            for verb, info in verbs.items():
                self._add(path, verb, info)

    @classmethod
    def load(cls, description: Path = DEFAULT, supplement: Path = SUPPLEMENT) -> Schema:
        """Read both files."""
        return cls(json.loads(description.read_text()), json.loads(supplement.read_text()))

    def _add(self, path: str, verb: str, info: Mapping[str, Any]) -> None:
        parameters = info.get("parameters") or {}
        node = self._root
        for part in path.strip("/").split("/") if path != "/" else []:
            if part.startswith("{"):
                node.variable = node.variable or (part[1:-1], _Node())
                node = node.variable[1]
            else:
                node = node.fixed.setdefault(part, _Node())
        method = Method(
            verb=verb,
            path=path,
            properties=self._numbered(parameters.get("properties") or {}),
            closed=not parameters.get("additionalProperties", 1),
            permissions=info.get("permissions"),
            protected=bool(info.get("protected")),
            proxied=info.get("proxyto") == "node",
            allow_token=bool(info.get("allowtoken", 1)),
        )
        node.methods[verb] = method
        self.methods[verb, path] = method

    def _numbered(self, properties: Mapping[str, Any]) -> Properties:
        """Write ``net[n]`` out: net0, net1 and so on."""
        result: dict[str, Any] = {}
        for name, schema in properties.items():
            stem, bracket, _ = name.partition("[")
            if bracket:
                result.update(
                    {f"{stem}{number}": schema for number in range(self._indexes.get(stem, USUAL_INDEXES))}
                )
            else:
                result[name] = schema
        return result

    def find(self, verb: str, path: str) -> Match | None:
        """The method behind a verb and a path, or None when there is none."""
        node, params = self._root, {}
        parts = [part for part in path.split("/") if part]
        for index, part in enumerate(parts):
            if part in node.fixed:
                node = node.fixed[part]
                continue
            if node.variable is None:
                return None
            name, node = node.variable
            if name in self._rest and not node.fixed and node.variable is None:
                params[name] = "/".join(parts[index:])
                break
            params[name] = part
        method = node.methods.get(verb)
        return None if method is None else Match(method=method, params=params)

    def children(self, path: str) -> list[str]:
        """The fixed parts that may follow a path template, in the description's order."""
        node = self._root
        for part in [part for part in path.split("/") if part]:
            if part.startswith("{"):
                if node.variable is None:
                    return []
                node = node.variable[1]
            else:
                node = node.fixed[part]
        return list(node.fixed)

    def options(self, path: str, verb: str) -> frozenset[str]:
        """The names of the parameters of a method."""
        return frozenset(self.methods[verb, path].properties)


@cache
def _load(description: Path) -> Schema:
    return Schema.load(description)


_chosen = DEFAULT


def choose(description: Path) -> None:
    """Follow another release's description from now on.

    Raises:
        OSError, ValueError: it cannot be read, or is no JSON.
    """
    global _chosen
    _load(description)
    _chosen = description


def default_schema() -> Schema:
    """The description in use: the one that comes with the emulator, or the one chosen."""
    return _load(_chosen)


@cache
def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern of the description, which is written in Perl's dialect."""
    return re.compile(f"^{re.sub(r'\(\?\^([a-z]*):', _flags, pattern)}$")


def _flags(match: re.Match[str]) -> str:
    return f"(?{match[1]}:"


def unknown_node(name: str) -> ServerError:
    """The refusal for a node that no name service knows."""
    return ServerError(
        f"hostname lookup '{name}' failed - failed to get address info for: {name}: Name or service not known"
    )
