# Copyright: Renfort contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release machines: decide, then stop and remove each guest, and free what the plan held for it."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from .core.errors import RenfortError
from .core.model import Inputs
from .core.names import TIERS
from .core.plan import Plan
from .core.sizing import size
from .hostkeys import KnownHosts
from .inputs import dump_plan, load_inputs, load_plan, plan_lock, write_plan
from .proxmox import Client
from .proxmox_cluster import ClusterView, read_settled_cluster
from .release_act import Limits, Remover
from .release_decide import Fleet, Release, ReleaseError, Target, Wanted, decide_release
from .release_minimum import groups_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for, where the inputs, plan and host keys are, and what is allowed."""

    wanted: Wanted
    inputs_dir: str
    plan_file: Path
    known_hosts_file: str
    confirm: str = ""
    force_stop: bool = False
    dry_run: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What was decided and done; ``before`` and ``after`` are the texts of the plan file.

    ``done`` lists what was, or in a dry run would be, done as machine, action and reason.
    """

    release: Release
    done: tuple[tuple[str, str, str], ...]
    failures: Mapping[str, RenfortError]
    before: str
    after: str
    reads: int
    writes: int

    @property
    def changed(self) -> bool:
        """Whether anything was, or in a dry run would be, done."""
        return bool(self.done)


class Releaser:
    """One run. ``tell`` receives one line for people at each step, one thread at a time."""

    def __init__(self, client: Client, request: Request, tell: Callable[[str], None]) -> None:
        self._client = client
        self._request = request
        self._known_hosts = KnownHosts(request.known_hosts_file)
        self._remover = Remover(client, request.limits)
        self._tell = tell
        self._lock = threading.Lock()
        self._done: list[tuple[str, str, str]] = []

    def run(self) -> Outcome:
        """Decide, then release what is confirmed, unless this is a dry run.

        The plan's lock is held from the decision to the end, so that nobody plans meanwhile.

        Raises:
            ReleaseError: it is refused or not confirmed; nothing was touched.
            RenfortError: the cluster, the inputs or the plan cannot be read; nothing was touched.
        """
        with contextlib.nullcontext() if self._request.dry_run else plan_lock(self._request.plan_file):
            inputs = load_inputs(self._request.inputs_dir)
            plan = load_plan(self._request.plan_file, missing_ok=True)
            release = decide_release(
                _fleet(read_settled_cluster(self._client), plan, inputs),
                self._request.wanted,
                is_name=lambda name: is_machine_name(name, tenants=[it.name for it in inputs.tenants]),
            )
            failures = self._rehearse(release) if self._request.dry_run else self._carry_out(release)
            after = self._without(plan, release, failures)
            if not self._request.dry_run and after != plan:
                write_plan(self._request.plan_file, after)
        return Outcome(
            release=release,
            done=tuple(sorted(self._done, key=lambda item: _position(release, item[0]))),
            failures=failures,
            before=dump_plan(plan),
            after=dump_plan(after),
            reads=self._client.reads,
            writes=self._client.writes,
        )

    def _rehearse(self, release: Release) -> dict[str, RenfortError]:
        known = self._known_hosts.hosts()
        for target in release.targets:
            if target.guest is not None:
                if target.serves:
                    self._note(target, "stop", "it is to be removed")
                if target.ip in known:
                    self._note(target, "forget", f"the ssh host key of {target.ip}")
                self._note(target, "remove", target.described)
        return {}

    def _carry_out(self, release: Release) -> dict[str, RenfortError]:
        """Stop and remove the guests, some at once; one guest's failure stops none of the others."""
        if release.targets and not release.is_confirmed(self._request.confirm):
            names = ", ".join(target.name for target in release.targets)
            raise ReleaseError(
                f"The removal of {names} is not confirmed; nothing was removed.",
                hint=f"Set renfort_confirm_removal to these names, or to {release.digest}.",
            )
        failures: dict[str, RenfortError] = {}

        def do(numbered: tuple[int, Target]) -> None:
            number, target = numbered
            label = f"[{number}/{len(release.targets)}] {target.name}"
            try:
                self._release(target, label)
            except RenfortError as error:
                self._say(f"{label}: FAILED: {error}")
                with self._lock:
                    failures[target.name] = error

        with ThreadPoolExecutor(self._request.limits.guests) as pool:
            list(pool.map(do, enumerate(release.targets, start=1)))
        return failures

    def _release(self, target: Target, label: str) -> None:
        guest = target.guest
        there = guest is not None and self._remover.check(guest)
        if guest is not None and there:
            if target.serves:
                self._say(f"{label}: shut down")
                self._remover.stop(guest, force=self._request.force_stop)
                self._note(target, "stop", "it is to be removed")
            else:
                self._remover.stop(guest, force=self._request.force_stop)
        # Before the guest is gone: afterwards nothing may tell its address any more.
        if target.ip and self._known_hosts.forget(target.ip):
            self._note(target, "forget", f"the ssh host key of {target.ip}")
        if guest is not None and there:
            self._say(f"{label}: remove guest {guest.vmid} on {guest.node}")
            self._remover.destroy(guest)
            self._note(target, "remove", target.described)

    def _without(self, plan: Plan, release: Release, failures: Collection[str]) -> Plan:
        """Return the plan without what was released; what failed keeps its id and address."""
        gone = {target.name for target in release.targets} - set(failures)
        for target in release.targets:
            if target.name in gone and (target.planned or target.server):
                what = f"id {target.planned.vmid}" if target.planned else "the server"
                self._note(target, "free", f"{what} and {target.ip or 'no address'} in the plan")
        return replace(
            plan,
            machines=tuple(machine for machine in plan.machines if machine.name not in gone),
            servers=tuple(use for use in plan.servers if not gone & {use.name, use.machine}),
        )

    def _note(self, target: Target, action: str, reason: str) -> None:
        with self._lock:
            self._done.append((target.name, action, reason))

    def _say(self, line: str) -> None:
        with self._lock:
            self._tell(line)


def is_machine_name(name: str, *, tenants: Collection[str]) -> bool:
    """Tell whether a text has the form of the names that planning gives: ``eure-web-04``, ``haproxy-01``."""
    found = re.fullmatch(rf"(?:(?P<tenant>.+)-)?(?:{'|'.join(TIERS)})-\d{{2,}}", name)
    prefixes = {"", *(tenant.replace("_", "-") for tenant in tenants)}
    return found is not None and (found["tenant"] or "") in prefixes


def _fleet(view: ClusterView, plan: Plan, inputs: Inputs) -> Fleet:
    return Fleet(
        view=view,
        plan=plan,
        groups=groups_of(size(inputs.tenants, inputs.capacity)),
        carriers={
            it.name: (it.carries.tier, it.carries.tenant) for it in inputs.stock.carriers if it.carries
        },
    )


def _position(release: Release, name: str) -> int:
    return [target.name for target in release.targets].index(name)
