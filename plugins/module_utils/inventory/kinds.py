# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an option takes, and a value as that: what comes from the environment is a text. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..core.fields import Fields, describe

TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
FALSE = frozenset({"false", "no", "off", "n", "f", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """What an option takes: its kind, its default, the environment variable that stands in for it.

    ``kind`` is ``str``, ``int``, ``bool``, ``list`` or ``dict``; the bounds are those of an ``int``.
    """

    kind: str
    default: Any = None
    env: str = ""
    minimum: int = 1
    maximum: int | None = None


def as_kind(fields: Fields, name: str, option: Option) -> Any:
    """Return the value under ``name`` as the option takes it.

    Raises:
        InputError: it is of another kind and does not stand for one of this kind, or is out of bounds.
    """
    return _READERS[option.kind](fields, name, option)


def _text(fields: Fields, name: str, _option: Option) -> str:
    value = fields.data[name]
    if type(value) in (int, float):
        return str(value)
    return fields.text(name).strip()


def _integer(fields: Fields, name: str, option: Option) -> int:
    value = fields.data[name]
    if isinstance(value, str) and value.strip().isdecimal():
        fields = Fields(file=fields.file, key=fields.key, data={name: int(value)})
    return fields.integer(name, minimum=option.minimum, maximum=option.maximum)


def _boolean(fields: Fields, name: str, _option: Option) -> bool:
    value = fields.data[name]
    word = str(value).strip().lower()
    if isinstance(value, (str, int)) and word in TRUE | FALSE:
        return word in TRUE
    return fields.boolean(name)


def _list(fields: Fields, name: str, _option: Option) -> list[Any]:
    value = fields.data[name]
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return list(fields.sequence(name))


def _mapping(fields: Fields, name: str, _option: Option) -> dict[str, Any]:
    value = fields.data[name]
    if not isinstance(value, Mapping):
        raise fields.error(name, f"{describe(value)} is not a mapping", "a mapping from names to expressions")
    return dict(fields.child(name).data)


_READERS: Mapping[str, Callable[[Fields, str, Option], Any]] = {
    "str": _text,
    "int": _integer,
    "bool": _boolean,
    "list": _list,
    "dict": _mapping,
}
