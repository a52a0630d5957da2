# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for a template's first boot, proves that the agent answers, and has the guest forget who it was."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from .core.template import TemplateError
from .proxmox import Client
from .proxmox_errors import AgentSilentError, FileMissingError
from .template_seed import FORGET, FORGOT, START_OVER

RESULT = "/run/cloud-init/result.json"
"""Where cloud-init writes, at its end, what went wrong."""

LOOK_S = 2.0
"""Seconds between two looks at the guest."""

TELL_S = 30.0
"""Seconds between two words to whoever waits."""

SCRIPT_S = 300.0
"""How long a script in the guest may take, in seconds."""


class FirstBootError(TemplateError):
    """The first boot went wrong and must begin anew; the guest still runs."""


class FirstBootWatch:
    """One first boot of the guest at an API path, for at most ``patience_s`` seconds."""

    def __init__(
        self, client: Client, guest: str, who: str, tell: Callable[[str], None], patience_s: float
    ) -> None:
        self._client = client
        self._guest = guest
        self._who = who
        self._tell = tell
        self._patience_s = patience_s

    def wait_and_forget(self) -> None:
        """Return when cloud-init ended well, the agent answered, and all traces of the boot are gone.

        Raises:
            FirstBootError: cloud-init reports errors.
            TemplateError: the guest gave up, or the time is up.
        """
        result = self._result()
        if not result:
            return
        self._check(result)
        self._tell(f"{self._who}: the agent answers; the guest forgets who it was")
        self._execute(FORGET, f"have {self._who} forget who it was")

    def _result(self) -> str:
        """What cloud-init wrote at its end; empty where an earlier run had the guest forget it already."""
        started = time.monotonic()
        told = started
        while True:
            try:
                return self._read(RESULT)
            except (AgentSilentError, FileMissingError) as error:
                agent = isinstance(error, FileMissingError)
                if agent and self._has_forgotten():
                    return ""
                self._check_running()
                now = time.monotonic()
                if now - started > self._patience_s:
                    raise self._late(agent) from error
                if now - told > TELL_S:
                    told = now
                    what = "cloud-init is at work" if agent else "no agent yet"
                    self._tell(f"{self._who}: first boot, {now - started:.0f} s so far: {what}")
                self._client.sleep(LOOK_S)

    def _read(self, file: str) -> str:
        doing = f"ask {self._who} about its first boot"
        return str(self._client.get(f"{self._guest}/agent/file-read", doing=doing, file=file)["content"])

    def _has_forgotten(self) -> bool:
        try:
            return bool(self._read(FORGOT).strip())
        except (AgentSilentError, FileMissingError):
            return False

    def _check_running(self) -> None:
        status = self._client.get(f"{self._guest}/status/current", doing=f"see whether {self._who} runs")
        if status["status"] == "stopped":
            raise TemplateError(
                f"The first boot of {self._who} ended without the guest agent: it could not be installed.",
                hint="Does the bridge have DHCP (or set address), name servers and a way to a Debian mirror "
                "(or set apt_mirror)? Then run again.",
            )

    def _late(self, agent: bool) -> TemplateError:
        what = "cloud-init has not ended" if agent else "the guest agent does not answer"
        return TemplateError(
            f"The first boot of {self._who} takes longer than {self._patience_s:.0f} s: {what}.",
            hint="Look at its serial console (qm terminal). The next run waits on, for as long as wait says.",
        )

    def _check(self, text: str) -> None:
        try:
            errors = list(json.loads(text)["v1"]["errors"])
        except (ValueError, KeyError, TypeError) as error:
            raise TemplateError(
                f"What cloud-init in {self._who} wrote to {RESULT} cannot be read."
            ) from error
        if errors:
            self._execute(START_OVER, f"have {self._who} start over at its next boot")
            told = "; ".join(map(str, errors))
            raise FirstBootError(
                f"The first boot of {self._who} ended with errors of cloud-init: {told}.",
                hint="It is switched off: the next run begins with the first boot again.",
            )

    def _execute(self, script: str, doing: str) -> None:
        command = ["/bin/sh", "-c", script]
        started = self._client.post(f"{self._guest}/agent/exec", doing=doing, command=command)
        ended = self._end_of(int(started["pid"]), doing)
        if int(ended.get("exitcode", -1)) != 0:
            said = str(ended.get("err-data") or ended.get("out-data") or "it said nothing").strip()
            raise TemplateError(f"Could not {doing}: {said.splitlines()[-1]}.", hint="Run again.")

    def _end_of(self, pid: int, doing: str) -> dict[str, Any]:
        deadline = time.monotonic() + SCRIPT_S
        while time.monotonic() < deadline:
            status: dict[str, Any] = self._client.get(
                f"{self._guest}/agent/exec-status", doing=doing, pid=pid
            )
            if int(status.get("exited", 0)):
                return status
            self._client.sleep(0.5)
        raise TemplateError(f"Could not {doing}: it takes longer than {SCRIPT_S:.0f} s.", hint="Run again.")
