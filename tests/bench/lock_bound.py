# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast clones can be at best, given the locks of the storage that they are made on."""

from __future__ import annotations

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import mean

from lab.pve.locks import CFS_PAUSE_S, STORAGE_TIMEOUT_S
from lab.pve.qemu.clone import PREPARE_S

VOLUMES = 2
"""A linked clone makes two volumes, its disk and its cloud-init drive, each under the lock of the storage."""

WIDTHS = range(1, 33)
"""How many clones at once the cluster's lock is tried with."""

SEEDS = range(5)


def handed_over_at_once(clones: int, lock_s: float) -> float:
    """Return the seconds for which the lock must be held: what a lock of one node permits."""
    return clones * VOLUMES * lock_s


def asked_for_every_second(clones: int, lock_s: float) -> float:
    """Return the seconds that clones take on a storage of the cluster, at the width that is best for them.

    Nobody is woken when the cluster's lock becomes free: who finds it taken looks again a second later, and
    gives up after ten. This is played without any client: each clone begins when another ends.
    """
    return min(mean(_Played(clones, width, lock_s, seed).seconds() for seed in SEEDS) for width in WIDTHS)


@dataclass(slots=True)
class _Clone:
    made: int = 0
    waited_s: float = 0.0


@dataclass(slots=True)
class _Played:
    clones: int
    width: int
    lock_s: float
    seed: int
    free_at: float = 0.0
    events: list[tuple[float, int, _Clone]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10**9)))

    def seconds(self) -> float:
        """Return when the last clone ends. Each event is a clone's look at the lock, or its end."""
        chance = random.Random(self.seed)
        started = min(self.width, self.clones)
        for _ in range(started):
            self._look(PREPARE_S + chance.random() * 0.02, _Clone())
        done, now = 0, 0.0
        while done < self.clones:
            now, _, clone = heapq.heappop(self.events)
            if clone.made == VOLUMES:
                done += 1
                if started < self.clones:
                    started += 1
                    self._look(now + PREPARE_S, _Clone())
            elif now >= self.free_at:
                self.free_at = now + self.lock_s
                clone.made, clone.waited_s = clone.made + 1, 0.0
                self._look(self.free_at, clone)
            else:
                clone.waited_s += CFS_PAUSE_S
                gave_up = clone.waited_s >= STORAGE_TIMEOUT_S
                self._look(now + CFS_PAUSE_S, _Clone() if gave_up else clone)
        return now

    def _look(self, when: float, clone: _Clone) -> None:
        heapq.heappush(self.events, (when, next(self.numbers), clone))
