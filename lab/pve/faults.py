# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults on demand: which calls go wrong, and how."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

ACTIONS = ("fail", "delay", "cut", "task-fail")


class FaultRuleError(ValueError):
    """A rule that makes no sense; the text names the key and what was expected."""


class Clock(Protocol):
    """The part of the clock that faults need."""

    async def sleep(self, seconds: float) -> None:
        """Wait that many emulated seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What happens to calls whose verb and path (without ``/api2/json``) match.

    ``nth`` 0 means every matching call, otherwise the n-th one only, once. ``after`` tells whether
    the call is carried out before its answer is spoilt (``fail`` and ``cut``).
    """

    action: str
    verb: str = ".*"
    path: str = ".*"
    nth: int = 0
    status: int = 500
    message: str = "injected fault"
    seconds: float = 0.0
    after: bool = False

    def matches(self, verb: str, path: str) -> bool:
        """Whether the rule speaks of this call."""
        return bool(re.fullmatch(self.verb, verb) and re.search(self.path, path))

    def to_data(self) -> dict[str, Any]:
        """The rule as it was given."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_data(cls, data: object) -> Rule:
        """Check a rule that came as JSON."""
        if not isinstance(data, Mapping):
            raise FaultRuleError(f"a rule is a mapping, not {type(data).__name__}")
        for key, value in data.items():
            expected = _TYPES.get(key)
            if expected is None:
                raise FaultRuleError(f"unknown key '{key}'; known: {', '.join(sorted(_TYPES))}")
            if not isinstance(value, expected) or (isinstance(value, bool) and key != "after"):
                raise FaultRuleError(f"'{key}' has the wrong type: {value!r}")
        if data.get("action") not in ACTIONS:
            raise FaultRuleError(f"'action' must be one of {', '.join(ACTIONS)}, not {data.get('action')!r}")
        for key in ("verb", "path"):
            try:
                re.compile(data.get(key, ""))
            except re.error as error:
                raise FaultRuleError(f"'{key}' is not a regular expression: {error}") from error
        return cls(**data)


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "action": str,
    "verb": str,
    "path": str,
    "nth": int,
    "status": int,
    "message": str,
    "seconds": (int, float),
    "after": bool,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a call has to suffer: nothing, or one of these after its delay."""

    delay_s: float = 0.0
    fail: Rule | None = None
    cut: Rule | None = None
    task_failure: str = ""


NO_FAULT = Verdict()


class Faults:
    """The rules in force, and how many calls each has seen. They live with the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._rules: list[Rule] = []
        self._seen: list[int] = []

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules in force, in the order in which they were added."""
        return tuple(self._rules)

    def add(self, rule: Rule) -> None:
        """Put a rule in force, behind those there are."""
        self._rules.append(rule)
        self._seen.append(0)

    def clear(self) -> None:
        """Withdraw all rules."""
        self._rules.clear()
        self._seen.clear()

    def met(self) -> bool:
        """Whether every rule has had a call to spoil."""
        return all(seen >= max(1, rule.nth) for rule, seen in zip(self._rules, self._seen, strict=True))

    def judge(self, verb: str, path: str) -> Verdict:
        """Count the call and say what happens to it."""
        if not self._rules:
            return NO_FAULT
        delay, fail, cut, task_failure = 0.0, None, None, ""
        for index, rule in enumerate(self._rules):
            if not rule.matches(verb, path):
                continue
            self._seen[index] += 1
            if rule.nth and rule.nth != self._seen[index]:
                continue
            if rule.action == "delay":
                delay += rule.seconds
            elif rule.action == "fail":
                fail = fail or rule
            elif rule.action == "cut":
                cut = cut or rule
            else:
                task_failure = task_failure or rule.message
        return Verdict(delay_s=delay, fail=fail, cut=cut, task_failure=task_failure)

    async def delay(self, verdict: Verdict) -> None:
        """Wait as the verdict says."""
        if verdict.delay_s:
            await self._clock.sleep(verdict.delay_s)
