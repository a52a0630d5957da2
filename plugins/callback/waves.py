# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the tally: what Ansible says of a run in waves, counted, and the list to resume with."""

from __future__ import annotations

DOCUMENTATION = r"""
name: waves
type: notification
short_description: Count failures over a whole run in waves, and write the list to resume with
version_added: 0.3.0
author: Renfort contributors
description:
  - Counts the machines that failed or were not reached from the first play to the last.
    M(ent.renfort.wave_guard) reads the count before each wave.
  - At the end of a run in which machines failed or had no turn, writes their names to a file for
    C(--limit @FILE), and says how to go on. A run that did not fail has no such list.
  - A run without M(ent.renfort.wave_plan) is left alone.
requirements:
  - to be named in C(callbacks_enabled) of the section C(defaults) of ansible.cfg
options:
  directory:
    description:
      - Folder of the run's tally and list.
      - By default one for each run in C(renfort/waves) of C($XDG_STATE_HOME), or of C(~/.local/state)
        without it; the last twenty are kept.
    type: str
    env:
      - name: RENFORT_RUN_DIR
"""

import atexit
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase

from ..module_utils.core.errors import RenfortError
from ..module_utils.core.journal import short
from ..module_utils.core.tally import Tally
from ..module_utils.tally_file import (
    RUN_DIR_VARIABLE,
    TALLY_NAME,
    TALLY_VARIABLE,
    make_folder,
    run_folder,
    write_resume_list,
    write_tally,
)

PLAN = "ent.renfort.wave_plan"
GUARD = "ent.renfort.wave_guard"

CONTROLLER = "localhost"
"""Where it fails, no machine does."""

NAMED = 20
"""Up to so many machines that are left are named in the output, where no file outlives the run."""


class CallbackModule(CallbackBase):
    """Keep the tally of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ent.renfort.waves"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._tally = Tally()
        self._folder: Path | None = None
        self._playbook = ""
        self._item_messages: dict[tuple[str, str], str] = {}

    def v2_playbook_on_start(self, playbook: Any) -> None:
        self._playbook = str(playbook._file_name or "")

    def v2_runner_on_ok(self, result: Any) -> None:
        action = str(result.task.resolved_action or result.task.action)
        if action == PLAN:
            self._tally.plan(result.result["waves"], result.result["follows"])
            self._keep()
        elif action == GUARD:
            self._tally.begin(result.result["tier"], result.result["machines"])
            self._keep()

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Keep what the first failed item says: its loop only tells that there is one."""
        self._item_messages.setdefault(_key(result), _message(result.result))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        message = self._item_messages.pop(_key(result), "") or _message(result.result)
        if str(result.task.resolved_action or result.task.action) == GUARD:
            # What waits behind the guard did not fail: it had no turn.
            self._tally.close()
        elif not ignore_errors and not _rescued(result.task):
            self._fail(result, f"{short(result.task.name or result.task.action)}: {message}")

    def v2_runner_on_unreachable(self, result: Any) -> None:
        if not result.task.ignore_unreachable:
            self._fail(result, f"not reached: {_message(result.result)}")

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ARG002 - its counts know no waves
        ended = self._tally.ended_by_wave()
        self._tally.close()
        if ended:
            self._display.display(ended)
        self._tell()

    def _fail(self, result: Any, reason: str) -> None:
        name = str(result.host.name)
        if name != CONTROLLER:
            self._tally.fail(name, reason)
        if result.task.run_once and self._tally.current:
            # It counts for all: Ansible drops the whole wave.
            for other in self._tally.current[1]:
                self._tally.fail(other, f"with {name}: {reason}")
        if self._folder:
            self._keep()

    def _keep(self) -> None:
        """Write the tally; a run whose tally cannot be written is stopped by the next guard."""
        try:
            if self._folder is None:
                self._folder = self._new_folder()
            write_tally(self._folder, self._tally)
            os.environ[TALLY_VARIABLE] = str(self._folder / TALLY_NAME)
        except RenfortError as error:
            os.environ.pop(TALLY_VARIABLE, None)
            self._display.warning(str(error))

    def _new_folder(self) -> Path:
        stated = self.get_option("directory")
        run = f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        folder = run_folder({**os.environ, **({RUN_DIR_VARIABLE: stated} if stated else {})}, run)
        make_folder(folder)
        atexit.register(self._interrupted, os.getpid())
        return folder

    def _interrupted(self, pid: int) -> None:
        """Tell what is left of a run that came to no end; its workers are other processes."""
        if os.getpid() == pid and self._tally.current:
            self._tell()

    def _tell(self) -> None:
        left = self._tally.left()
        if not left or self._folder is None or context.CLIARGS.get("check"):
            return
        try:
            path = write_resume_list(self._folder, left)
        except RenfortError as error:
            self._display.warning(str(error))
            return
        self._display.display(
            f"{len(left)} of {len(self._tally.machines)} machines are left"
            f"{': ' + ','.join(left) if len(left) <= NAMED else ''}"
        )
        self._display.display(
            f"To go on with them alone: scripts/renfort run site --limit @{path}\n"
            f"or: ansible-playbook playbooks/site.yml --limit @{path}\n"
            "The next full run takes them up as well."
        )


def _key(result: Any) -> tuple[str, str]:
    return str(result.host.name), str(result.task._uuid)


def _message(data: Any) -> str:
    return "hidden by no_log" if "censored" in data else short(data.get("msg"))


def _rescued(task: Any) -> bool:
    """Whether a block around the task goes on after its failure."""
    child, parent = task, task._parent
    while parent is not None:
        inside = any(part._uuid == child._uuid for part in getattr(parent, "block", None) or ())
        if inside and getattr(parent, "rescue", None):
            return True
        child, parent = parent, parent._parent
    return False
