# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin adapter of the journal: what Ansible says of a run, as events."""

from __future__ import annotations

DOCUMENTATION = r"""
name: journal
type: notification
short_description: Keep a journal of every run
version_added: 0.1.0
author: Renfort contributors
description:
  - Adds to a local file who ran which playbook on what and when, with which plan, what it changed, what
    failed or was not reached, and how it ended. One line of JSON an event; the file is only added to.
  - Extra variables are named, their values are not kept; nothing of a task with C(no_log) but that it changed
    or failed.
  - A run that is stopped says so; one that is killed has a start and no end in the journal.
  - A journal that cannot be written is said once; the run goes on.
  - C(scripts/renfort journal) reads it.
requirements:
  - to be named in C(callbacks_enabled) of the section C(defaults) of ansible.cfg
options:
  path:
    description:
      - The file. Empty switches the journal off.
      - By default C(renfort/journal.jsonl) in C($XDG_STATE_HOME), or in C(~/.local/state) without it.
    type: str
    env:
      - name: RENFORT_JOURNAL
  max_mib:
    description:
      - A file that is larger, in MiB, when a run begins is set aside with the ending C(.1), in place of the
        one that was set aside before.
    type: int
    default: 64
    env:
      - name: RENFORT_JOURNAL_MAX_MIB
  plan_file:
    description:
      - The plan whose digest is kept. By default that of the inventory, C(group_vars/all/fleet.yml), or
        the extra variable C(renfort_plan_file).
    type: str
    default: ''
    env:
      - name: RENFORT_PLAN_FILE
"""

import atexit
import os
import secrets
import socket
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import context
from ansible.plugins.callback import CallbackBase
from ansible.utils.vars import load_extra_vars

from ..module_utils.core.errors import RenfortError
from ..module_utils.core.journal import (
    CHANGED,
    FAILED,
    OK,
    STOPPED,
    UNREACHABLE,
    End,
    Event,
    ObjectChange,
    Start,
    TaskEnd,
    record_of,
    short,
)
from ..module_utils.journal_facts import commit_of, plan_file, process_start, sha256_of, user_name
from ..module_utils.journal_file import JournalFile, journal_path

OURS = "ent.renfort."
"""How the actions begin whose results tell, under C(actions), what they changed."""

HIDDEN = "hidden by no_log"


class CallbackModule(CallbackBase):
    """Write one event after the other; a failure to do so is said once and ends the journal of the run."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "ent.renfort.journal"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._run = ""
        self._began = 0.0
        self._plan: Path | None = None
        self._file: JournalFile | None = None
        self._counted: dict[str, int] = {}
        self._starts: dict[tuple[str, str], float] = {}
        self._item_messages: dict[tuple[str, str], str] = {}

    def v2_playbook_on_start(self, playbook: Any) -> None:
        stated = self.get_option("path")
        path = journal_path(os.environ if stated is None else {"RENFORT_JOURNAL": stated})
        if path is None:
            self.disabled = True
            return
        self._file = self._file or JournalFile(path, max_mib=self.get_option("max_mib"))
        now = datetime.now(UTC)
        self._run = f"{now:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        self._began = time.monotonic()
        self._add(self._start_of(playbook))
        atexit.register(self._stopped, os.getpid())

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        self._starts[str(host.name), task._uuid] = time.monotonic()

    def v2_runner_on_ok(self, result: Any) -> None:
        if result.is_changed():
            self._task_ended(result, CHANGED)
        else:
            self._seconds_of(result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        self._seconds_of(result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        self._task_ended(result, FAILED, ignored=bool(ignore_errors))

    def v2_runner_item_on_failed(self, result: Any) -> None:
        """Keep what the first failed item says: its loop only tells that there is one."""
        self._item_messages.setdefault(_key(result), _message(result.result))

    def v2_runner_on_unreachable(self, result: Any) -> None:
        self._task_ended(result, UNREACHABLE, ignored=bool(result.task.ignore_unreachable))

    def v2_playbook_on_stats(self, stats: Any) -> None:
        if not self._run:
            return
        counts = self._new_counts(stats)
        good = not counts["failures"] and not counts["dark"]
        self._add(
            End(
                result=OK if good else FAILED,
                seconds=round(time.monotonic() - self._began, 1),
                hosts=len(stats.processed),
                ok=counts["ok"],
                changed=counts["changed"],
                failed=counts["failures"],
                unreachable=counts["dark"],
                plan_sha256=sha256_of(self._plan),
            )
        )
        self._run = ""

    def _stopped(self, pid: int) -> None:
        """Say at the end of the process that its run came to none; workers of the run are others."""
        if self._run and os.getpid() == pid:
            self._add(End(result=STOPPED, seconds=round(time.monotonic() - self._began, 1)))

    def _start_of(self, playbook: Any) -> Start:
        arguments, environment = context.CLIARGS, os.environ
        extra = load_extra_vars(playbook._loader)
        inventories = [str(source) for source in arguments.get("inventory") or ()]
        stated = str(self.get_option("plan_file") or extra.get("renfort_plan_file") or "")
        self._plan = plan_file(inventories, "" if "{{" in stated else stated)
        return Start(
            playbook=str(playbook._file_name or ""),
            inventory=tuple(inventories),
            user=user_name(environment),
            controller=socket.gethostname(),
            awx_job=str(extra.get("awx_job_id") or environment.get("JOB_ID") or ""),
            awx_user=str(extra.get("awx_user_name") or ""),
            check=bool(arguments.get("check")),
            limit=str(arguments.get("subset") or ""),
            tags=tuple(str(tag) for tag in arguments.get("tags") or () if tag != "all"),
            skip_tags=tuple(str(tag) for tag in arguments.get("skip_tags") or ()),
            extra_vars=tuple(sorted(str(name) for name in extra)),
            commit=commit_of(Path(playbook._basedir or "."), environment),
            plan=str(self._plan.resolve()) if self._plan else "",
            plan_sha256=sha256_of(self._plan),
            pid=os.getpid(),
            pid_start=process_start(os.getpid()),
        )

    def _task_ended(self, result: Any, how: str, *, ignored: bool = False) -> None:
        task, host = result.task, result.host.name
        ours = str(task.resolved_action or task.action).startswith(OURS)
        # Ansible makes the data anew for each callback: most changes are told without them.
        data = result.result if ours or how != CHANGED else {}
        name = short(task.name or task.action)
        message = self._item_messages.pop(_key(result), "") or _message(data)
        self._add(
            TaskEnd(
                host=host,
                task=name,
                role=task._role.get_name() if task._role else "",
                result=how,
                ignored=ignored,
                seconds=self._seconds_of(result),
                message="" if how == CHANGED else message,
            )
        )
        if ours:
            self._objects(host, name, data)

    def _objects(self, host: str, task: str, data: Any) -> None:
        """Write one line for each thing that a module of ours says it changed, such as a guest."""
        failed = data.get("failures") or ()
        for item in data.get("actions") or ():
            thing = str(item.get("guest") or item.get("object") or "")
            self._add(
                ObjectChange(
                    host=host,
                    task=task,
                    object=thing,
                    action=str(item.get("action", "")),
                    result=FAILED if thing in failed else CHANGED,
                    reason=short(item.get("reason")),
                )
            )

    def _seconds_of(self, result: Any) -> float:
        now = time.monotonic()
        return round(now - self._starts.pop(_key(result), now), 2)

    def _new_counts(self, stats: Any) -> dict[str, int]:
        """Return what this playbook adds to the counts, which go on from one playbook to the next."""
        kinds = ("ok", "changed", "failures", "dark")
        totals = {kind: sum(getattr(stats, kind).values()) for kind in kinds}
        counts = {kind: totals[kind] - self._counted.get(kind, 0) for kind in kinds}
        self._counted = totals
        return counts

    def _add(self, event: Event) -> None:
        if self._file is None or self.disabled:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            self._file.append(record_of(event, run=self._run, at=at))
        except RenfortError as error:
            self.disabled = True
            self._display.warning(f"{error} This run goes on without it.")


def _key(result: Any) -> tuple[str, str]:
    return str(result.host.name), str(result.task._uuid)


def _message(data: Any) -> str:
    return HIDDEN if "censored" in data else short(data.get("msg"))
