# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values out of NetBox's rows: labels, custom fields, and the notes about what is left out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .netbox_errors import MissingFieldError

Row = Mapping[str, Any]
"""One object of NetBox, as its API gives it."""

LABEL_MAX = 63
"""How long one label of a host name may be."""


class LeftOut(Exception):  # noqa: N818 - a decision, which ends as a note; no error
    """An object cannot be part of the stock; the text completes "… is left out: "."""


def label(text: str, *, also: str = "") -> str:
    """Return a text as one label of a host name: ``Salle B / N 1`` becomes ``salle-b-n-1``.

    Args:
        text: what people wrote.
        also: characters that stay as they are, besides small letters, digits and hyphens.

    Raises:
        LeftOut: nothing usable is in it, or the label is too long.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    found = re.sub(rf"[^a-z0-9{re.escape(also)}]+", "-", plain).strip(f"-{also}")
    if not found:
        raise LeftOut(f"no name can be made of {text!r}")
    if len(found) > LABEL_MAX:
        raise LeftOut(f"its name {found} is longer than {LABEL_MAX} characters")
    return found


def tags(row: Row) -> set[str]:
    """Return the slugs of an object's tags."""
    return {str(tag["slug"]) for tag in row.get("tags") or ()}


def related(row: Row, name: str, key: str) -> Any:
    """Return one value of a related object, such as the slug of the site; None without such an object."""
    found = row.get(name)
    return found.get(key) if isinstance(found, Mapping) else None


def custom(name: str, *rows: Row) -> Any:
    """Return the value of a custom field: of the first object that has one, else None.

    A choice counts by its value, and an IP address that is referred to by its address.
    """
    for row in rows:
        value = (row.get("custom_fields") or {}).get(name)
        if value not in (None, "", [], {}):
            return [_plain(item) for item in value] if isinstance(value, list) else _plain(value)
    return None


def whole(name: str, *rows: Row, least: int = 0) -> int | None:
    """Return a custom field that holds a whole number.

    Raises:
        LeftOut: it holds something else, or less than ``least``.
    """
    value = custom(name, *rows)
    if value is None:
        return None
    return _whole(name, value, least)


def needed(name: str, *rows: Row, least: int = 1) -> int:
    """Return a custom field that holds a whole number and must be there.

    Raises:
        LeftOut: it is empty, or holds something else, or less than ``least``.
    """
    value = whole(name, *rows, least=least)
    if value is None:
        raise LeftOut(f"{name} is set neither on it nor on its type")
    return value


def sizes(name: str, *rows: Row) -> dict[str, int]:
    """Return a custom field that holds a mapping from names to whole numbers; empty when it is not set.

    Raises:
        LeftOut: it holds something else.
    """
    value = custom(name, *rows)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise LeftOut(f'{name} is {value!r} instead of sizes by name, such as {{"vmdata": 4000}}')
    return {str(key): _whole(f"{name}.{key}", value[key], 0) for key in sorted(value)}


def require_fields(names: Iterable[str], rows: Iterable[Row], objects: str) -> None:
    """Check that custom fields exist: NetBox names every one in each object, with or without a value.

    Raises:
        MissingFieldError: there are objects, and none of them has the field.
    """
    known = [set(row.get("custom_fields") or {}) for row in rows]
    for name in names:
        if known and not any(name in fields for fields in known):
            raise MissingFieldError(field=name, objects=objects)


def collect(
    rows: Iterable[Row], make: Callable[[Row], tuple[str, dict[str, Any]]], what: str, notes: list[str]
) -> dict[str, dict[str, Any]]:
    """Return what ``make`` makes of each row, by name in their order.

    A row that cannot be used adds a note; so does each of several with the same name, since none of
    them can be told from the others.
    """
    found: list[tuple[str, dict[str, Any], Row]] = []
    for row in rows:
        try:
            name, made = make(row)
        except LeftOut as reason:
            notes.append(f"{what} {shown(row)} is left out: {reason}.")
        else:
            found.append((name, made, row))
    times = Counter(name for name, _made, _row in found)
    for name, _made, row in found:
        if times[name] > 1:
            notes.append(f"{what} {shown(row)} is left out: {times[name]} of them are called {name}.")
    return {name: made for name, made, _row in sorted(found, key=lambda item: item[0]) if times[name] == 1}


def shown(row: Row) -> str:
    """Return how messages call an object: what people see in NetBox, with the number in its address."""
    return f"{row.get('display') or row.get('name') or 'without a name'} (id {row['id']})"


def _whole(name: str, value: object, least: int) -> int:
    number = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int):
        raise LeftOut(f"{name} is {value!r} instead of a whole number")
    if number < least:
        raise LeftOut(f"{name} is {number}, and at least {least} is expected")
    return number


def _plain(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if value.keys() == {"value", "label"}:
        return value["value"]
    if "address" in value:
        return str(value["address"]).partition("/")[0]
    return value
