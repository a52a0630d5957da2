# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A value as the kind that an option takes: what comes from a template or the environment is a text. Pure."""

from __future__ import annotations

from typing import Any

from ..core.fields import Fields, describe

TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
FALSE = frozenset({"false", "no", "off", "n", "f", "0"})


def as_kind(fields: Fields, name: str, kind: str) -> Any:
    """Return the value under ``name`` as ``str``, ``int``, ``bool``, ``list`` or ``dict``.

    Raises:
        InputError: it is of another kind and does not stand for one of this kind.
    """
    return _READERS[kind](fields, name)


def _text(fields: Fields, name: str) -> str:
    value = fields.data[name]
    if type(value) in (int, float):
        return str(value)
    return fields.text(name).strip()


def _integer(fields: Fields, name: str) -> int:
    value = fields.data[name]
    least = 0 if name in ("max_stale_hours", "max_shrink_percent", "cache_timeout") else 1
    if isinstance(value, str) and value.strip().isdecimal():
        fields = Fields(file=fields.file, key=fields.key, data={name: int(value)})
    return fields.integer(name, minimum=least)


def _boolean(fields: Fields, name: str) -> bool:
    value = fields.data[name]
    word = str(value).strip().lower()
    if isinstance(value, (str, int)) and word in TRUE | FALSE:
        return word in TRUE
    return fields.boolean(name)


def _list(fields: Fields, name: str) -> list[Any]:
    value = fields.data[name]
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(fields.sequence(name))


def _mapping(fields: Fields, name: str) -> dict[str, Any]:
    value = fields.data[name]
    if not isinstance(value, dict):
        raise fields.error(name, f"{describe(value)} is not a mapping", "a mapping from names to expressions")
    return dict(fields.child(name).data)


_READERS = {"str": _text, "int": _integer, "bool": _boolean, "list": _list, "dict": _mapping}
