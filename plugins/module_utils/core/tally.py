# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run in waves has come to: who failed, who has not had a turn, and whether the run may go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from .waves import Amount

SHOWN = 5
"""How many failures a message names."""


@dataclass(slots=True)
class Tally:
    """The count over a whole run, from wave to wave and from tier to tier.

    ``waves`` are those planned, by tier; ``members`` all the machines that a tier ever had waves for.
    ``follows`` names for a tier those whose machines it has to be told of: it resumes with them.
    ``failed`` tells of each machine that failed or was not reached why, the first reason. ``done`` are
    the machines whose wave ended, by tier. ``current`` is the tier and the machines of the wave that runs.
    """

    waves: dict[str, list[list[str]]] = field(default_factory=dict)
    members: dict[str, list[str]] = field(default_factory=dict)
    follows: dict[str, list[str]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    done: dict[str, list[str]] = field(default_factory=dict)
    current: tuple[str, list[str]] | None = None

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """Return what `as_record` wrote."""
        current = record.get("current")
        return cls(
            waves={tier: [list(wave) for wave in waves] for tier, waves in record["waves"].items()},
            members={tier: list(names) for tier, names in record["members"].items()},
            follows={tier: list(others) for tier, others in record["follows"].items()},
            failed=dict(record["failed"]),
            done={tier: list(names) for tier, names in record["done"].items()},
            current=(current[0], list(current[1])) if current else None,
        )

    def as_record(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        names = ("waves", "members", "follows", "failed", "done", "current")
        return {name: getattr(self, name) for name in names}

    @property
    def machines(self) -> list[str]:
        """Every machine of the run, sorted."""
        return sorted({name for names in self.members.values() for name in names} | set(self.failed))

    def plan(
        self, waves: Mapping[str, Sequence[Sequence[str]]], follows: Mapping[str, Sequence[str]]
    ) -> None:
        """Add the waves of tiers, in place of those that a tier had."""
        for tier, planned in waves.items():
            self.waves[tier] = [list(wave) for wave in planned]
            names = {name for wave in planned for name in wave}
            self.members[tier] = sorted({*self.members.get(tier, ()), *names})
        self.follows |= {tier: list(others) for tier, others in follows.items()}

    def fail(self, machine: str, reason: str) -> None:
        """Note that a machine failed or was not reached; what it failed at first counts."""
        self.failed.setdefault(machine, reason)

    def begin(self, tier: str, machines: Collection[str]) -> None:
        """Note that a wave begins; the one before has ended."""
        self.close()
        self.current = (tier, sorted(machines))

    def close(self) -> None:
        """Note that the wave that runs has ended: who did not fail in it is done."""
        if self.current:
            tier, machines = self.current
            good = [name for name in machines if name not in self.failed]
            self.done[tier] = sorted({*self.done.get(tier, ()), *good})
        self.current = None

    def ended_by_wave(self) -> str:
        """Why a run ends in the wave that runs, in one sentence: all of it failed; empty when not."""
        if not self.current or not self.current[1] or set(self.current[1]) - set(self.failed):
            return ""
        tier, machines = self.current
        return f"The run ends here: {', '.join(machines[:SHOWN])} failed, which is a whole wave of {tier}."

    def left(self) -> list[str]:
        """The machines to resume with, sorted.

        Those that failed, those with a wave not ended, and those of tiers that have to be told of them.
        """
        waiting = {
            name
            for tier, waves in self.waves.items()
            for wave in waves
            for name in wave
            if name not in self.done.get(tier, ())
        }
        left = waiting | set(self.failed)
        for tier, others in self.follows.items():
            if any(not left.isdisjoint(self.members.get(other, ())) for other in others):
                waiting |= set(self.members.get(tier, ()))
        return sorted(left | waiting)

    def verdict(self, limit: Amount) -> str:
        """Why the run may not go on, in one sentence; empty when it may."""
        total, failed = len(self.machines), sorted(self.failed)
        if len(failed) <= limit.of(total):
            return ""
        named = "; ".join(f"{name}: {self.failed[name]}" for name in failed[:SHOWN])
        more = f"; and {len(failed) - SHOWN} more" if len(failed) > SHOWN else ""
        share = f" ({limit.percent:g} % of {total})" if limit.percent else ""
        return (
            f"{len(failed)} of {total} machines failed or were not reached in this run; "
            f"{limit.of(total)}{share} may (renfort_max_failures). {named}{more}"
        )
