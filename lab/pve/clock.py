# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulated time: the real one, or a faster one so that tests need not wait."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Time that passes ``speed`` times as fast as on the wall, starting from the present."""

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"The clock's speed must be above 0, not {speed}.")
        self.speed = speed
        self._epoch = time.time()
        self._start = time.monotonic()

    def now(self) -> float:
        """Emulated epoch seconds."""
        return self._epoch + (time.monotonic() - self._start) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Wait that many emulated seconds."""
        await asyncio.sleep(seconds / self.speed)
