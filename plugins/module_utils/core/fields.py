# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Typed access to the mappings that people edit: every refusal names the file and the key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .errors import InputError
from .interval import Interval, Level


def describe(value: object) -> str:
    """Return a value as a person would name it: its kind, then what it holds when that is short."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    kinds = {bool: "the boolean", int: "the integer", float: "the number", str: "the text"}
    kind = next((text for of, text in kinds.items() if type(value) is of), "")
    if not kind:
        return f"a {type(value).__name__}"
    shown = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{kind} {shown}" if len(shown) <= 60 else kind


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``"x" (did you mean that?)`` for the nearest known word, else the list of known words."""
    words = sorted(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if near:
        return f'"{near[0]}" (did you mean that?)'
    return f"one of {', '.join(words)}" if words else "nothing here"


def _wanted_number(*, positive: bool, minimum: int | Fraction | None, maximum: int | Fraction | None) -> str:
    if minimum is None:
        least = "greater than 0" if positive else "of 0 or more"
        return f"a number {least}" if maximum is None else f"a number {least} and of at most {maximum}"
    if maximum is None:
        return f"a number of {minimum} or more"
    return f"a number {minimum} to {maximum}"


class Fields:
    """A mapping of an input file together with where it stands.

    Args:
        file: the file, as shown to people.
        key: dotted path of the mapping in that file.
        data: what the file holds there; anything but a mapping is refused.
        allowed: the keys this mapping may have; None when its keys are names chosen by people.

    Raises:
        InputError: ``data`` is not a mapping, or has a key that is not a text or not allowed.
    """

    def __init__(self, *, file: str, key: str, data: object, allowed: Iterable[str] | None = None) -> None:
        self.file = file
        self.key = key
        if not isinstance(data, Mapping):
            raise InputError(
                file=file, key=key, problem=f"{describe(data)} is not a mapping", expected="a mapping"
            )
        self.data: Mapping[str, Any] = data
        known = None if allowed is None else set(allowed)
        for name in data:
            if not isinstance(name, str):
                raise self.error(str(name), f"the key is {describe(name)}", "a text; put it between quotes")
            if known is not None and name not in known:
                raise self.error(name, "this key is not known here", did_you_mean(name, known - set(data)))

    def path(self, name: str) -> str:
        """Return the dotted path of one key of this mapping."""
        return f"{self.key}.{name}" if self.key else name

    def error(self, name: str, problem: str, expected: str) -> InputError:
        """Return the error that refuses the value under ``name``."""
        return InputError(file=self.file, key=self.path(name), problem=problem, expected=expected)

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def raw(self, name: str, expected: str) -> Any:
        """Return the value under ``name`` as it is; a missing key is refused."""
        if name not in self.data:
            raise self.error(name, "this key is missing", expected)
        return self.data[name]

    def child(self, name: str, allowed: Iterable[str] | None = None) -> Fields:
        """Return the mapping under ``name``."""
        data = self.raw(name, "a mapping")
        return Fields(file=self.file, key=self.path(name), data=data, allowed=allowed)

    def items(self, name: str, allowed: Iterable[str] | None = None) -> Iterator[Fields]:
        """Yield each mapping of the list under ``name``."""
        known = None if allowed is None else tuple(allowed)
        for position, data in enumerate(self.sequence(name)):
            yield Fields(file=self.file, key=f"{self.path(name)}[{position}]", data=data, allowed=known)

    def sequence(self, name: str, *, default: Sequence[Any] | None = None) -> Sequence[Any]:
        """Return the list under ``name``."""
        if name not in self.data and default is not None:
            return default
        value = self.raw(name, "a list")
        if not isinstance(value, (list, tuple)):
            raise self.error(name, f"{describe(value)} is not a list", "a list")
        return value

    def text(self, name: str, *, default: str | None = None, pattern: str = "", expected: str = "") -> str:
        """Return the text under ``name``; with ``pattern``, all of it must match."""
        wanted = expected or "a text"
        if name not in self.data and default is not None:
            return default
        return self._checked_text(name, self.raw(name, wanted), pattern, wanted)

    def texts(
        self, name: str, *, default: Sequence[str] | None = None, pattern: str = "", expected: str = "a text"
    ) -> tuple[str, ...]:
        """Return the list of texts under ``name``; two equal ones are refused."""
        values = self.sequence(name, default=default)
        read: list[str] = []
        for position, value in enumerate(values):
            here = f"{name}[{position}]"
            read.append(self._checked_text(here, value, pattern, expected))
            if read[-1] in read[:-1]:
                raise self.error(here, f'"{read[-1]}" is there twice', "each value once")
        return tuple(read)

    def integer(
        self, name: str, *, minimum: int = 0, maximum: int | None = None, default: int | None = None
    ) -> int:
        """Return the integer under ``name``, within its bounds."""
        wanted = (
            f"an integer of {minimum} or more" if maximum is None else f"an integer {minimum} to {maximum}"
        )
        if name not in self.data and default is not None:
            return default
        value = self.raw(name, wanted)
        if type(value) is not int:
            raise self.error(name, f"{describe(value)} is not an integer", wanted)
        if value < minimum or (maximum is not None and value > maximum):
            raise self.error(name, f"{value} is out of bounds", wanted)
        return value

    def boolean(self, name: str, *, default: bool | None = None) -> bool:
        """Return the boolean under ``name``."""
        if name not in self.data and default is not None:
            return default
        value = self.raw(name, "true or false")
        if not isinstance(value, bool):
            raise self.error(name, f"{describe(value)} is not a boolean", "true or false")
        return value

    def number(
        self,
        name: str,
        *,
        positive: bool = True,
        minimum: int | Fraction | None = None,
        maximum: int | Fraction | None = None,
        default: Fraction | None = None,
    ) -> Fraction:
        """Return the number under ``name`` exactly as it is written, so that a ceiling never drifts."""
        wanted = _wanted_number(positive=positive, minimum=minimum, maximum=maximum)
        if name not in self.data and default is not None:
            return default
        value = self.raw(name, wanted)
        if type(value) not in (int, float):
            raise self.error(name, f"{describe(value)} is not a number", wanted)
        if not Decimal(str(value)).is_finite():
            raise self.error(name, f"{value} is not finite", wanted)
        exact = Fraction(str(value))
        if exact < (minimum or 0) or (positive and exact == 0) or (maximum is not None and exact > maximum):
            raise self.error(name, f"{value} is out of bounds", wanted)
        return exact

    def interval(
        self,
        name: str,
        *,
        positive: bool = True,
        minimum: int | Fraction | None = None,
        maximum: int | Fraction | None = None,
        default: Interval | None = None,
    ) -> Interval:
        """Return the quantity under ``name``: a number, or a mapping of low, mid and high."""
        if name not in self.data and default is not None:
            return default
        if not isinstance(self.data.get(name), Mapping):
            return Interval.exactly(self.number(name, positive=positive, minimum=minimum, maximum=maximum))
        levels = [level.value for level in Level]
        ends = self.child(name, levels)
        low, mid, high = (
            ends.number(end, positive=positive, minimum=minimum, maximum=maximum) for end in levels
        )
        if not low <= mid <= high:
            raise self.error(name, "low, mid and high are not in this order", "low ≤ mid ≤ high")
        return Interval(low=low, mid=mid, high=high)

    def only(self, allowed: Iterable[str]) -> Fields:
        """Return the same mapping, which may have these keys and no others."""
        return Fields(file=self.file, key=self.key, data=self.data, allowed=allowed)

    def optional(self, name: str) -> Fields:
        """Return the mapping under ``name``, or an empty one when the key is missing."""
        if name in self.data:
            return self.child(name)
        return Fields(file=self.file, key=self.path(name), data={})

    def check_name(self, name: str, pattern: str, expected: str) -> None:
        """Refuse a key, chosen by people, that does not match the pattern."""
        if not re.fullmatch(pattern, name):
            raise self.error(name, f'"{name}" is not valid', expected)

    def choice(self, name: str, known: Iterable[str], *, default: str | None = None) -> str:
        """Return the text under ``name``, which must be one of ``known``."""
        words = tuple(known)
        if name not in self.data and default is not None:
            return default
        value = self.text(name, expected=f"one of {', '.join(words)}")
        if value not in words:
            raise self.error(name, f'"{value}" is not known', did_you_mean(value, words))
        return value

    def _checked_text(self, name: str, value: object, pattern: str, expected: str) -> str:
        if value == "":
            raise self.error(name, "the text is empty", expected)
        if not isinstance(value, str):
            raise self.error(name, f"{describe(value)} is not a text", expected)
        if pattern and not re.fullmatch(pattern, value):
            raise self.error(name, f'"{value}" is not valid', expected)
        return value
