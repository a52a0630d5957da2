# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The emulator's time: what takes seconds on a real server can take less in a test."""

from __future__ import annotations

import asyncio
import time


class Clock:
    """Wall-clock time, and waits shortened by a factor.

    Args:
        speed: how many emulated seconds pass in one real second of waiting.
    """

    def __init__(self, speed: float = 1.0) -> None:
        if speed <= 0:
            raise ValueError(f"speed must be above 0, not {speed}")
        self.speed = speed

    def now(self) -> float:
        """Epoch seconds."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait that many emulated seconds."""
        await asyncio.sleep(seconds / self.speed)
