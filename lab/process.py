# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on the host, run without blocking the event loop."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .errors import LabError

_WAITERS = ThreadPoolExecutor(max_workers=128, thread_name_prefix="lab-process")
"""Threads, and not the event loop's own subprocesses: those of some event loops hand the pipes down
to the container monitor, which outlives the command, so that their end is never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a command ended."""

    argv: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output, stripped."""
        return self.stdout.decode(errors="replace").strip()

    @property
    def complaint(self) -> str:
        """The last line that the command complained with."""
        lines = (self.stderr or self.stdout).decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"it ended with status {self.code} and said nothing"


async def attempt(argv: Sequence[str], *, stdin: bytes = b"") -> Ended:
    """Run a command to its end, whatever its status.

    Raises:
        LabError: the program does not exist on this host.
    """
    try:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise LabError(f"The lab needs {argv[0]} and this host has none.", hint="Install it.") from error
    loop = asyncio.get_running_loop()
    try:
        stdout, stderr = await loop.run_in_executor(_WAITERS, process.communicate, stdin or None)
    except asyncio.CancelledError:
        process.kill()
        raise
    return Ended(argv=tuple(argv), code=process.returncode, stdout=stdout, stderr=stderr)


async def run(argv: Sequence[str], *, stdin: bytes = b"") -> Ended:
    """Run a command that must succeed.

    Raises:
        LabError: it did not; the message carries the command and its last words.
    """
    ended = await attempt(argv, stdin=stdin)
    if ended.code != 0:
        raise LabError(f"`{shlex.join(argv)}` failed: {ended.complaint}")
    return ended
