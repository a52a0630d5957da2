# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ctrl-C, or a SIGTERM, in the middle of a run: Ansible is asked to end, and made to when it does not."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

PATIENCE_S = 30.0
"""How long Ansible may take to end its workers and itself."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """While it is entered, a signal asks the playbook to end; the second one, or patience, makes it.

    The playbook is told itself: killing its process group, as ansible-runner does, would leave its workers,
    each of which has a session of its own.

    Args:
        tell: called once, when the first signal has come.
    """

    def __init__(self, tell: Callable[[], None], *, patience_s: float = PATIENCE_S) -> None:
        self._tell = tell
        self._patience_s = patience_s
        self._since = 0.0
        self._again = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Stopping:
        self._before = {number: signal.signal(number, self._signalled) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @property
    def asked(self) -> bool:
        """Whether the run was to stop."""
        return self._since > 0

    def overdue(self) -> bool:
        """Whether Ansible has to be killed: asked twice, or for too long."""
        return self._again or (self.asked and time.monotonic() - self._since > self._patience_s)

    def _signalled(self, _number: int, _frame: FrameType | None) -> None:
        if self.asked:
            self._again = True
            return
        self._since = time.monotonic()
        self._tell()
        for pid in playbooks_of(os.getpid()):
            os.kill(pid, signal.SIGINT)


def playbooks_of(parent: int) -> list[int]:
    """The processes of ansible-playbook that a process has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # The name of a program may hold blanks and brackets: what counts comes after the last bracket.
            status = (folder / "stat").read_text().rpartition(")")[2].split()
            words = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue  # it ended while we were looking
        if int(status[1]) == parent and any(word.endswith(b"/ansible-playbook") for word in words[:2]):
            found.append(int(folder.name))
    return found
