# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client of the Proxmox VE API: calls, tasks, and every failure as one of our exceptions."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from .core.errors import RenfortError
from .network_reason import root_reason
from .proxmox_errors import (
    AuthError,
    LockBusyError,
    OutcomeUnknownError,
    ProxmoxError,
    TaskFailedError,
    TlsError,
    UnreachableError,
    from_answer,
    from_text,
)
from .proxmox_options import ApiSettings
from .proxmox_tasks import TaskWatch

try:
    import requests
    from proxmoxer import ProxmoxAPI
    from proxmoxer.core import AuthenticationError, ResourceException
except ImportError as error:  # pragma: no cover - depends on the installation
    raise ImportError(
        f"{error}. Install the packages of requirements.txt for the Python that runs Ansible."
    ) from error

_connect: Callable[..., Any] = ProxmoxAPI

LOCK_TRIES = 8
"""How often a write is tried when a lock is busy: with the pauses, for about a minute."""

LOG_LINES = 3
"""How many lines of a failed task's log are shown."""

T = TypeVar("T")


class Client:
    """The API, for several threads: each has a connection of its own.

    Every method takes ``doing``, what is being attempted and on what, in words which complete
    "Could not …"; it is the start of the message when the call fails.

    Attributes:
        reads: how many reading calls were sent.
        writes: how many writing calls were sent.
    """

    def __init__(
        self,
        settings: ApiSettings,
        *,
        read_only: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.settings = settings
        self.reads = 0
        self.writes = 0
        self._read_only = read_only
        self.sleep = sleep
        self._tasks = TaskWatch(self, sleep)
        self._local = threading.local()
        self._lock = threading.Lock()

    def get(self, path: str, *, doing: str, **params: Any) -> Any:
        """Read; a connection that was cut is tried once more, since a read is harmless."""
        with self._lock:
            self.reads += 1
        try:
            return self._call("get", path, params, doing)
        except UnreachableError:
            self.sleep(0.5)
            return self._call("get", path, params, doing)

    def post(self, path: str, *, doing: str, **data: Any) -> Any:
        """Write with POST and return the answer's data, often a task's UPID."""
        return self._write("post", path, data, doing)

    def put(self, path: str, /, *, doing: str, **data: Any) -> Any:
        """Write with PUT and return the answer's data."""
        return self._write("put", path, data, doing)

    def delete(self, path: str, *, doing: str, **params: Any) -> Any:
        """Write with DELETE, its parameters in the query, and return the answer's data."""
        return self._write("delete", path, params, doing)

    def wait(self, upid: str, *, doing: str, timeout_s: float) -> None:
        """Wait for the end of a task; however many threads do, one call at a time asks for all of them.

        Raises:
            TaskFailedError: it ended with an error (or the more precise exception that its text stands for).
            TaskTimeoutError: it had not ended after ``timeout_s`` seconds.
        """
        end = self._tasks.wait(upid, doing=doing, timeout_s=timeout_s)
        if end != "OK" and not end.startswith("WARNINGS"):
            raise self._task_error(upid, end or "the task ended without a status", doing)

    def _task_error(self, upid: str, end: str, doing: str) -> ProxmoxError:
        """The exception of a failed task: where its end says too little, with the last lines of its log."""
        error = from_text(doing=doing, text=end, default=TaskFailedError)
        if type(error) is not TaskFailedError:
            return error
        node = upid.split(":")[1]
        rows = self.get(f"nodes/{node}/tasks/{upid}/log", doing=f"{doing} (read its log)", limit=500)
        lines = [str(row.get("t", "")).strip() for row in rows]
        told = [line for line in lines if line and end not in line and line != "no content"][-LOG_LINES:]
        text = f"{end} ({' | '.join(told)})" if told else end
        return from_text(doing=doing, text=text, default=TaskFailedError)

    def retry_lock(self, attempt: Callable[[], T]) -> T:
        """Return what ``attempt`` returns; try again, after pauses of random length, while a lock is busy."""
        for number in range(1, LOCK_TRIES):
            try:
                return attempt()
            except LockBusyError:
                self.sleep(random.uniform(0.5, 1.5) * number)
        return attempt()

    def _write(self, verb: str, path: str, data: dict[str, Any], doing: str) -> Any:
        if self._read_only:
            raise RenfortError(f"Could not {doing}: this is a dry run and the call would write.")
        with self._lock:
            self.writes += 1
        return self._call(verb, path, data, doing)

    def _api(self) -> Any:
        api = getattr(self._local, "api", None)
        if api is None:
            # verify goes with every request: set on the session only, an environment variable such
            # as REQUESTS_CA_BUNDLE would silently take its place.
            api = _connect(
                self.settings.host,
                port=self.settings.port,
                user=self.settings.user,
                **self._credentials(),
                verify_ssl=self.settings.ca_file or True,
                timeout=self.settings.timeout_s,
            )
            self._local.api = api
        return api

    def _credentials(self) -> dict[str, str]:
        """What the library takes: a password, which it turns into a ticket at once, or a token."""
        if self.settings.password:
            return {"password": self.settings.password}
        return {"token_name": self.settings.token_id, "token_value": self.settings.token_secret}

    def _call(self, verb: str, path: str, fields: dict[str, Any], doing: str) -> Any:
        where = self.settings.where
        try:
            return getattr(self._api()(path), verb)(**fields)
        except ResourceException as error:
            raise from_answer(
                doing=doing,
                status=int(error.status_code),
                text=str(error.content or ""),
                errors=error.errors,
                where=where,
            ) from error
        except AuthenticationError as error:
            raise AuthError(
                f"Could not {doing}: {where} refuses the password of {self.settings.user}.",
                hint="Check the user with its realm, such as root@pam, and the password.",
            ) from error
        except requests.exceptions.SSLError as error:
            raise self._tls(error, doing) from error
        except requests.exceptions.ConnectTimeout as error:
            raise UnreachableError(
                f"Could not {doing}: {where} did not accept a connection in {self.settings.timeout_s:.0f} s.",
                hint="Check api_host, api_port and the firewalls on the way.",
            ) from error
        except requests.exceptions.Timeout as error:
            raise OutcomeUnknownError(
                f"Could not {doing}: {where} did not answer in {self.settings.timeout_s:.0f} s.",
                hint="Run again: what took effect meanwhile is left as it is. Raise timeout if it goes on.",
            ) from error
        except requests.exceptions.ConnectionError as error:
            raise self._cut(error, verb, doing) from error
        except requests.exceptions.RequestException as error:
            raise ProxmoxError(f"Could not {doing}: asking {where} failed: {root_reason(error)}.") from error

    def _tls(self, error: Exception, doing: str) -> TlsError:
        reason = root_reason(error)
        hint = "Set ca_file (or RENFORT_PVE_CA_FILE) to the authority that signed it."
        if "mismatch" in reason:
            hint = "Set api_host to a name or address that the certificate is made for."
        return TlsError(
            f"Could not {doing}: the certificate of {self.settings.where} does not verify: {reason}.",
            hint=hint,
        )

    def _cut(self, error: Exception, verb: str, doing: str) -> ProxmoxError:
        where, root = self.settings.where, root_reason(error)
        if verb != "get" and not _never_sent(error):
            return OutcomeUnknownError(
                f"Could not {doing}: the connection to {where} was cut before the answer came: {root}.",
                hint="Run again: what took effect is left as it is.",
            )
        return UnreachableError(
            f"Could not {doing}: {where} cannot be reached: {root}.",
            hint="Check that it runs, api_host and api_port; for the lab: `make lab-up`.",
        )


def _never_sent(error: BaseException) -> bool:
    return "NewConnectionError" in repr(error) or "NameResolutionError" in repr(error)
