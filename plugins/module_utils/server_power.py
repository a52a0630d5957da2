# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the shelf to power: each planned server is told to boot from the network once, and switched on.

The plan notes that a server was powered after its next boot is set and before it is switched on. A run that
is killed in between finds it noted and still off, and switches it on; a server that is on without such a
note was switched on by somebody else, and is left alone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from .core.server_use import ServerState, ServerUse
from .plan_states import Outcome, Step, chosen, each, note_state, now
from .redfish import POLL_S, Bmc, Reading
from .redfish_errors import RedfishError
from .redfish_options import BmcSettings

SWITCH_ON = "switch on"
RESTART = "restart"
ACCEPT = "accept as it runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which servers of which plan are to be switched on.

    ``names`` is empty for all of them. A server that runs already is left as it is and told, unless it is
    among ``accept_running``, or ``allow_restart`` says that it may be restarted into the network.
    ``wait_s`` is how long one may take to show that it is on; ``settle_s`` is how long one that was told to
    before, and shows that it is off, is looked at before it is told to again.
    """

    plan_file: Path
    names: Collection[str] = ()
    accept_running: Collection[str] = ()
    allow_restart: bool = False
    workers: int = 8
    wait_s: float = 120.0
    settle_s: float = 20.0
    dry_run: bool = False


class ServerPower:
    """One run.

    Args:
        settings: returns how to log in to the BMCs; called when one is to be asked.
        request: what is to be done.
        tell: receives a line when something was done with a server.
        clock: the time as plans write it.
    """

    def __init__(
        self,
        settings: Callable[[], BmcSettings],
        request: Request,
        tell: Callable[[str], None],
        clock: Callable[[], str] = now,
    ) -> None:
        self._settings = settings
        self._request = request
        self._tell = tell
        self._clock = clock

    def run(self) -> Outcome:
        """Read the power of every server that is on its way, and switch on those that are off.

        Raises:
            InputError: the plan cannot be read, or has no server of a name.
            BmcOptionsError: a BMC is to be asked, and how to log in is not said.
        """
        chosen(self._request.plan_file, self._request.accept_running)
        servers = chosen(self._request.plan_file, self._request.names)
        alone = {use.name: step for use in servers if (step := _left_alone(use)) is not None}
        settings = self._settings() if len(alone) < len(servers) else None

        def one(use: ServerUse) -> Step:
            return alone[use.name] if settings is None or use.name in alone else self._one(use, settings)

        return each(servers, one, workers=self._request.workers, tell=self._tell)

    def _one(self, use: ServerUse, settings: BmcSettings) -> Step:
        bmc = Bmc(use.name, use.access, settings)
        reading = self._settled(use, bmc)
        _refuse_another(use, reading)
        step = self._decided(use, reading)
        if step.action and not self._request.dry_run:
            return self._act(use, bmc, step)
        return step

    def _settled(self, use: ServerUse, bmc: Bmc) -> Reading:
        """The power of a server once it no longer changes.

        A run may have been killed between the button and its effect. Pressed again, the button would do
        nothing, but the boot source that was set again would last until the restart that ends the
        installation, which would begin anew.
        """
        end = time.monotonic() + self._request.settle_s
        reading = bmc.read()
        while use.state is ServerState.POWERED and not reading.on and time.monotonic() < end:
            time.sleep(POLL_S)
            reading = bmc.read()
        return reading

    def _decided(self, use: ServerUse, reading: Reading) -> Step:
        powered = replace(_step(use, ""), state=ServerState.POWERED, since=use.since or self._clock())
        if not reading.on:
            told = use.state is ServerState.POWERED
            why = "was told to before, and is off" if told else f"is off; becomes {use.becomes}"
            return replace(powered, action=SWITCH_ON, reason=why)
        if use.state is ServerState.POWERED:
            return _step(use, f"is on since {use.since}", waits_for="its installation, then enrolment")
        if use.name in self._request.accept_running:
            return replace(powered, action=ACCEPT, reason="is on already, and was accepted as it runs")
        if self._request.allow_restart:
            why = "is on already, and restarts are allowed"
            return replace(powered, action=RESTART, reason=why)
        return _step(
            use,
            "is on already, though nobody switched it on for this plan: left as it is",
            waits_for=f"allow_restart, to install it from the network, or accept_running: [{use.name}]",
        )

    def _act(self, use: ServerUse, bmc: Bmc, step: Step) -> Step:
        if step.action != ACCEPT:
            bmc.boot_from_network_once()
        first = note_state(self._request.plan_file, use.name, ServerState.POWERED, since=step.since)
        if not first and use.state is ServerState.RACKED:
            return replace(step, action="", reason="another run switched it on meanwhile")
        if step.action == SWITCH_ON:
            bmc.switch_on(wait_s=self._request.wait_s)
        elif step.action == RESTART:
            bmc.restart(wait_s=self._request.wait_s)
        self._tell(f"{use.name}: {step.action}: {step.reason}")
        return step


def _left_alone(use: ServerUse) -> Step | None:
    if use.state.rank > ServerState.POWERED.rank:
        return _step(use, f"is {use.state.words} since {use.since}")
    if use.origin:
        return _step(use, f"comes with {use.origin}", waits_for=f"the delivery {use.origin}, and its racking")
    if not use.bmc:
        return _step(
            use,
            "the plan has no bmc for it",
            waits_for="somebody who switches it on, or its bmc in the stock and a new plan",
        )
    return None


def _refuse_another(use: ServerUse, reading: Reading) -> None:
    if use.serial and reading.serial and reading.serial.casefold() != use.serial.casefold():
        raise RedfishError(
            f"Refused to touch {use.name}: the server behind {use.bmc} has the serial number "
            f"{reading.serial}, and the plan says {use.serial}.",
            hint="One of both is wrong in the stock, or two cables of the management network are swapped.",
        )


def _step(use: ServerUse, reason: str, *, waits_for: str = "") -> Step:
    return Step(
        server=use.name,
        reason=reason,
        waits_for=waits_for,
        before=use.state,
        state=use.state,
        since=use.since,
    )
