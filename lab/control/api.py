# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab's own small client of the API it has started."""

from __future__ import annotations

import ssl
import time
from typing import Any

import httpx

from ..errors import LabError
from .state import State

API_PORT = 8006
ADMIN_PORT = 8007
TASK_SECONDS = 120.0
RETRY_SECONDS = 60.0
BUSY = ("can't lock file", "got timeout", "is locked")
"""How the cluster says that something else works on the same thing; it is asked again."""


class Api:
    """Calls with the operators' token."""

    def __init__(self, state: State) -> None:
        token = state.token.read_text(encoding="utf-8").strip()
        self._http = httpx.Client(
            base_url=f"https://127.0.0.1:{API_PORT}/api2/json",
            verify=ssl.create_default_context(cafile=str(state.ca)),
            headers={"Authorization": f"PVEAPIToken=renfort@pve!ops={token}"},
            timeout=60.0,
            trust_env=False,
        )

    def call(self, verb: str, path: str, /, **parameters: Any) -> Any:
        """The data of the answer.

        Raises:
            LabError: the API refuses or does not answer.
        """
        response = self._send(verb, path, parameters)
        if response.is_success:
            return response.json()["data"]
        raise LabError(f"{verb} {path} was refused: {_reason(response)}")

    def task(self, verb: str, path: str, /, **parameters: Any) -> None:
        """A call that starts a task, waited for; a busy cluster is asked again for a while."""
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                self._wait(self.call(verb, path, **parameters))
                return
            except LabError as error:
                if time.monotonic() > deadline or not any(text in error.message for text in BUSY):
                    raise
                time.sleep(1.0)

    def _wait(self, upid: str) -> None:
        node = upid.split(":")[1]
        deadline = time.monotonic() + TASK_SECONDS
        while time.monotonic() < deadline:
            status = self.call("GET", f"/nodes/{node}/tasks/{upid}/status")
            if status["status"] == "stopped":
                if status["exitstatus"] != "OK":
                    raise LabError(f"The task {upid} ended with: {status['exitstatus']}")
                return
            time.sleep(0.2)
        raise LabError(f"The task {upid} has not ended after {TASK_SECONDS:.0f} s.")

    def _send(self, verb: str, path: str, parameters: dict[str, Any]) -> httpx.Response:
        carried = {"params": parameters} if verb in ("GET", "DELETE") else {"data": parameters}
        try:
            return self._http.request(verb, path, **carried)  # type: ignore[arg-type]  # one of two keywords
        except httpx.HTTPError as error:
            raise LabError(
                f"{verb} {path}: the lab's API does not answer: {error}.",
                hint="`scripts/lab.py status` says what runs, `scripts/lab.py logs` why.",
            ) from error


def _reason(response: httpx.Response) -> str:
    try:
        body = response.json()
    except ValueError:
        body = {}
    errors = body.get("errors") if isinstance(body, dict) else None
    return f"{response.status_code} {response.reason_phrase}" + (f" {errors}" if errors else "")


def admin(verb: str, path: str, **options: Any) -> Any:
    """A call to the emulator's administrative port.

    Raises:
        LabError: it does not answer, or refuses.
    """
    try:
        response = httpx.request(
            verb, f"http://127.0.0.1:{ADMIN_PORT}{path}", timeout=10.0, trust_env=False, **options
        )
    except httpx.HTTPError as error:
        raise LabError("The lab does not run.", hint="Start it with `scripts/lab.py up`.") from error
    if not response.is_success:
        raise LabError(f"The lab refused {verb} {path}: {response.text.strip()}")
    return response.json() if response.content else None
