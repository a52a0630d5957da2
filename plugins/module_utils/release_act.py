# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop and remove guests through the API, each call so that an interrupted release can be run again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .core.errors import RenfortError
from .core.machine import OWNER_TAG
from .proxmox import Client
from .proxmox_cluster import Guest, split_tags
from .proxmox_errors import GuestMissingError, OutcomeUnknownError, TaskFailedError

STOPPED = "stopped"


class StillRunningError(RenfortError):
    """A guest did not shut down in time, and stopping it hard was not allowed."""


class ChangedError(RenfortError):
    """A guest is not any more what it was when its release was decided."""


class ProtectedError(RenfortError):
    """Somebody protected a guest from removal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many guests are worked on at once, and how long each thing may take, in seconds."""

    guests: int = 4
    shutdown_s: float = 180.0
    task_s: float = 600.0


class Remover:
    """The hands of the release: each method does one thing to one guest and waits for its end."""

    def __init__(self, client: Client, limits: Limits) -> None:
        self._client = client
        self._limits = limits

    def check(self, guest: Guest) -> bool:
        """Return whether the guest is still there, looked at just before it is touched.

        Raises:
            ChangedError: another guest has its id, or somebody took the tag away.
            ProtectedError: its option ``protection`` is set; it is not stopped for nothing.
        """
        try:
            config = self._client.get(
                f"{_path(guest)}/config", doing=f"read the configuration of guest {guest.vmid}"
            )
        except GuestMissingError:
            return False
        name, tags = str(config.get("name", "")), split_tags(config.get("tags"))
        if OWNER_TAG in tags and name == guest.name and not config.get("template"):
            if int(config.get("protection") or 0):
                raise ProtectedError(
                    f"{_label(guest)} is under protection: it was not stopped and is not removed.",
                    hint="Ask who set its option `protection`, take it off and run again.",
                )
            return True
        raise ChangedError(
            f"The guest {guest.vmid} on {guest.node} was {guest.name} when that was decided. It is left "
            f"alone: it is {name or 'without a name'} now, with the tags {', '.join(tags) or 'none'}.",
            hint="Run again to decide anew.",
        )

    def stop(self, guest: Guest, *, force: bool) -> None:
        """Shut the guest down; with ``force``, stop it hard when it does not obey in time.

        Raises:
            StillRunningError: it did not obey, and must not be forced.
        """
        if self._status(guest) == STOPPED:
            return
        wait_s = int(self._limits.shutdown_s)
        doing = f"shut down {_label(guest)}"
        try:
            self._submit(
                lambda: self._client.post(f"{_path(guest)}/status/shutdown", doing=doing, timeout=wait_s),
                doing,
                timeout_s=wait_s + 30,
            )
        except (TaskFailedError, OutcomeUnknownError) as error:
            # The former may be the task of an interrupted run that was ahead; only the state counts.
            self._client.sleep(2.0)
            if self._status(guest) == STOPPED:
                return
            if not force:
                raise StillRunningError(
                    f"{_label(guest)} did not shut down in {wait_s} s ({error.message}) and is not removed.",
                    hint="Look into the guest, or set renfort_force_stop to stop it hard.",
                ) from error
            doing = f"stop {_label(guest)} hard"
            self._submit(lambda: self._client.post(f"{_path(guest)}/status/stop", doing=doing), doing)

    def destroy(self, guest: Guest) -> None:
        """Remove the guest, its disks and what refers to it; one that is gone already is well done."""
        doing = f"remove {_label(guest)}"

        def attempt() -> Any:
            return self._client.delete(
                _path(guest), doing=doing, **{"purge": 1, "destroy-unreferenced-disks": 1}
            )

        try:
            self._submit(attempt, doing)
        except GuestMissingError:
            return
        except (TaskFailedError, OutcomeUnknownError):
            self._client.sleep(2.0)
            if self._is_there(guest):
                raise

    def _is_there(self, guest: Guest) -> bool:
        try:
            self._client.get(f"{_path(guest)}/config", doing=f"look whether {_label(guest)} is still there")
        except GuestMissingError:
            return False
        return True

    def _status(self, guest: Guest) -> str:
        answer = self._client.get(
            f"{_path(guest)}/status/current", doing=f"read the state of {_label(guest)}"
        )
        return str(answer.get("status", ""))

    def _submit(self, write: Callable[[], Any], doing: str, *, timeout_s: float = 0.0) -> None:
        """Send a call that starts a task and wait for its end, again while a lock is busy."""

        def attempt() -> None:
            upid = write()
            if upid:
                self._client.wait(str(upid), doing=doing, timeout_s=timeout_s or self._limits.task_s)

        self._client.retry_lock(attempt)


def _path(guest: Guest) -> str:
    return f"nodes/{guest.node}/qemu/{guest.vmid}"


def _label(guest: Guest) -> str:
    return f"{guest.name} ({guest.vmid}) on {guest.node}"
