# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From power to enrolment: a server answers over ssh, is the planned one, and its host key is pinned.

Nothing is trusted that was not known before: the host key must be the one that the plan states, or that an
operator compared on the console. A key that was pinned and is another one now is always refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from .core.server_use import ServerState, ServerUse
from .hostkeys import KnownHosts
from .plan_states import Outcome, Step, chosen, each, note_state, now
from .ssh_host import (
    Identity,
    SshSilentError,
    Target,
    UnknownKeyError,
    WrongKeyError,
    WrongMachineError,
    fingerprint,
    identify,
    matching,
    scan,
)

ENROL, PIN = "enrol", "pin its host key"
POLL_S = 3.0
"""Seconds between two looks at a server that does not answer yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Which servers of which plan are to be enrolled, and how they are logged in to.

    ``names`` is empty for all of them. ``accepted`` maps a server to the fingerprint that an operator
    compared. ``wait_s`` is how long ssh is waited for, in seconds.
    """

    plan_file: Path
    known_hosts_file: Path
    names: Collection[str] = ()
    accepted: Mapping[str, str] = field(default_factory=dict)
    user: str = "ops"
    private_key_file: str = ""
    port: int = 22
    workers: int = 16
    wait_s: float = 1800.0
    dry_run: bool = False


class ServerEnrol:
    """One run.

    Args:
        request: what is to be done.
        tell: receives a line when something begins to be waited for, or was done.
        clock: the time as plans write it.
    """

    def __init__(self, request: Request, tell: Callable[[str], None], clock: Callable[[], str] = now) -> None:
        self._request = request
        self._tell = tell
        self._clock = clock
        self._known = KnownHosts(request.known_hosts_file)

    def run(self) -> Outcome:
        """Enrol every server that is on, and pin here the keys of those that others enrolled.

        Raises:
            InputError: the plan cannot be read, or has no server of a name.
        """
        chosen(self._request.plan_file, tuple(self._request.accepted))
        servers = chosen(self._request.plan_file, self._request.names)
        return each(servers, self._one, workers=self._request.workers, tell=self._tell)

    def _one(self, use: ServerUse) -> Step:
        target = self._target(use)
        pinned = self._known.keys(target.known_as) if use.ip else ()
        step = _left_alone(use, pinned)
        if step is not None:
            return step
        try:
            keys = self._keys(use, target)
        except SshSilentError as error:
            by_hand = use.state is ServerState.RACKED
            if not (by_hand or self._request.dry_run):
                raise
            whom = "somebody who switches it on: it has no bmc" if by_hand else "its installation"
            return _step(use, error.message.rstrip("."), waits_for=whom)
        _refuse_changed(use, target, keys, pinned, self._request.known_hosts_file)
        key = _trusted(use, target, keys, pinned, self._request.accepted.get(use.name, ""))
        _refuse_another(use, target, identify(target, key))
        return self._enrolled(use, target, key)

    def _enrolled(self, use: ServerUse, target: Target, key: str) -> Step:
        reached = use.state.rank >= ServerState.ENROLLED.rank
        step = _step(use, f"answers at {target.known_as} with the host key {fingerprint(key)}")
        step = replace(step, action=PIN if reached else ENROL)
        if not reached:
            step = replace(step, state=ServerState.ENROLLED, since=self._clock())
        if self._request.dry_run:
            return step
        # First the key: a run that is cut off here finds it pinned, and only notes the state.
        if key not in self._known.keys(target.known_as):
            self._known.record(target.known_as, key)
        note_state(self._request.plan_file, use.name, ServerState.ENROLLED, since=step.since)
        self._tell(f"{use.name}: {step.action}: {step.reason}")
        return step

    def _target(self, use: ServerUse) -> Target:
        return Target(
            address=use.ip,
            port=self._request.port,
            user=self._request.user,
            private_key_file=self._request.private_key_file,
        )

    def _keys(self, use: ServerUse, target: Target) -> tuple[str, ...]:
        patient = use.state is not ServerState.RACKED and not self._request.dry_run
        end = time.monotonic() + (self._request.wait_s if patient else 0.0)
        told = False
        while True:
            try:
                return scan(target)
            except SshSilentError:
                if time.monotonic() >= end:
                    raise
                if not told:
                    self._tell(
                        f"{use.name}: waits for ssh at {target.known_as}, up to {self._request.wait_s:g} s"
                    )
                    told = True
                time.sleep(min(POLL_S, max(0.1, end - time.monotonic())))


def _left_alone(use: ServerUse, pinned: Collection[str]) -> Step | None:
    if use.state.rank >= ServerState.ENROLLED.rank and pinned:
        return _step(use, f"is {use.state.words} since {use.since}")
    if use.state is ServerState.RACKED and use.origin:
        return _step(use, f"comes with {use.origin}", waits_for=f"the delivery {use.origin}, and its racking")
    if use.state is ServerState.RACKED and use.bmc:
        return _step(use, "was not switched on for this plan", waits_for="power: ent.renfort.server_power")
    if not use.ip:
        return _step(
            use,
            "the plan has no address for it",
            waits_for="its address among the servers of the stock, and a new plan",
        )
    return None


def _refuse_changed(
    use: ServerUse, target: Target, keys: Collection[str], pinned: Collection[str], file: Path
) -> None:
    if not pinned or set(keys) & set(pinned):
        return
    raise WrongKeyError(
        f"The host key of {use.name} at {target.known_as} is not the one that was pinned: it shows "
        f"{_shown(keys)}, and {_shown(pinned)} was pinned.",
        hint="Refused, whatever was accepted. If it was installed again, or another machine had this address "
        f"before, remove the old key first: ssh-keygen -f {file} -R '{target.known_as}'.",
    )


def _trusted(
    use: ServerUse, target: Target, keys: Collection[str], pinned: Collection[str], accepted: str
) -> str:
    """Return the key that may be trusted; see the head of this file for which one that is."""
    if pinned and not use.host_key:
        return next(key for key in keys if key in pinned)
    expected = use.host_key or accepted
    if not expected:
        raise UnknownKeyError(
            f"Nobody said which host key {use.name} has; {target.known_as} shows {_shown(keys)}.",
            hint="Compare it on the server's console (ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub), "
            f'then run with -e \'{{"renfort_accept_host_keys": {{"{use.name}": "SHA256:…"}}}}\'.',
        )
    found = matching(keys, expected)
    if not found:
        whose = "the plan states" if use.host_key else "was accepted"
        raise WrongKeyError(
            f"{target.known_as} does not have the host key of {use.name}: it shows {_shown(keys)}, and "
            f"{whose} {fingerprint(expected) or expected}.",
            hint="It may be another machine that has this address. Look at its console before anything else.",
        )
    return found


def _shown(keys: Iterable[str]) -> str:
    return ", ".join(f"{key.split()[0]} {fingerprint(key)}" for key in keys)


def _refuse_another(use: ServerUse, target: Target, found: Identity) -> None:
    wrong = ""
    if use.serial and not found.serial:
        wrong = f"does not tell its serial number to {target.user}"
    elif use.serial and found.serial.casefold() != use.serial.casefold():
        wrong = f"has the serial number {found.serial}, and the plan says {use.serial}"
    elif use.mac and use.mac not in found.macs:
        wrong = f"has the interfaces {', '.join(sorted(found.macs))}, and the plan says {use.mac}"
    elif not (use.serial or use.mac) and found.hostname.partition(".")[0] not in (use.name, use.machine):
        wrong = f"calls itself {found.hostname}"
    if wrong:
        raise WrongMachineError(
            f"The machine at {target.known_as} is not known to be {use.name}: it {wrong}.",
            hint="Correct its serial or mac in the stock and plan again, or the machine's address. Reading a "
            "serial number needs sudo without a password.",
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
