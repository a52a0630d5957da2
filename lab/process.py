# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on the host, run without blocking the event loop."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from .errors import LabError


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
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise LabError(f"The lab needs {argv[0]} and this host has none.", hint="Install it.") from error
    try:
        stdout, stderr = await process.communicate(stdin or None)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    return Ended(argv=tuple(argv), code=process.returncode or 0, stdout=stdout, stderr=stderr)


async def run(argv: Sequence[str], *, stdin: bytes = b"") -> Ended:
    """Run a command that must succeed.

    Raises:
        LabError: it did not; the message carries the command and its last words.
    """
    ended = await attempt(argv, stdin=stdin)
    if ended.code != 0:
        raise LabError(f"`{shlex.join(argv)}` failed: {ended.complaint}")
    return ended
